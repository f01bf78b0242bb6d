/*
 * The normal forms by which an address finds its parcel: the names of 大字 and
 * 小字, and the lot.  They are stored with the parcels, so that they are made
 * by the shipped forms of characters alone.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "registry/normalize.h"
#include "registry/variant.h"

PG_FUNCTION_INFO_V1(passport_place_form);
PG_FUNCTION_INFO_V1(passport_lot_form);
PG_FUNCTION_INFO_V1(passport_address_place);
PG_FUNCTION_INFO_V1(passport_address_lot);

static text *row_text(const CharacterRow *row);
static bool normalize_argument(FunctionCallInfo fcinfo, NormalAddress *address);
static bool runs_on(const NormalAddress *address);

/* passport_place_form returns what the name of a 大字 or 小字 is compared as. */
Datum
passport_place_form(PG_FUNCTION_ARGS)
{
	text *name = PG_GETARG_TEXT_PP(0);
	CharacterRow form;

	bool good;

	HideVariants(true);
	good = NormalizePlaceName(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &form);
	HideVariants(false);
	if (!good)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(row_text(&form));
}

/* passport_lot_form returns what a lot is compared as. */
Datum
passport_lot_form(PG_FUNCTION_ARGS)
{
	text *lot = PG_GETARG_TEXT_PP(0);
	CharacterRow form;

	bool good;

	HideVariants(true);
	good = NormalizeLot(VARDATA_ANY(lot), VARSIZE_ANY_EXHDR(lot), &form);
	HideVariants(false);
	if (!good)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(row_text(&form));
}

/* passport_address_place returns an address's place, from the municipality's name on. */
Datum
passport_address_place(PG_FUNCTION_ARGS)
{
	NormalAddress address;

	if (!normalize_argument(fcinfo, &address))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(row_text(&address.place));
}

/* passport_address_lot returns an address's lot. */
Datum
passport_address_lot(PG_FUNCTION_ARGS)
{
	NormalAddress address;

	if (!normalize_argument(fcinfo, &address) || address.lot.length == 0 || runs_on(&address))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(row_text(&address.lot));
}

/*
 * runs_on tells a lot that goes on into other words and so may be cut wrongly
 * (平沢三ノ沢12 has no lot 3): it counts for none, for a wrong parcel is worse
 * than the 大字.
 */
static bool
runs_on(const NormalAddress *address)
{
	uint32_t next = address->building.length > 0 ? address->building.character[0] : 0;

	return (next != 0 && !address->building_apart) || next == U'ノ' || next == U'の' ||
	       next == U'之' || next == '-';
}

static bool
normalize_argument(FunctionCallInfo fcinfo, NormalAddress *address)
{
	text *given = PG_GETARG_TEXT_PP(0);

	HideVariants(true);
	NormalizeAddress(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), address);
	HideVariants(false);
	return address->usable;
}

static text *
row_text(const CharacterRow *row)
{
	char buffer[FOLD_MAX * 4];

	return cstring_to_text_with_len(buffer,
	                                (int) WriteCharacters(row->character, row->length, buffer));
}
