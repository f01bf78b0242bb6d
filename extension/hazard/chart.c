/*
 * chart_points(): a line of a chart as JSON.  By jsonb_agg() and numerics the
 * forty thousand points of a map of 200 gauges took longer than to read them.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "passport.h"

#define POINT_DECIMALS 3
#define POINT_SCALE 1000
#define POINT_LARGEST 1e12 /* what fits into an int64 with its decimals, by far */

PG_FUNCTION_INFO_V1(passport_chart_points);

static void push_number(JsonbParseState **state, Numeric number);
static Numeric rounded(float8 value);
static Numeric seconds(TimestampTz at);

Datum
passport_chart_points(PG_FUNCTION_ARGS)
{
	Datum *times, *values;
	int count, value_count;
	JsonbParseState *state = NULL;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TIMESTAMPTZOID, sizeof(TimestampTz),
	                  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &times, NULL, &count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
	                  TYPALIGN_DOUBLE, &values, NULL, &value_count);
	if (count != value_count)
		RefuseInput("/value", "lengths", "There are as many values as times.");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
	{
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		push_number(&state, seconds(DatumGetTimestampTz(times[i])));
		push_number(&state, rounded(DatumGetFloat8(values[i])));
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}

static void
push_number(JsonbParseState **state, Numeric number)
{
	JsonbValue value = {.type = jbvNumeric, .val.numeric = number};

	pushJsonbValue(state, WJB_ELEM, &value);
}

/* rounded returns a value with the decimals that are shown. */
static Numeric
rounded(float8 value)
{
	if (fabs(value) > POINT_LARGEST)
		return DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(value)));
	return int64_div_fast_to_numeric(llround(value * POINT_SCALE), POINT_DECIMALS);
}

/* seconds returns the nearest second since 1970. */
static Numeric
seconds(TimestampTz at)
{
	const int64 since_1970 = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;

	return int64_to_numeric((at + since_1970 + USECS_PER_SEC / 2) / USECS_PER_SEC);
}
