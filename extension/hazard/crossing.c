/* forecast_crossing(): the forecast of forecast.c for SQL. */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "hazard/forecast.h"

PG_FUNCTION_INFO_V1(forecast_crossing);

static ForecastReading *TakeSeries(ArrayType *times, ArrayType *values, int *count);

/* forecast_crossing returns rate, expected, earliest and latest time, or NULLs. */
Datum
forecast_crossing(PG_FUNCTION_ARGS)
{
	int count;
	ForecastReading *readings =
	    TakeSeries(PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_ARRAYTYPE_P(1), &count);
	Forecast forecast = ForecastCrossing(readings, count, PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(2));
	Datum row[4] = {Float8GetDatum(forecast.rate), TimestampTzGetDatum(forecast.expected),
	                TimestampTzGetDatum(forecast.earliest), TimestampTzGetDatum(forecast.latest)};
	bool nulls[4];
	TupleDesc columns;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "forecast_crossing returns a row");
	memset(nulls, !forecast.known, sizeof(nulls));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), row, nulls)));
}

/* TakeSeries pairs times and values; PT422 where they are no series. */
static ForecastReading *
TakeSeries(ArrayType *times, ArrayType *values, int *count)
{
	Datum *at, *value;
	int values_count;
	ForecastReading *readings;

	if (array_contains_nulls(times) || array_contains_nulls(values))
		RefuseInput("/value", "null", "An element is NULL.");
	deconstruct_array(times, TIMESTAMPTZOID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &at,
	                  NULL, count);
	deconstruct_array(values, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &value,
	                  NULL, &values_count);
	if (*count != values_count)
		RefuseInput("/value", "length", "Times and values are not equally many.");
	readings = palloc(sizeof(ForecastReading) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		readings[i] = (ForecastReading){DatumGetTimestampTz(at[i]), DatumGetFloat8(value[i])};
		if (TIMESTAMP_NOT_FINITE(readings[i].at) || (i > 0 && readings[i].at <= readings[i - 1].at))
			RefuseInput("/observed_at", "order", "Times are finite and ascend.");
	}
	/* and their differences fit a number */
	if (*count > 0 && readings[*count - 1].at / 2 - readings[0].at / 2 > USECS_PER_DAY * 366 / 2)
		RefuseInput("/observed_at", "span", "A series is a year long at most.");
	return readings;
}
