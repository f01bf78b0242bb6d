/* confirm_reading(): a person believes what the gate held. */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "hazard/sensor.h"
#include "util/spi.h"

static Statement find_held = {
    .sql = "SELECT observed_at, value, verdict = 'held' FROM passport.reading "
           "WHERE sensor = $1 AND observed_at = $2",
    .arguments = 2,
    .types = {TEXTOID, TIMESTAMPTZOID}};

static Statement keep_confirmation = {.sql = "INSERT INTO passport.reading_confirmation "
                                             "(sensor, observed_at, confirmed_by, confirmed_at) "
                                             "VALUES ($1, $2, session_user, passport.now())",
                                      .arguments = 2,
                                      .types = {TEXTOID, TIMESTAMPTZOID}};

PG_FUNCTION_INFO_V1(confirm_reading);

static GateReading FindHeld(text *name, TimestampTz at, const Sensor *sensor);

/* confirm_reading accepts a held reading on a person's word, and returns the stage after it. */
Datum
confirm_reading(PG_FUNCTION_ARGS)
{
	text *name = PG_GETARG_TEXT_PP(0);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	Datum values[] = {PointerGetDatum(name), TimestampTzGetDatum(at)};
	Sensor sensor;
	GateReading held;
	Confirmation first, later;
	int stage;

	SPI_connect();
	LoadSensor(name, &sensor);
	stage = sensor.stage.stage;
	held = FindHeld(name, at, &sensor);
	later = ConfirmHeld(&sensor, held);
	first = (Confirmation){.known = true, .at = held.at, .stage = later.stage};
	StoreConfirmation(name, &first, GATE_CONFIRMED_BY_PERSON);
	StoreConfirmation(name, &later, GATE_CONFIRMED);
	StoreSensor(name, &sensor);
	RunStatement(&keep_confirmation, values, NULL);
	FollowStage(name, &sensor, stage);
	SPI_finish();
	/* the public map shows the level that was believed */
	Async_Notify("passport_map", "");
	PG_RETURN_INT32(sensor.stage.stage);
}

/* FindHeld finds the reading that is to be believed: PT404, PT409, PT410. */
static GateReading
FindHeld(text *name, TimestampTz at, const Sensor *sensor)
{
	Datum values[] = {PointerGetDatum(name), TimestampTzGetDatum(at)};
	GateReading held;

	if (RunStatement(&find_held, values, NULL) == 0)
		ereport(ERROR, (errcode(ERRCODE_PT_UNKNOWN), errmsg("no reading of that time")));
	held = RowReading(0, 1, 2);
	if (!RowFlag(0, 3))
		ereport(ERROR, (errcode(ERRCODE_PT_CONFLICT), errmsg("the reading is not held")));
	if (sensor->history.last.known && held.at < sensor->history.last.at)
		ereport(ERROR, (errcode(ERRCODE_PT_CONFLICT), errmsg("a later reading was accepted"),
		                errhint("The level of that time is past; look at the gauge again.")));
	if (sensor->limits.service != GATE_IN_SERVICE)
		ereport(ERROR, (errcode(ERRCODE_PT_CONFLICT), errmsg("the sensor is not in service")));
	if (held.at < PassportNow() - sensor->limits.stale_after)
		ereport(ERROR, (errcode(ERRCODE_PT_GONE), errmsg("the reading is stale"),
		                errhint("It says where the water was; confirm a newer one.")));
	return held;
}
