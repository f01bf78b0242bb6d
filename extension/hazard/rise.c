/* What follows when a sensor's stage has changed, whoever changed it. */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "hazard/sensor.h"
#include "util/spi.h"

static Statement follow_stage = {
    .sql = "SELECT passport.follow_stage($1, $2, $3)",
    .arguments = 3,
    .types = {TEXTOID, INT4OID, TIMESTAMPTZOID},
};

/*
 * FollowStage alarms staff of a rise and sends what was authorised for it, and
 * has the public map drawn anew.  Of a batch only the stage counts at which it
 * ended: one that was reached and left again within it is over.
 */
void
FollowStage(text *name, const Sensor *sensor, int before)
{
	Datum values[] = {PointerGetDatum(name), Int32GetDatum(sensor->stage.stage),
	                  TimestampTzGetDatum(sensor->stage.since)};

	if (sensor->stage.stage > before)
		RunStatement(&follow_stage, values, NULL);
	if (sensor->stage.stage != before)
		Async_Notify("passport_map", "");
}
