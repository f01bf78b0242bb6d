/*
 * SQL entry points of the renewal rules: what a card's dates are, and which
 * reminders they call for.  Both only take values and return values.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "passport.h"
#include "renewal/ladder.h"
#include "renewal/validity.h"

PG_FUNCTION_INFO_V1(passport_card_validity);
PG_FUNCTION_INFO_V1(passport_ladder);

static CivilDay civil_argument(FunctionCallInfo fcinfo, int n, const char *pointer);
static Datum last_day(CivilDay day, bool *isnull);
static int read_steps(FunctionCallInfo fcinfo, int n, LadderStep *steps);
static Datum *array_of(FunctionCallInfo fcinfo, int n, Oid type, int16 length, char align,
                       int *count);

/* passport_card_validity computes a card's dates by the numbers of its rule. */
Datum
passport_card_validity(PG_FUNCTION_ARGS)
{
	CivilDay birth = civil_argument(fcinfo, 0, "/birth_date");
	CivilDay applied_on = civil_argument(fcinfo, 1, "/applied_on");
	CivilDay issued_on = civil_argument(fcinfo, 2, "/issued_on");
	CivilDay stay_until = civil_argument(fcinfo, 3, "/stay_until");
	CardRule rule = {PG_GETARG_INT32(4), PG_GETARG_INT32(5), PG_GETARG_INT32(6), PG_GETARG_INT32(7),
	                 PG_GETARG_INT32(8)};
	CardDates dates;
	TupleDesc desc;
	Datum values[3];
	bool nulls[3];

	if (birth == CIVIL_NONE || applied_on == CIVIL_NONE || issued_on == CIVIL_NONE)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	dates = CardValidity(&rule, birth, applied_on, issued_on, stay_until);
	values[0] = last_day(dates.card, &nulls[0]);
	values[1] = last_day(dates.authentication, &nulls[1]);
	values[2] = last_day(dates.signature, &nulls[2]);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* passport_ladder lists the reminders of a card's dates from a day on. */
Datum
passport_ladder(PG_FUNCTION_ARGS)
{
	static const char *const words[RENEWAL_DATES] = {"stay", "card", "authentication", "signature"};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	RenewalDates dates = {{civil_argument(fcinfo, 3, "/stay_until"),
	                       civil_argument(fcinfo, 0, "/expires_on"),
	                       civil_argument(fcinfo, 1, "/authentication_until"),
	                       civil_argument(fcinfo, 2, "/signature_until")}};
	CivilDay from = civil_argument(fcinfo, 7, "/from_date");
	LadderStep steps[LADDER_STEPS];
	LadderItem items[LADDER_ITEMS];
	int count = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (from != CIVIL_NONE)
		count = PlanLadder(&dates, steps, read_steps(fcinfo, 4, steps), from, items);
	for (int i = 0; i < count; i++)
	{
		Datum values[5] = {
		    DateADTGetDatum(items[i].due_on),
		    CStringGetTextDatum(words[items[i].what]),
		    DateADTGetDatum(items[i].expires_on),
		    Int32GetDatum(items[i].step + 1),
		    CStringGetTextDatum(RenewalReason(&dates, items[i].what)),
		};
		bool nulls[5] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* civil_argument takes a date; NULL and infinity are no day. */
static CivilDay
civil_argument(FunctionCallInfo fcinfo, int n, const char *pointer)
{
	DateADT date;

	if (PG_ARGISNULL(n))
		return CIVIL_NONE;
	date = PG_GETARG_DATEADT(n);
	if (DATE_IS_NOEND(date))
		return CIVIL_NONE;
	if (!CivilDayIsReal(date))
		RefuseInput(pointer, "date", "A date lies in the years 1 to 9999.");
	return date;
}

static Datum
last_day(CivilDay day, bool *isnull)
{
	*isnull = day == CIVIL_NONE;
	return DateADTGetDatum(day);
}

/* read_steps takes three arrays of one length: months, days, and what opens the window. */
static int
read_steps(FunctionCallInfo fcinfo, int n, LadderStep *steps)
{
	int count, others[2];
	Datum *months = array_of(fcinfo, n, INT4OID, sizeof(int32), TYPALIGN_INT, &count);
	Datum *days = array_of(fcinfo, n + 1, INT4OID, sizeof(int32), TYPALIGN_INT, &others[0]);
	Datum *opens = array_of(fcinfo, n + 2, BOOLOID, sizeof(bool), TYPALIGN_CHAR, &others[1]);

	if (count != others[0] || count != others[1])
		RefuseInput("/days_before", "lengths_differ", "A step has months, days, and a flag.");
	for (int i = 0; i < count; i++)
	{
		steps[i] =
		    (LadderStep){DatumGetInt32(months[i]), DatumGetInt32(days[i]), DatumGetBool(opens[i])};
		if (steps[i].months < 0 || steps[i].months > 1200 || steps[i].days < 0 ||
		    steps[i].days > 36500)
			RefuseInput("/days_before", "out_of_range", "A step lies within a hundred years.");
	}
	return count;
}

static Datum *
array_of(FunctionCallInfo fcinfo, int n, Oid type, int16 length, char align, int *count)
{
	ArrayType *array;
	Datum *elements;

	*count = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(n);
	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > LADDER_STEPS ||
	    array_contains_nulls(array))
		RefuseInput("/months_before", "steps", "A ladder has 32 steps at most, none of them NULL.");
	deconstruct_array(array, type, length, true, align, &elements, NULL, count);
	return elements;
}
