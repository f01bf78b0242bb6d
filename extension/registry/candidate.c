/*
 * match_resident: finds the residents who could be a card's holder by their
 * stored keys, and has match.c judge each.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"

#include "passport.h"
#include "registry/match.h"
#include "registry/variant_store.h"
#include "util/spi.h"

PG_FUNCTION_INFO_V1(passport_name_key);
PG_FUNCTION_INFO_V1(passport_address_key);
PG_FUNCTION_INFO_V1(passport_normalized_name);
PG_FUNCTION_INFO_V1(passport_normalized_address);
PG_FUNCTION_INFO_V1(passport_match_resident);

/*
 * Two of birth date, name and address must agree.  A resident has up to three
 * rows in the key table; beyond these limits the list is cut, which
 * CANDIDATES_COMPLETE notices: a cut arm alone holds 22 residents.
 */
static Statement find_candidates_statement = {
    "SELECT r.resident_id, r.name, r.name_kana, r.name_roman, r.alias, r.birth_date, r.sex,"
    "       r.address"
    "  FROM (SELECT resident_id FROM (SELECT resident_id FROM passport.resident_match_key"
    "                                  WHERE birth_date = $1 AND name_key = $2 LIMIT 64) AS a"
    "        UNION"
    "        SELECT resident_id FROM (SELECT resident_id FROM passport.resident_match_key"
    "                                  WHERE birth_date = $1 AND address_key = $3 LIMIT 64) AS b"
    "        UNION"
    "        SELECT resident_id FROM (SELECT resident_id FROM passport.resident_match_key"
    "                                  WHERE name_key = $2 AND address_key = $3 LIMIT 64) AS c"
    "       ) AS k"
    "  JOIN passport.resident AS r ON r.resident_id = k.resident_id"
    " WHERE r.status = 'resident'",
    3,
    {DATEOID, INT8OID, INT8OID},
    PLAN_BY_INDEX,
    .stable = true};
#define CANDIDATES_COMPLETE 22

/*
 * Kana on the card found a resident by the address: their namesakes elsewhere
 * were not asked for, because the card does not know the name's characters.
 */
static Statement find_namesake_statement = {
    "SELECT FROM passport.resident_match_key"
    " WHERE birth_date = $1 AND name_key = $2 AND resident_id <> $3 LIMIT 1",
    3,
    {DATEOID, INT8OID, INT8OID},
    PLAN_BY_INDEX,
    .stable = true};

typedef struct Candidate
{
	int64 resident_id;
	uint64 name_key; /* of the registered name */
	MatchVerdict verdict;
} Candidate;

static MatchCard card_argument(FunctionCallInfo fcinfo);
static MatchText text_argument(FunctionCallInfo fcinfo, int number);
static MatchText text_column(HeapTuple tuple, TupleDesc desc, int column);
static MatchRecord read_record(HeapTuple tuple, TupleDesc desc);
static uint64 registered_name_key(const MatchRecord *record);
static MatchSex read_sex(MatchText sex);
static uint64 find_candidates(const MatchSubject *subject);
static bool has_namesake(const Candidate *candidate, int32 birth_date);
static int compare_candidates(const void *a, const void *b);
static Jsonb *explanation(const MatchVerdict *verdict, uint64 others);
static void append_field(StringInfo json, const char *name, const FieldMatch *field);

/* passport_name_key returns the lookup key of a name, NULL if it has none. */
Datum
passport_name_key(PG_FUNCTION_ARGS)
{
	MatchText name = text_argument(fcinfo, 0);
	FoldedText folded;

	FollowVariants();
	NormalizeName(name.text, name.length, NULL, 0, &folded);
	if (!folded.usable)
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) NameKey(&folded));
}

/* passport_address_key returns the lookup key of an address, NULL if it has none. */
Datum
passport_address_key(PG_FUNCTION_ARGS)
{
	MatchText text = text_argument(fcinfo, 0);
	NormalAddress address;

	FollowVariants();
	NormalizeAddress(text.text, text.length, &address);
	if (!address.usable)
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) AddressKey(&address));
}

/* passport_normalized_name returns what a name is compared as. */
Datum
passport_normalized_name(PG_FUNCTION_ARGS)
{
	MatchText name = text_argument(fcinfo, 0);
	FoldedText folded;
	char buffer[FOLD_MAX * 4];

	FollowVariants();
	NormalizeName(name.text, name.length, NULL, 0, &folded);
	if (!folded.usable)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(
	    buffer, (int) WriteCharacters(folded.character, folded.length, buffer)));
}

/* passport_normalized_address returns an address's place, lot and building, parted by "|". */
Datum
passport_normalized_address(PG_FUNCTION_ARGS)
{
	MatchText text = text_argument(fcinfo, 0);
	NormalAddress address;
	const CharacterRow *rows[] = {&address.place, &address.lot, &address.building};
	char buffer[FOLD_MAX * 4];
	StringInfoData result;

	FollowVariants();
	NormalizeAddress(text.text, text.length, &address);
	if (!address.usable)
		PG_RETURN_NULL();
	initStringInfo(&result);
	for (int i = 0; i < 3; i++)
	{
		if (i > 0)
			appendStringInfoChar(&result, '|');
		appendBinaryStringInfo(&result, buffer,
		                       (int) WriteCharacters(rows[i]->character, rows[i]->length, buffer));
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result.data, result.len));
}

/* passport_match_resident returns the residents who could be a card's holder, the best first. */
Datum
passport_match_resident(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MatchCard card;
	MatchSubject *subject;
	Candidate *candidates;
	MatchVerdict *verdicts;
	uint64 count, others = 0;

	InitMaterializedSRF(fcinfo, 0);
	FollowVariants();
	card = card_argument(fcinfo);
	subject = palloc(sizeof(MatchSubject));
	PrepareMatch(&card, subject);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	count = find_candidates(subject);
	candidates = palloc(sizeof(Candidate) * (count + 1));
	verdicts = palloc(sizeof(MatchVerdict) * (count + 1));
	for (uint64 i = 0; i < count; i++)
	{
		HeapTuple tuple = SPI_tuptable->vals[i];
		TupleDesc desc = SPI_tuptable->tupdesc;
		MatchRecord record = read_record(tuple, desc);
		bool isnull;

		CHECK_FOR_INTERRUPTS();
		candidates[i].resident_id = DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
		MatchResident(subject, &record, &verdicts[i]);
		candidates[i].name_key = registered_name_key(&record);
	}
	DecideMatches(verdicts, count, count < CANDIDATES_COMPLETE);
	for (uint64 i = 0; i < count; i++)
	{
		candidates[i].verdict = verdicts[i];
		if (verdicts[i].certain && verdicts[i].name.rules & RULE_READING &&
		    has_namesake(&candidates[i], card.birth_date))
			candidates[i].verdict.certain = false;
	}
	if (count > 0)
		others = count - 1;
	qsort(candidates, count, sizeof(Candidate), compare_candidates);
	for (uint64 i = 0; i < count; i++)
	{
		Datum values[3];
		bool nulls[3] = {false};

		values[0] = Int64GetDatum(candidates[i].resident_id);
		values[1] = Float4GetDatum(candidates[i].verdict.score);
		values[2] = JsonbPGetDatum(explanation(&candidates[i].verdict, others));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	SPI_finish();
	return (Datum) 0;
}

/* find_candidates looks the keys up and leaves the rows in SPI_tuptable. */
static uint64
find_candidates(const MatchSubject *subject)
{
	Datum values[3];
	char nulls[4] = "   ";

	values[0] = DateADTGetDatum(subject->card->birth_date);
	values[1] = Int64GetDatum((int64) NameKey(&subject->name));
	values[2] = Int64GetDatum((int64) AddressKey(&subject->address));
	nulls[0] = subject->card->birth_date_known ? ' ' : 'n';
	nulls[1] = subject->name.usable ? ' ' : 'n';
	nulls[2] = subject->address.usable ? ' ' : 'n';
	return RunStatement(&find_candidates_statement, values, nulls);
}

static bool
has_namesake(const Candidate *candidate, int32 birth_date)
{
	Datum values[3];

	values[0] = DateADTGetDatum(birth_date);
	values[1] = Int64GetDatum((int64) candidate->name_key);
	values[2] = Int64GetDatum(candidate->resident_id);
	return RunStatement(&find_namesake_statement, values, NULL) > 0;
}

static uint64
registered_name_key(const MatchRecord *record)
{
	FoldedText name;

	NormalizeName(record->name.text, record->name.length, NULL, 0, &name);
	return NameKey(&name);
}

/* card_argument reads the arguments (name, address, birth date, sex, substitute map). */
static MatchCard
card_argument(FunctionCallInfo fcinfo)
{
	MatchCard card = {0};

	card.name = text_argument(fcinfo, 0);
	card.address = text_argument(fcinfo, 1);
	card.birth_date_known = !PG_ARGISNULL(2) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2));
	if (card.birth_date_known)
		card.birth_date = PG_GETARG_DATEADT(2);
	card.sex = read_sex(text_argument(fcinfo, 3));
	card.name_substitution = text_argument(fcinfo, 4);
	/* the code's first two digits are the prefecture's (JIS X 0401) */
	card.own_prefecture =
	    (passport_municipality_code[0] - '0') * 10 + (passport_municipality_code[1] - '0');
	return card;
}

static MatchText
text_argument(FunctionCallInfo fcinfo, int number)
{
	MatchText result = {NULL, 0};

	if (!PG_ARGISNULL(number))
	{
		text *value = PG_GETARG_TEXT_PP(number);

		result.text = VARDATA_ANY(value);
		result.length = VARSIZE_ANY_EXHDR(value);
	}
	return result;
}

static MatchText
text_column(HeapTuple tuple, TupleDesc desc, int column)
{
	MatchText result = {NULL, 0};
	bool isnull;
	Datum value = SPI_getbinval(tuple, desc, column, &isnull);

	if (!isnull)
	{
		text *string = DatumGetTextPP(value);

		result.text = VARDATA_ANY(string);
		result.length = VARSIZE_ANY_EXHDR(string);
	}
	return result;
}

static MatchRecord
read_record(HeapTuple tuple, TupleDesc desc)
{
	MatchRecord record = {0};
	bool isnull;
	Datum birth_date = SPI_getbinval(tuple, desc, 6, &isnull);

	record.name = text_column(tuple, desc, 2);
	record.name_kana = text_column(tuple, desc, 3);
	record.name_roman = text_column(tuple, desc, 4);
	record.alias = text_column(tuple, desc, 5);
	record.birth_date_known = !isnull;
	if (!isnull)
		record.birth_date = DatumGetDateADT(birth_date);
	record.sex = read_sex(text_column(tuple, desc, 7));
	record.address = text_column(tuple, desc, 8);
	return record;
}

static MatchSex
read_sex(MatchText sex)
{
	static const char *const names[] = {"unknown", "male", "female", "other"};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (sex.text != NULL && sex.length == strlen(names[i]) &&
		    memcmp(sex.text, names[i], sex.length) == 0)
			return (MatchSex) i;
	return SEX_UNKNOWN;
}

/* compare_candidates puts the best first, and keeps the order of equals stable by number. */
static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *left = a;
	const Candidate *right = b;

	if (left->verdict.score != right->verdict.score)
		return left->verdict.score > right->verdict.score ? -1 : 1;
	return left->resident_id < right->resident_id ? -1 : left->resident_id > right->resident_id;
}

static Jsonb *
explanation(const MatchVerdict *verdict, uint64 others)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_field(&json, "name", &verdict->name);
	append_field(&json, "birth_date", &verdict->birth_date);
	append_field(&json, "sex", &verdict->sex);
	append_field(&json, "address", &verdict->address);
	appendStringInfo(&json, "\"others\": " UINT64_FORMAT ", \"certain\": %s}", others,
	                 verdict->certain ? "true" : "false");
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/* append_field writes one field; the reasons are our own words, which need no escape. */
static void
append_field(StringInfo json, const char *name, const FieldMatch *field)
{
	char reason[MATCH_REASON_MAX];

	DescribeField(field, reason);
	appendStringInfo(json, "\"%s\": \"%s\", ", name, reason);
}
