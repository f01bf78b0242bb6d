/*
 * What a batch does to its sensor.
 *
 * A reading is live when it is newer than the last accepted one; only live
 * readings that are not stale move the stage.  One that comes late is judged
 * against the readings of its own time, and kept for the record: a candidate
 * among these is confirmed by a second of its own batch, and by none of a later
 * one, for the water was lower after it in any case and no stage would follow.
 * A backlog behind a live candidate is not late.  A reading
 * from the future is answered but not kept: kept, it would stand in the way of
 * the true reading of that time (a clock set nine hours wrong, put right).  For
 * the same reason what is no measurement, a logger's 0.00 for want of a value,
 * gives way to the value once it is there.
 */
#include <math.h>
#include <stddef.h>

#include "batch.h"

/* What the loop carries from one reading to the next. */
typedef struct Pass
{
	Sensor *sensor;
	Reading *readings;
	int64_t now;
	GateHistory late;   /* history of the time of late readings */
	Reading *candidate; /* the held reading of sensor->history, when it is of this batch */
	Reading *late_candidate;
	Confirmation earlier;
} Pass;

static bool Repeats(Pass *pass, int i);
static void Correct(Pass *pass, int i);
static bool IsGap(const Reading *reading);
static void JudgeLive(Pass *pass, Reading *reading);
static void JudgeLate(Pass *pass, Reading *reading);
static void ConfirmLive(Pass *pass, GateReading held);
static void Confirm(Reading *candidate);
static bool Follow(Pass *pass, int64_t at, double value);
static bool Move(Sensor *sensor, int64_t at, double value);
static bool SameValue(double a, double b);

/* CompareReadings orders by time, and within a time as the caller gave them. */
int
CompareReadings(const void *a, const void *b)
{
	const Reading *left = a;
	const Reading *right = b;

	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

/* JudgeBatch judges sorted readings, and brings the sensor up to them. */
Confirmation
JudgeBatch(Sensor *sensor, Reading *readings, int count, int64_t now)
{
	Pass pass = {.sensor = sensor, .readings = readings, .now = now};

	sensor->lowest = sensor->stage.stage;
	for (int i = 0; i < count; i++)
	{
		Reading *reading = &readings[i];

		reading->stage = sensor->stage.stage;
		if (Repeats(&pass, i))
			continue;
		if (sensor->history.last.known && reading->at <= sensor->history.last.at)
			JudgeLate(&pass, reading);
		else
			JudgeLive(&pass, reading);
		reading->keep = (reading->reasons & GATE_FUTURE) == 0;
		if (reading->stored_gap)
			reading->reasons |= GATE_CORRECTED;
		if (reading->keep && (!sensor->has_latest || reading->at > sensor->latest))
		{
			sensor->has_latest = true;
			sensor->latest = reading->at;
		}
	}
	return pass.earlier;
}

/*
 * Repeats answers a reading of a time that has one already: the same value
 * again is no news, another one is a conflict, and the first stays unless it
 * was no measurement.
 */
static bool
Repeats(Pass *pass, int i)
{
	Reading *reading = &pass->readings[i];

	if (i > 0 && reading[-1].at == reading->at && !(reading[-1].reasons & GATE_FUTURE))
	{
		bool kept = reading[-1].keep;

		reading->stored = true;
		reading->stored_value = kept ? reading[-1].value : reading[-1].stored_value;
		reading->stored_gap = kept ? IsGap(&reading[-1]) : reading[-1].stored_gap;
	}
	if (!reading->stored)
		return false;
	reading->duplicate = SameValue(reading->value, reading->stored_value);
	if (!reading->duplicate && reading->stored_gap)
	{
		Correct(pass, i);
		return false;
	}
	reading->verdict = GATE_REJECTED;
	if (!reading->duplicate)
		reading->reasons = GATE_CONFLICT;
	return true;
}

/* Correct puts a reading in the place of the gap of its time, in this batch or stored. */
static void
Correct(Pass *pass, int i)
{
	Reading *reading = &pass->readings[i];

	reading->corrects = true;
	if (i > 0 && reading[-1].at == reading->at && reading[-1].keep)
	{
		reading[-1].keep = false;
		reading->corrects = reading[-1].corrects;
	}
}

static bool
IsGap(const Reading *reading)
{
	return reading->verdict == GATE_REJECTED && (reading->reasons & GATE_GAP) != 0;
}

/* JudgeLive judges a reading newer than the last accepted one, and moves the stage. */
static void
JudgeLive(Pass *pass, Reading *reading)
{
	Sensor *sensor = pass->sensor;
	GateReading held = sensor->history.held;
	int before = sensor->stage.stage;
	GateAnswer answer = GateJudge(&sensor->limits, &sensor->history, pass->now, reading->at,
	                              reading->value, reading->witness);

	reading->verdict = answer.verdict;
	reading->reasons = answer.reasons;
	if (answer.confirms && held.at < reading->at)
		ConfirmLive(pass, held);
	if (answer.verdict == GATE_ACCEPTED)
		Follow(pass, reading->at, reading->value);
	else if (answer.seconded)
		Follow(pass, reading->at, nextafter(sensor->limits.grave, -INFINITY));
	if (answer.confirms && held.at > reading->at)
		ConfirmLive(pass, held);
	reading->stage = sensor->stage.stage;
	/* a candidate of this batch shows the change that it made in its own row */
	if (answer.confirms && pass->candidate != NULL && held.at < reading->at)
		before = pass->candidate->stage;
	reading->stage_changed = sensor->stage.stage != before;
	if (answer.confirms)
		pass->candidate = NULL;
	if (answer.verdict == GATE_HELD && sensor->history.held.at == reading->at)
		pass->candidate = reading;
}

/* JudgeLate judges a reading against those of its own time; the stage stays. */
static void
JudgeLate(Pass *pass, Reading *reading)
{
	GateHistory *late = &pass->late;
	GateAnswer answer;

	if (reading->before.known && (!late->last.known || reading->before.at > late->last.at))
	{
		late->last = reading->before;
		late->steady_since = late->steady_until = reading->before.at;
	}
	if (late->held.known && late->last.known && late->held.at < late->last.at)
		late->held.known = false;
	answer = GateJudge(&pass->sensor->limits, late, pass->now, reading->at, reading->value,
	                   reading->witness);
	reading->verdict = answer.verdict;
	reading->reasons = answer.reasons | GATE_LATE;
	if (answer.confirms && pass->late_candidate != NULL)
		Confirm(pass->late_candidate);
	if (answer.verdict == GATE_HELD)
		pass->late_candidate = reading;
}

/* ConfirmLive accepts the candidate and lets the stage follow it. */
static void
ConfirmLive(Pass *pass, GateReading held)
{
	bool changed = Follow(pass, held.at, held.value);

	if (pass->candidate != NULL)
	{
		Confirm(pass->candidate);
		pass->candidate->stage = pass->sensor->stage.stage;
		pass->candidate->stage_changed = changed;
	}
	else
		pass->earlier = (Confirmation){true, held.at, pass->sensor->stage.stage};
}

/*
 * ConfirmHeld lets the stage follow a held reading that a person believes, and
 * the candidate after it where that is explained now: it is returned then.
 */
Confirmation
ConfirmHeld(Sensor *sensor, GateReading held)
{
	GateReading candidate = sensor->history.held;
	StageState *stage = &sensor->stage;
	Confirmation later = {.known = GateBelieve(&sensor->limits, &sensor->history, held, GATE_MOVED),
	                      .at = candidate.at};
	GateReading last = sensor->history.last;

	sensor->lowest = stage->stage;
	/* the stage may have seen later readings, as far as these were believed */
	Move(sensor, stage->seen && stage->seen_at > last.at ? stage->seen_at : last.at, last.value);
	later.stage = stage->stage;
	return later;
}

/*
 * AwaitsPerson tells whether a reading is held now that a stage above 3 would
 * follow: somebody should look, as reading_to_confirm says.
 */
bool
AwaitsPerson(const Sensor *sensor, int64_t now)
{
	const GateReading *held = &sensor->history.held;

	return sensor->limits.service == GATE_IN_SERVICE && held->known &&
	       held->value >= sensor->limits.grave && held->at >= now - sensor->limits.stale_after;
}

static void
Confirm(Reading *candidate)
{
	candidate->verdict = GATE_ACCEPTED;
	candidate->reasons |= GATE_CONFIRMED;
}

/* Follow lets the stage follow an accepted reading, unless it is stale. */
static bool
Follow(Pass *pass, int64_t at, double value)
{
	Sensor *sensor = pass->sensor;

	if (at < pass->now - sensor->limits.stale_after ||
	    (sensor->stage.seen && at <= sensor->stage.seen_at))
		return false;
	return Move(sensor, at, value);
}

/* Move lets the stage follow a value, and keeps how low it was. */
static bool
Move(Sensor *sensor, int64_t at, double value)
{
	bool changed = StageFollow(sensor->thresholds, sensor->threshold_count, sensor->limits.memory,
	                           &sensor->stage, at, value);

	if (sensor->stage.stage < sensor->lowest)
		sensor->lowest = sensor->stage.stage;
	return changed;
}

static bool
SameValue(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}
