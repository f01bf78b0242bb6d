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
 * FollowStage alarms staff of a rise to the stage that a batch ended at and sends
 * what was authorised for it, and has the public map drawn anew where the stage
 * is another one than before.  A rise is also one from what was lower within the
 * batch, whatever it began with, for an alert of that time may be over.  A stage
 * that was reached and left again within it is over itself.
 */
void
FollowStage(text *name, const Sensor *sensor, int before)
{
	Datum values[] = {PointerGetDatum(name), Int32GetDatum(sensor->stage.stage),
	                  TimestampTzGetDatum(sensor->stage.since)};

	if (sensor->stage.stage > sensor->lowest)
		RunStatement(&follow_stage, values, NULL);
	if (sensor->stage.stage != before)
		Async_Notify("passport_map", "");
}
