/*
 * What a sensor's witnesses saw at the time of its readings: the rain gauges,
 * and the gauges upstream and beside it.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"

#include "passport.h"
#include "hazard/sensor.h"
#include "util/spi.h"

/*
 * Three columns for each time: whether a witness saw movement, whether all
 * were looking, and how high the gauges among them that measure the same rose
 * where they moved.  A witness looks back over its span and the time that the water
 * takes; it was looking if its last accepted reading is no older than two of
 * its intervals.  One that is retired is no witness any more.
 */
static Statement load_witnesses = {
    .sql = "SELECT coalesce(bool_or(seen.moved), false), coalesce(bool_and(seen.looking), false), "
           "max(seen.rise) FILTER (WHERE seen.moved AND w.relation <> 'rain' AND s.unit = o.unit) "
           "FROM unnest($2) WITH ORDINALITY AS u(at, i) "
           "JOIN passport.sensor AS o ON o.sensor = $1 "
           "LEFT JOIN (passport.sensor_witness AS w "
           "JOIN passport.sensor AS s ON s.sensor = w.witness AND s.state <> 'retired') "
           "ON w.sensor = $1 "
           "LEFT JOIN LATERAL (SELECT "
           "CASE w.relation WHEN 'rain' THEN max(v.value) ELSE max(v.value - v.low) END >= "
           "w.movement, max(v.value - v.low), "
           "coalesce(max(v.observed_at) >= u.at - 2 * s.sampling_interval, false) "
           "FROM (SELECT r.observed_at, r.value, min(r.value) OVER (ORDER BY r.observed_at) AS low "
           "FROM passport.reading AS r WHERE r.sensor = w.witness AND r.verdict = 'accepted' "
           "AND r.observed_at > u.at - w.travel_time - w.span AND r.observed_at <= u.at) AS v) "
           "AS seen(moved, rise, looking) ON w.sensor IS NOT NULL "
           "GROUP BY u.i ORDER BY u.i",
    .arguments = 2,
    .types = {TEXTOID, TIMESTAMPTZARRAYOID}};

static int Choose(const Sensor *sensor, const Reading *readings, int count, Reading *chosen);

/*
 * LoadWitnesses asks the witnesses about the readings that alarm somebody and
 * those that may be stuck.  A quiet river asks nothing.
 */
void
LoadWitnesses(text *name, const Sensor *sensor, Reading *readings, int count)
{
	Reading *chosen;
	Datum values[2];
	int asked;

	if (!sensor->witnessed)
		return;
	chosen = palloc(sizeof(Reading) * Max(count, 1));
	asked = Choose(sensor, readings, count, chosen);
	if (asked == 0)
		return;
	values[0] = PointerGetDatum(name);
	values[1] = TimeArray(chosen, asked);
	RunStatement(&load_witnesses, values, NULL);
	for (int i = 0, row = 0; i < count && row < asked; i++)
	{
		if (readings[i].order != chosen[row].order)
			continue;
		if (RowFlag(row, 1))
			readings[i].witness.sight = GATE_MOVED;
		else if (RowFlag(row, 2))
			readings[i].witness.sight = GATE_DENIED;
		readings[i].witness.rise = RowDouble(row, 3, 0);
		row++;
	}
}

/* Choose copies the readings that are to be asked about, and returns how many they are. */
static int
Choose(const Sensor *sensor, const Reading *readings, int count, Reading *chosen)
{
	const GateLimits *limits = &sensor->limits;
	GateHistory history = sensor->history;
	int asked = 0;

	for (int i = 0; i < count; i++)
	{
		GateReading reading = {true, readings[i].at, readings[i].value};
		int64_t since = GateSteadySince(limits, &history, reading);

		if (reading.value >= GateAlarm(limits) ||
		    (limits->stuck_after > 0 && reading.at - since > limits->stuck_after))
			chosen[asked++] = readings[i];
		history.last = reading;
		history.steady_since = since;
		history.steady_until = reading.at;
	}
	return asked;
}
