/* SQL entry points of the registry's checks of single values. */
#include "postgres.h"

#include "fmgr.h"

#include "passport.h"
#include "registry/individual_number.h"
#include "registry/resident.h"

PG_FUNCTION_INFO_V1(passport_holds_individual_number);

/* RefuseIndividualNumber refuses a text that comes from outside and holds one; NULL holds none. */
void
RefuseIndividualNumber(const char *pointer, const text *value)
{
	if (value != NULL && HoldsIndividualNumber(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)))
		RefuseInput(pointer, "individual_number",
		            "The field holds an individual number, which is never stored.");
}

/* passport_holds_individual_number asks HoldsIndividualNumber about a text. */
Datum
passport_holds_individual_number(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(HoldsIndividualNumber(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}
