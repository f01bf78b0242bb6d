/* record_readings(): where readings come in. */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "hazard/sensor.h"
#include "util/spi.h"

/* 10,000 readings are a week of one sensor at one a minute. */
#define MAX_READINGS 10000

/* The public map's charts show two days. */
#define MAP_SPAN (INT64CONST(48) * USECS_PER_HOUR)

PG_FUNCTION_INFO_V1(record_readings);

static bool OnMap(const Reading *readings, int count);
static Reading *TakeReadings(FunctionCallInfo fcinfo, int *count);
static Datum *TakeArray(FunctionCallInfo fcinfo, int argument, const char *pointer, int *count);
static void ReturnReadings(ReturnSetInfo *set, const Reading *readings, int count);

/*
 * record_readings takes a batch of one sensor's readings from gate to stage,
 * stores it, and returns a row for each, in order of time.
 */
Datum
record_readings(PG_FUNCTION_ARGS)
{
	text *name;
	int count;
	Reading *readings;
	Sensor sensor;
	Confirmation confirmation;
	int stage;
	bool waited;
	int64 now = PassportNow();

	if (PG_ARGISNULL(0))
		RefuseInput("/sensor", "null", "A sensor is named.");
	name = PG_GETARG_TEXT_PP(0);
	readings = TakeReadings(fcinfo, &count);
	qsort(readings, count, sizeof(Reading), CompareReadings);
	InitMaterializedSRF(fcinfo, 0);

	SPI_connect();
	LoadSensor(name, &sensor);
	stage = sensor.stage.stage;
	waited = AwaitsPerson(&sensor, now);
	LoadStored(name, &sensor, readings, count);
	LoadWitnesses(name, &sensor, readings, count);
	confirmation = JudgeBatch(&sensor, readings, count, now);
	StoreReadings(name, readings, count);
	StoreConfirmation(name, &confirmation, GATE_CONFIRMED);
	StoreSensor(name, &sensor);
	FollowStage(name, &sensor, stage);
	SPI_finish();
	if (OnMap(readings, count))
		Async_Notify("passport_map", "");
	if (AwaitsPerson(&sensor, now) && !waited)
		Async_Notify("passport_alarm", "reading_to_confirm");

	ReturnReadings((ReturnSetInfo *) fcinfo->resultinfo, readings, count);
	return (Datum) 0;
}

/*
 * OnMap tells whether a batch changes a level or a chart of the public map.  What
 * is loaded of years ago does not, and need not wait: transactions that notify
 * commit one after another.
 */
static bool
OnMap(const Reading *readings, int count)
{
	int64 oldest = PassportNow() - MAP_SPAN;

	for (int i = count - 1; i >= 0 && readings[i].at > oldest; i--)
		if (readings[i].verdict == GATE_ACCEPTED && !readings[i].duplicate)
			return true;
	return false;
}

/* TakeReadings pairs the two arrays; PT422 where they are no pairs. */
static Reading *
TakeReadings(FunctionCallInfo fcinfo, int *count)
{
	int values_count;
	Datum *times = TakeArray(fcinfo, 1, "/observed_at", count);
	Datum *values = TakeArray(fcinfo, 2, "/value", &values_count);
	Reading *readings;

	if (*count != values_count)
		RefuseInput("/value", "length", "Times and values are not equally many.");
	readings = palloc0(sizeof(Reading) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		readings[i].at = DatumGetTimestampTz(times[i]);
		readings[i].value = DatumGetFloat8(values[i]);
		readings[i].order = i;
		if (TIMESTAMP_NOT_FINITE(readings[i].at))
			RefuseInput("/observed_at", "infinite", "A time of observation is infinite.");
	}
	return readings;
}

/* TakeArray opens an array argument; PT422 when it is not a plain list without NULLs. */
static Datum *
TakeArray(FunctionCallInfo fcinfo, int argument, const char *pointer, int *count)
{
	ArrayType *array;
	Datum *elements;

	if (PG_ARGISNULL(argument))
		RefuseInput(pointer, "null", "The array is NULL.");
	array = PG_GETARG_ARRAYTYPE_P(argument);
	if (ARR_NDIM(array) > 1)
		RefuseInput(pointer, "dimensions", "The array has more than one dimension.");
	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > MAX_READINGS)
		RefuseInput(pointer, "too_many", "A batch has at most 10,000 readings.");
	if (array_contains_nulls(array))
		RefuseInput(pointer, "null", "An element is NULL.");
	/* timestamptz and double precision have one layout */
	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
	                  &elements, NULL, count);
	return elements;
}

/* ReturnReadings adds a row for each reading to the result. */
static void
ReturnReadings(ReturnSetInfo *set, const Reading *readings, int count)
{
	static const char *const names[] = {"accepted", "held", "rejected"};
	Datum none = PointerGetDatum(ReasonArray(0));
	Datum verdicts[3];
	Datum duplicate = CStringGetTextDatum("duplicate");
	bool nulls[6] = {false};

	for (int i = 0; i < lengthof(verdicts); i++)
		verdicts[i] = CStringGetTextDatum(names[i]);
	for (int i = 0; i < count; i++)
	{
		const Reading *reading = &readings[i];
		Datum row[6] = {TimestampTzGetDatum(reading->at),
		                Float8GetDatum(reading->value),
		                reading->duplicate ? duplicate : verdicts[reading->verdict],
		                reading->reasons == 0 ? none
		                                      : PointerGetDatum(ReasonArray(reading->reasons)),
		                Int32GetDatum(reading->stage),
		                BoolGetDatum(reading->stage_changed)};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(set->setResult, set->setDesc, row, nulls);
	}
}
