/*
 * The statements by which a batch of readings reads and writes its sensor.
 * Each is static, prepared once per backend, and takes the whole batch.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "hazard/sensor.h"

/* Calls for one sensor go one after the other: each begins with its row's lock. */
static const char *const lock_sensor =
    "SELECT FROM passport.sensor_state WHERE sensor = $1 FOR UPDATE";

/* A sensor that was not made by define_sensor() gets its state here. */
static const char *const make_state =
    "INSERT INTO passport.sensor_state (sensor) "
    "SELECT sensor FROM passport.sensor WHERE sensor = $1 ON CONFLICT DO NOTHING";

/* One row per stage, or one row without a stage; enum SensorColumn numbers it. */
static const char *const load_sensor =
    "SELECT s.state, s.range_low, s.range_high, s.max_rise, s.max_fall, s.noise, s.dropout_value, "
    "(extract(epoch FROM s.stale_after) * 1000000)::bigint, "
    "(extract(epoch FROM s.future_tolerance) * 1000000)::bigint, "
    "(extract(epoch FROM s.memory) * 1000000)::bigint, "
    "st.stage, st.since, st.observed_at, st.value, st.held_at, st.held_value, "
    "st.below_since, st.below_high, st.seen_at, st.latest_at, "
    "t.stage, t.up, t.down, (extract(epoch FROM t.hold) * 1000000)::bigint "
    "FROM passport.sensor AS s JOIN passport.sensor_state AS st ON st.sensor = s.sensor "
    "LEFT JOIN passport.sensor_threshold AS t ON t.sensor = s.sensor "
    "WHERE s.sensor = $1 ORDER BY t.stage";

enum SensorColumn
{
	COLUMN_STATE = 1,
	COLUMN_RANGE_LOW,
	COLUMN_RANGE_HIGH,
	COLUMN_MAX_RISE,
	COLUMN_MAX_FALL,
	COLUMN_NOISE,
	COLUMN_DROPOUT,
	COLUMN_STALE_AFTER,
	COLUMN_FUTURE_TOLERANCE,
	COLUMN_MEMORY,
	COLUMN_STAGE,
	COLUMN_SINCE,
	COLUMN_OBSERVED_AT,
	COLUMN_VALUE,
	COLUMN_HELD_AT,
	COLUMN_HELD_VALUE,
	COLUMN_BELOW_SINCE,
	COLUMN_BELOW_HIGH,
	COLUMN_SEEN_AT,
	COLUMN_LATEST_AT,
	COLUMN_THRESHOLD_STAGE,
	COLUMN_THRESHOLD_UP,
	COLUMN_THRESHOLD_DOWN,
	COLUMN_THRESHOLD_HOLD
};

static const char *const store_sensor =
    "UPDATE passport.sensor_state SET stage = $2, since = $3, observed_at = $4, value = $5, "
    "held_at = $6, held_value = $7, below_since = $8, below_high = $9, seen_at = $10, "
    "latest_at = $11 WHERE sensor = $1";

/*
 * What is stored of the times of a batch, and the accepted reading before
 * each.  A day back is enough: an hour explains all movement (gate.c).
 */
static const char *const load_stored =
    "SELECT r.value, p.observed_at, p.value "
    "FROM unnest($2::timestamptz[]) WITH ORDINALITY AS u(at, i) "
    "LEFT JOIN passport.reading AS r ON r.sensor = $1 AND r.observed_at = u.at "
    "LEFT JOIN LATERAL (SELECT b.observed_at, b.value FROM passport.reading AS b "
    "WHERE b.sensor = $1 AND b.observed_at < u.at AND b.observed_at >= u.at - interval '1 day' "
    "AND b.verdict = 'accepted' ORDER BY b.observed_at DESC LIMIT 1) AS p ON true "
    "ORDER BY u.i";

static const char *const store_readings =
    "INSERT INTO passport.reading "
    "(sensor, observed_at, value, verdict, reasons, stage, recorded_at) "
    "SELECT $1, u.at, u.value, u.verdict, u.reasons::text[], u.stage, $7 "
    "FROM unnest($2::timestamptz[], $3::float8[], $4::text[], $5::text[], $6::int[]) "
    "AS u(at, value, verdict, reasons, stage)";

static const char *const store_confirmation =
    "UPDATE passport.reading SET verdict = 'accepted', stage = $3, "
    "reasons = reasons || 'confirmed_by_second'::text WHERE sensor = $1 AND observed_at = $2";

static const char *const verdict_names[] = {"accepted", "held", "rejected"};

static void Run(SPIPlanPtr *plan, const char *sql, int count, const Oid *types, Datum *values,
                const char *nulls);
static bool LockSensor(text *name);
static double GetDouble(int row, int column, double absent);
static int64 GetInt64(int row, int column, int64 absent);
static bool IsThere(int row, int column);
static GateReading GetReading(int row, int at_column, int value_column);
static void ReadLimits(GateLimits *limits);
static Datum ReasonText(unsigned reasons);
static Datum MakeArray(Datum *values, int count, Oid type);

/* Run executes a statement, preparing it when this backend first needs it. */
static void
Run(SPIPlanPtr *plan, const char *sql, int count, const Oid *types, Datum *values,
    const char *nulls)
{
	if (*plan == NULL)
	{
		SPIPlanPtr fresh = SPI_prepare(sql, count, (Oid *) types);

		if (fresh == NULL || SPI_keepplan(fresh) != 0)
			elog(ERROR, "cannot prepare a statement of readings: %s",
			     SPI_result_code_string(SPI_result));
		*plan = fresh;
	}
	if (SPI_execute_plan(*plan, values, nulls, false, 0) < 0)
		elog(ERROR, "cannot execute a statement of readings: %s",
		     SPI_result_code_string(SPI_result));
}

static bool
LockSensor(text *name)
{
	static SPIPlanPtr lock_plan = NULL;
	static const Oid types[] = {TEXTOID};
	Datum values[] = {PointerGetDatum(name)};

	Run(&lock_plan, lock_sensor, 1, types, values, NULL);
	return SPI_processed > 0;
}

/* LoadSensor locks a sensor's state until the transaction ends, and reads it; PT404. */
void
LoadSensor(text *name, Sensor *sensor)
{
	static SPIPlanPtr make_plan = NULL;
	static SPIPlanPtr load_plan = NULL;
	static const Oid types[] = {TEXTOID};
	Datum values[] = {PointerGetDatum(name)};

	if (!LockSensor(name))
	{
		Run(&make_plan, make_state, 1, types, values, NULL);
		if (!LockSensor(name))
			ereport(ERROR, (errcode(ERRCODE_PT_UNKNOWN), errmsg("unknown sensor")));
	}
	Run(&load_plan, load_sensor, 1, types, values, NULL);

	memset(sensor, 0, sizeof(*sensor));
	ReadLimits(&sensor->limits);
	sensor->history.last = GetReading(0, COLUMN_OBSERVED_AT, COLUMN_VALUE);
	sensor->history.held = GetReading(0, COLUMN_HELD_AT, COLUMN_HELD_VALUE);
	sensor->stage = (StageState){.stage = (int) GetInt64(0, COLUMN_STAGE, 0),
	                             .since = GetInt64(0, COLUMN_SINCE, 0),
	                             .below = IsThere(0, COLUMN_BELOW_SINCE),
	                             .below_since = GetInt64(0, COLUMN_BELOW_SINCE, 0),
	                             .below_high = GetDouble(0, COLUMN_BELOW_HIGH, 0),
	                             .seen = IsThere(0, COLUMN_SEEN_AT),
	                             .seen_at = GetInt64(0, COLUMN_SEEN_AT, 0)};
	sensor->has_latest = IsThere(0, COLUMN_LATEST_AT);
	sensor->latest = GetInt64(0, COLUMN_LATEST_AT, 0);
	for (int row = 0; row < SPI_processed && row < MAX_STAGES; row++)
		if (IsThere(row, COLUMN_THRESHOLD_STAGE))
			sensor->thresholds[sensor->threshold_count++] =
			    (StageThreshold){(int) GetInt64(row, COLUMN_THRESHOLD_STAGE, 0),
			                     GetDouble(row, COLUMN_THRESHOLD_UP, 0),
			                     GetDouble(row, COLUMN_THRESHOLD_DOWN, 0),
			                     GetInt64(row, COLUMN_THRESHOLD_HOLD, 0)};
	sensor->limits.alarm = sensor->threshold_count > 0 ? sensor->thresholds[0].up : INFINITY;
}

static void
ReadLimits(GateLimits *limits)
{
	char *state = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, COLUMN_STATE);

	/* a state that this library does not know is not in service */
	if (strcmp(state, "in_service") == 0)
		limits->service = GATE_IN_SERVICE;
	else
		limits->service = strcmp(state, "retired") == 0 ? GATE_RETIRED : GATE_MAINTENANCE;
	limits->low = GetDouble(0, COLUMN_RANGE_LOW, -INFINITY);
	limits->high = GetDouble(0, COLUMN_RANGE_HIGH, INFINITY);
	limits->max_rise = GetDouble(0, COLUMN_MAX_RISE, INFINITY);
	limits->max_fall = GetDouble(0, COLUMN_MAX_FALL, INFINITY);
	limits->noise = GetDouble(0, COLUMN_NOISE, 0);
	limits->dropout = GetDouble(0, COLUMN_DROPOUT, NAN);
	limits->stale_after = GetInt64(0, COLUMN_STALE_AFTER, 0);
	limits->future_tolerance = GetInt64(0, COLUMN_FUTURE_TOLERANCE, 0);
	limits->memory = GetInt64(0, COLUMN_MEMORY, 0);
}

/* StoreSensor writes what a batch made of its sensor. */
void
StoreSensor(text *name, const Sensor *sensor)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID,   INT4OID,        TIMESTAMPTZOID, TIMESTAMPTZOID,
	                            FLOAT8OID, TIMESTAMPTZOID, FLOAT8OID,      TIMESTAMPTZOID,
	                            FLOAT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	const GateReading *last = &sensor->history.last;
	const GateReading *held = &sensor->history.held;
	const StageState *stage = &sensor->stage;
	Datum values[] = {PointerGetDatum(name),
	                  Int32GetDatum(stage->stage),
	                  TimestampTzGetDatum(stage->since),
	                  TimestampTzGetDatum(last->at),
	                  Float8GetDatum(last->value),
	                  TimestampTzGetDatum(held->at),
	                  Float8GetDatum(held->value),
	                  TimestampTzGetDatum(stage->below_since),
	                  Float8GetDatum(stage->below_high),
	                  TimestampTzGetDatum(stage->seen_at),
	                  TimestampTzGetDatum(sensor->latest)};
	char nulls[] = "           ";

	if (stage->since == 0)
		nulls[2] = 'n';
	if (!last->known)
		nulls[3] = nulls[4] = 'n';
	if (!held->known)
		nulls[5] = nulls[6] = 'n';
	if (!stage->below)
		nulls[7] = nulls[8] = 'n';
	if (!stage->seen)
		nulls[9] = 'n';
	if (!sensor->has_latest)
		nulls[10] = 'n';
	Run(&plan, store_sensor, lengthof(types), types, values, nulls);
}

/*
 * LoadStored fills in what is stored already of the readings' times.  Most
 * batches are newer than all that is stored, and ask nothing.
 */
void
LoadStored(text *name, const Sensor *sensor, Reading *readings, int count)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TIMESTAMPTZARRAYOID};
	Datum *times = palloc(sizeof(Datum) * count);
	Datum values[2];
	int old = 0;

	while (old < count && sensor->has_latest && readings[old].at <= sensor->latest)
	{
		times[old] = TimestampTzGetDatum(readings[old].at);
		old++;
	}
	if (old == 0)
		return;
	values[0] = PointerGetDatum(name);
	values[1] = MakeArray(times, old, TIMESTAMPTZOID);
	Run(&plan, load_stored, 2, types, values, NULL);
	for (int row = 0; row < old; row++)
	{
		readings[row].stored = IsThere(row, 1);
		readings[row].stored_value = GetDouble(row, 1, 0);
		readings[row].before = GetReading(row, 2, 3);
	}
}

/* StoreReadings inserts the readings that are to be kept. */
void
StoreReadings(text *name, const Reading *readings, int count)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID,      TIMESTAMPTZARRAYOID, FLOAT8ARRAYOID, TEXTARRAYOID,
	                            TEXTARRAYOID, INT4ARRAYOID,        TIMESTAMPTZOID};
	Datum *columns[5];
	Datum verdicts[lengthof(verdict_names)];
	Datum none = CStringGetTextDatum("{}");
	Datum values[lengthof(types)];
	int kept = 0;

	for (int i = 0; i < lengthof(columns); i++)
		columns[i] = palloc(sizeof(Datum) * count);
	for (int i = 0; i < lengthof(verdicts); i++)
		verdicts[i] = CStringGetTextDatum(verdict_names[i]);
	for (int i = 0; i < count; i++)
	{
		const Reading *reading = &readings[i];

		if (!reading->keep)
			continue;
		columns[0][kept] = TimestampTzGetDatum(reading->at);
		columns[1][kept] = Float8GetDatum(reading->value);
		columns[2][kept] = verdicts[reading->verdict];
		columns[3][kept] = reading->reasons == 0 ? none : ReasonText(reading->reasons);
		columns[4][kept++] = Int32GetDatum(reading->stage);
	}
	if (kept == 0)
		return;
	values[0] = PointerGetDatum(name);
	for (int i = 0; i < lengthof(columns); i++)
		values[i + 1] = MakeArray(columns[i], kept, get_element_type(types[i + 1]));
	values[6] = TimestampTzGetDatum(PassportNow());
	Run(&plan, store_readings, lengthof(types), types, values, NULL);
}

/* StoreConfirmation accepts the candidate of an earlier batch. */
void
StoreConfirmation(text *name, const Confirmation *confirmation)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TIMESTAMPTZOID, INT4OID};
	Datum values[] = {PointerGetDatum(name), TimestampTzGetDatum(confirmation->at),
	                  Int32GetDatum(confirmation->stage)};

	if (confirmation->known)
		Run(&plan, store_confirmation, lengthof(types), types, values, NULL);
}

/* ReasonArray names the reasons as text[]. */
ArrayType *
ReasonArray(unsigned reasons)
{
	Datum names[GATE_REASONS];
	int count = 0;

	for (int bit = 0; bit < GATE_REASONS; bit++)
		if (reasons & 1u << bit)
			names[count++] = CStringGetTextDatum(GateReasonName(bit));
	return DatumGetArrayTypeP(MakeArray(names, count, TEXTOID));
}

/* ReasonText names the reasons as the text of a text[]: unnest() would flatten arrays of arrays. */
static Datum
ReasonText(unsigned reasons)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int bit = 0; bit < GATE_REASONS; bit++)
		if (reasons & 1u << bit)
			appendStringInfo(&names, "%c%s", names.len == 0 ? '{' : ',', GateReasonName(bit));
	appendStringInfoChar(&names, '}');
	return CStringGetTextDatum(names.data);
}

static Datum
MakeArray(Datum *values, int count, Oid type)
{
	int16 length;
	bool by_value;
	char alignment;

	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	return PointerGetDatum(construct_array(values, count, type, length, by_value, alignment));
}

static bool
IsThere(int row, int column)
{
	bool null;

	SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &null);
	return !null;
}

static double
GetDouble(int row, int column, double absent)
{
	bool null;
	Datum value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &null);

	return null ? absent : DatumGetFloat8(value);
}

/* GetInt64 reads a column of bigint, int or timestamptz. */
static int64
GetInt64(int row, int column, int64 absent)
{
	bool null;
	TupleDesc columns = SPI_tuptable->tupdesc;
	Datum value = SPI_getbinval(SPI_tuptable->vals[row], columns, column, &null);

	if (null)
		return absent;
	if (SPI_gettypeid(columns, column) == INT4OID)
		return DatumGetInt32(value);
	return DatumGetInt64(value);
}

static GateReading
GetReading(int row, int at_column, int value_column)
{
	return (GateReading){IsThere(row, at_column), GetInt64(row, at_column, 0),
	                     GetDouble(row, value_column, 0)};
}
