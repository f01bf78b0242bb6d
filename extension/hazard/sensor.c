/*
 * The statements by which a batch of readings reads and writes its sensor.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "hazard/sensor.h"
#include "util/spi.h"

/* Calls for one sensor go one after the other: each begins with its row's lock. */
static Statement lock_sensor = {
    .sql = "SELECT FROM passport.sensor_state WHERE sensor = $1 FOR UPDATE",
    .arguments = 1,
    .types = {TEXTOID}};

/* A sensor that was not made by define_sensor() gets its state here. */
static Statement make_state = {
    .sql = "INSERT INTO passport.sensor_state (sensor) "
           "SELECT sensor FROM passport.sensor WHERE sensor = $1 ON CONFLICT DO NOTHING",
    .arguments = 1,
    .types = {TEXTOID}};

/* One row per stage, or one row without a stage; enum SensorColumn numbers it. */
static Statement load_sensor = {
    .sql = "SELECT s.state, s.range_low, s.range_high, s.max_rise, s.max_fall, s.noise, "
           "s.dropout_value, "
           "(extract(epoch FROM s.stale_after) * 1000000)::bigint, "
           "(extract(epoch FROM s.future_tolerance) * 1000000)::bigint, "
           "(extract(epoch FROM s.memory) * 1000000)::bigint, "
           "(extract(epoch FROM s.stuck_after) * 1000000)::bigint, "
           "EXISTS (SELECT FROM passport.sensor_witness AS w WHERE w.sensor = s.sensor), "
           "st.stage, st.since, st.observed_at, st.value, st.held_at, st.held_value, "
           "st.steady_since, st.steady_until, "
           "st.below_since, st.below_high, st.seen_at, st.latest_at, "
           "t.stage, t.up, t.down, (extract(epoch FROM t.hold) * 1000000)::bigint "
           "FROM passport.sensor AS s JOIN passport.sensor_state AS st ON st.sensor = s.sensor "
           "LEFT JOIN passport.sensor_threshold AS t ON t.sensor = s.sensor "
           "WHERE s.sensor = $1 ORDER BY t.stage",
    .arguments = 1,
    .types = {TEXTOID}};

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
	COLUMN_STUCK_AFTER,
	COLUMN_WITNESSED,
	COLUMN_STAGE,
	COLUMN_SINCE,
	COLUMN_OBSERVED_AT,
	COLUMN_VALUE,
	COLUMN_HELD_AT,
	COLUMN_HELD_VALUE,
	COLUMN_STEADY_SINCE,
	COLUMN_STEADY_UNTIL,
	COLUMN_BELOW_SINCE,
	COLUMN_BELOW_HIGH,
	COLUMN_SEEN_AT,
	COLUMN_LATEST_AT,
	COLUMN_THRESHOLD_STAGE,
	COLUMN_THRESHOLD_UP,
	COLUMN_THRESHOLD_DOWN,
	COLUMN_THRESHOLD_HOLD
};

static Statement store_sensor = {
    .sql = "UPDATE passport.sensor_state SET stage = $2, since = $3, observed_at = $4, "
           "value = $5, held_at = $6, held_value = $7, steady_since = $8, steady_until = $9, "
           "below_since = $10, below_high = $11, seen_at = $12, latest_at = $13 "
           "WHERE sensor = $1",
    .arguments = 13,
    .types = {TEXTOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, FLOAT8OID, TIMESTAMPTZOID,
              FLOAT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, FLOAT8OID, TIMESTAMPTZOID,
              TIMESTAMPTZOID}};

static bool LockSensor(text *name);
static void ReadLimits(GateLimits *limits);
static void ReadThresholds(Sensor *sensor);

static bool
LockSensor(text *name)
{
	Datum values[] = {PointerGetDatum(name)};

	return RunStatement(&lock_sensor, values, NULL) > 0;
}

/* LoadSensor locks a sensor's state until the transaction ends, and reads it; PT404. */
void
LoadSensor(text *name, Sensor *sensor)
{
	Datum values[] = {PointerGetDatum(name)};

	if (!LockSensor(name))
	{
		RunStatement(&make_state, values, NULL);
		if (!LockSensor(name))
			ereport(ERROR, (errcode(ERRCODE_PT_UNKNOWN), errmsg("unknown sensor")));
	}
	RunStatement(&load_sensor, values, NULL);

	memset(sensor, 0, sizeof(*sensor));
	ReadLimits(&sensor->limits);
	ReadThresholds(sensor);
	sensor->witnessed = RowFlag(0, COLUMN_WITNESSED);
	sensor->history = (GateHistory){.last = RowReading(0, COLUMN_OBSERVED_AT, COLUMN_VALUE),
	                                .held = RowReading(0, COLUMN_HELD_AT, COLUMN_HELD_VALUE),
	                                .steady_since = RowInt64(0, COLUMN_STEADY_SINCE, 0),
	                                .steady_until = RowInt64(0, COLUMN_STEADY_UNTIL, 0)};
	sensor->stage = (StageState){.stage = (int) RowInt64(0, COLUMN_STAGE, 0),
	                             .since = RowInt64(0, COLUMN_SINCE, 0),
	                             .below = RowHas(0, COLUMN_BELOW_SINCE),
	                             .below_since = RowInt64(0, COLUMN_BELOW_SINCE, 0),
	                             .below_high = RowDouble(0, COLUMN_BELOW_HIGH, 0),
	                             .seen = RowHas(0, COLUMN_SEEN_AT),
	                             .seen_at = RowInt64(0, COLUMN_SEEN_AT, 0)};
	sensor->has_latest = RowHas(0, COLUMN_LATEST_AT);
	sensor->latest = RowInt64(0, COLUMN_LATEST_AT, 0);
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
	limits->low = RowDouble(0, COLUMN_RANGE_LOW, -INFINITY);
	limits->high = RowDouble(0, COLUMN_RANGE_HIGH, INFINITY);
	limits->max_rise = RowDouble(0, COLUMN_MAX_RISE, INFINITY);
	limits->max_fall = RowDouble(0, COLUMN_MAX_FALL, INFINITY);
	limits->noise = RowDouble(0, COLUMN_NOISE, 0);
	limits->dropout = RowDouble(0, COLUMN_DROPOUT, NAN);
	limits->stale_after = RowInt64(0, COLUMN_STALE_AFTER, 0);
	limits->future_tolerance = RowInt64(0, COLUMN_FUTURE_TOLERANCE, 0);
	limits->memory = RowInt64(0, COLUMN_MEMORY, 0);
	limits->stuck_after = RowInt64(0, COLUMN_STUCK_AFTER, 0);
}

/* ReadThresholds reads the stages, which are also what alarms somebody at the gate. */
static void
ReadThresholds(Sensor *sensor)
{
	GateLimits *limits = &sensor->limits;

	StaticAssertStmt(GATE_STEPS == MAX_STAGES, "every stage is a step");
	limits->grave = INFINITY;
	for (int row = 0; row < SPI_processed && row < MAX_STAGES; row++)
	{
		StageThreshold threshold = {(int) RowInt64(row, COLUMN_THRESHOLD_STAGE, 0),
		                            RowDouble(row, COLUMN_THRESHOLD_UP, 0),
		                            RowDouble(row, COLUMN_THRESHOLD_DOWN, 0),
		                            RowInt64(row, COLUMN_THRESHOLD_HOLD, 0)};

		if (!RowHas(row, COLUMN_THRESHOLD_STAGE))
			continue;
		sensor->thresholds[sensor->threshold_count++] = threshold;
		limits->steps[limits->step_count++] = threshold.up;
		if (threshold.stage > MOST_STAGE_BY_SECOND)
			limits->grave = fmin(limits->grave, threshold.up);
	}
}

/* StoreSensor writes what a batch made of its sensor. */
void
StoreSensor(text *name, const Sensor *sensor)
{
	const GateHistory *history = &sensor->history;
	const StageState *stage = &sensor->stage;
	Datum values[] = {PointerGetDatum(name),
	                  Int32GetDatum(stage->stage),
	                  TimestampTzGetDatum(stage->since),
	                  TimestampTzGetDatum(history->last.at),
	                  Float8GetDatum(history->last.value),
	                  TimestampTzGetDatum(history->held.at),
	                  Float8GetDatum(history->held.value),
	                  TimestampTzGetDatum(history->steady_since),
	                  TimestampTzGetDatum(history->steady_until),
	                  TimestampTzGetDatum(stage->below_since),
	                  Float8GetDatum(stage->below_high),
	                  TimestampTzGetDatum(stage->seen_at),
	                  TimestampTzGetDatum(sensor->latest)};
	char nulls[] = "             ";

	if (stage->since == 0)
		nulls[2] = 'n';
	if (!history->last.known)
		nulls[3] = nulls[4] = nulls[7] = nulls[8] = 'n';
	if (!history->held.known)
		nulls[5] = nulls[6] = 'n';
	if (!stage->below)
		nulls[9] = nulls[10] = 'n';
	if (!stage->seen)
		nulls[11] = 'n';
	if (!sensor->has_latest)
		nulls[12] = 'n';
	RunStatement(&store_sensor, values, nulls);
}
