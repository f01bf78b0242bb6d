/*
 * How the gate decides.  What real gauges do shapes it:
 *
 * - One sample jumps by metres and the next is normal again (Mabase bridge
 *   2026, and the false alarms of Suzuka 2014 and Wakayama 2013).  A jump waits
 *   for its second.
 * - A flood rises by metres an hour and its readings keep coming (Kyushu 2017:
 *   2.65 m in an hour).  The second reading of a jump lets both pass, also when
 *   it has risen further still: the level was at least the first one twice.
 *   So no real rise is more than one sample late, and one that came down from
 *   a gauge upstream is not late at all.
 * - A logger writes 0.00, several times in a row, for want of a value (Koto
 *   river 2023).  Those would confirm each other: they never become candidates.
 * - A gauge shows the danger level and goes on showing it, without rain and
 *   while nothing moves upstream (Kushiro river 2019).  Seconds agree with such
 *   a one, so that only others can tell.  They may be wrong as well: a stage
 *   up to 3 believes the second, a higher one asks a person.
 * - A gauge freezes.  But one at low water shows one value for days, and is
 *   right: what stays the same is doubted only where the water should move,
 *   above a threshold or while the witnesses see movement.
 */
#include <math.h>
#include <stdlib.h>

#include "gate.h"

/*
 * A gap allows no more than an hour of movement.  After a long silence every
 * jump would otherwise be explained by the time that has passed.
 */
#define MOST_MOVEMENT (60 * GATE_MINUTE)

static const char *const reason_names[GATE_REASONS] = {"not_a_number",
                                                       "infinite",
                                                       "out_of_range",
                                                       "future",
                                                       "maintenance",
                                                       "retired",
                                                       "dropout",
                                                       "rise_too_fast",
                                                       "fall_too_fast",
                                                       "no_history",
                                                       "confirmed_by_second",
                                                       "stale",
                                                       "late",
                                                       "conflict",
                                                       "corrected",
                                                       "uncorroborated",
                                                       "stuck",
                                                       "confirmed_by_person",
                                                       "corroborated"};

static unsigned Refusals(const GateLimits *limits, int64_t now, int64_t at, double value);
static unsigned Doubts(const GateLimits *limits, const GateHistory *history, GateReading reading,
                       GateSight sight);
static bool Crosses(const GateLimits *limits, const GateHistory *history, double value);
static bool Stuck(const GateLimits *limits, const GateHistory *history, GateReading reading,
                  GateSight sight);
static void Steady(const GateLimits *limits, GateHistory *history, GateReading reading);
static unsigned Jump(const GateLimits *limits, GateReading from, GateReading to);
static bool Joined(const GateLimits *limits, GateReading a, GateReading b);
static bool Witnessed(const GateLimits *limits, const GateHistory *history, GateReading reading,
                      unsigned jump);
static bool Corroborated(const GateHistory *history, GateReading reading, unsigned jump,
                         double rise);
static GateAnswer Suspect(const GateLimits *limits, GateHistory *history, GateReading reading,
                          unsigned doubts, double rise);
static bool Grave(const GateLimits *limits, const GateHistory *history, double value);

/* GateReasonName returns the word for one bit of reasons, NULL beyond the last. */
const char *
GateReasonName(int bit)
{
	return bit >= 0 && bit < GATE_REASONS ? reason_names[bit] : NULL;
}

/*
 * GateJudge judges one reading and brings the history up to it.  The caller
 * has seen to duplicates; readings older than history->last it judges with a
 * history of that time.
 */
GateAnswer
GateJudge(const GateLimits *limits, GateHistory *history, int64_t now, int64_t at, double value,
          GateWitness witness)
{
	GateReading reading = {true, at, value};
	GateAnswer answer = {.verdict = GATE_REJECTED, .reasons = Refusals(limits, now, at, value)};
	unsigned note = at < now - limits->stale_after ? GATE_STALE : 0;
	unsigned doubts;

	if (answer.reasons == 0)
	{
		doubts = Doubts(limits, history, reading, witness.sight);
		if (doubts == 0)
			answer = (GateAnswer){.verdict = GATE_ACCEPTED,
			                      .confirms = GateBelieve(limits, history, reading, witness.sight)};
		else if (doubts & (GATE_DROPOUT | GATE_STUCK))
			answer.reasons = doubts & (GATE_DROPOUT | GATE_STUCK);
		else
			answer = Suspect(limits, history, reading, doubts, witness.rise);
		if (doubts & GATE_STUCK)
			history->steady_until = at;
	}
	answer.reasons |= note;
	return answer;
}

/*
 * GateBelieve takes a reading as the last accepted one.  A candidate before it
 * was a spike, and is left held; one after it may have been explained by it (a
 * backlog that arrives behind a live reading, a person who has looked): then
 * it is the last, and true is returned.
 */
bool
GateBelieve(const GateLimits *limits, GateHistory *history, GateReading reading, GateSight sight)
{
	GateReading held = history->held;

	Steady(limits, history, reading);
	history->last = reading;
	if (!held.known || held.at <= reading.at)
		history->held.known = false;
	else if (Jump(limits, reading, held) == 0 &&
	         !(sight == GATE_DENIED && Grave(limits, history, held.value)))
	{
		Steady(limits, history, held);
		history->last = held;
		history->held.known = false;
		return true;
	}
	return false;
}

/* GateSteadySince returns since when the level would be the same, were this the next reading. */
int64_t
GateSteadySince(const GateLimits *limits, const GateHistory *history, GateReading reading)
{
	/* what was not seen for longer than memory may have moved and come back */
	if (history->last.known && reading.value == history->last.value &&
	    reading.at - history->steady_until <= limits->memory)
		return history->steady_since;
	return reading.at;
}

/* GateAlarm returns the lowest value that alarms anybody, or INFINITY. */
double
GateAlarm(const GateLimits *limits)
{
	return limits->step_count > 0 ? limits->steps[0] : INFINITY;
}

/* Refusals returns what no second reading can make good. */
static unsigned
Refusals(const GateLimits *limits, int64_t now, int64_t at, double value)
{
	unsigned reasons = 0;

	if (limits->service == GATE_MAINTENANCE)
		reasons |= GATE_OUT_OF_SERVICE_MAINTENANCE;
	if (limits->service == GATE_RETIRED)
		reasons |= GATE_OUT_OF_SERVICE_RETIRED;
	if (at > now + limits->future_tolerance)
		reasons |= GATE_FUTURE;
	if (isnan(value))
		reasons |= GATE_NOT_A_NUMBER;
	else if (isinf(value))
		reasons |= GATE_INFINITE;
	else if (value < limits->low || value > limits->high)
		reasons |= GATE_OUT_OF_RANGE;
	return reasons;
}

/* Doubts returns what speaks against a reading, given what came before it and what others saw. */
static unsigned
Doubts(const GateLimits *limits, const GateHistory *history, GateReading reading, GateSight sight)
{
	unsigned doubts;

	if (history->last.known)
		doubts = Jump(limits, history->last, reading);
	else
		doubts = reading.value >= GateAlarm(limits) || reading.value == limits->dropout
		             ? GATE_NO_HISTORY
		             : 0;
	if (doubts != 0 && reading.value == limits->dropout)
		doubts |= GATE_DROPOUT;
	if (Stuck(limits, history, reading, sight))
		doubts |= GATE_STUCK;
	if (sight == GATE_DENIED && Crosses(limits, history, reading.value))
		doubts |= GATE_UNCORROBORATED;
	return doubts;
}

/* Crosses tells whether a value rises over a threshold that the last accepted one was under. */
static bool
Crosses(const GateLimits *limits, const GateHistory *history, double value)
{
	for (int i = 0; i < limits->step_count; i++)
		if (value >= limits->steps[i] &&
		    !(history->last.known && history->last.value >= limits->steps[i]))
			return true;
	return false;
}

/* Stuck tells whether a level has been the same for longer than moving water can be. */
static bool
Stuck(const GateLimits *limits, const GateHistory *history, GateReading reading, GateSight sight)
{
	return limits->stuck_after > 0 &&
	       reading.at - GateSteadySince(limits, history, reading) > limits->stuck_after &&
	       (reading.value >= GateAlarm(limits) || sight == GATE_MOVED);
}

/* Steady keeps since when the accepted level is the same. */
static void
Steady(const GateLimits *limits, GateHistory *history, GateReading reading)
{
	history->steady_since = GateSteadySince(limits, history, reading);
	history->steady_until = reading.at;
}

/* Jump returns 0 when the level can have moved so in the time, else how it cannot. */
static unsigned
Jump(const GateLimits *limits, GateReading from, GateReading to)
{
	int64_t span = to.at - from.at;
	double tens;

	if (span > MOST_MOVEMENT)
		span = MOST_MOVEMENT;
	tens = (double) span / (double) (10 * GATE_MINUTE);
	if (to.value - from.value > limits->noise + limits->max_rise * tens)
		return GATE_RISE_TOO_FAST;
	if (from.value - to.value > limits->noise + limits->max_fall * tens)
		return GATE_FALL_TOO_FAST;
	return 0;
}

/* Joined tells whether the level can have moved between two readings, whichever came first. */
static bool
Joined(const GateLimits *limits, GateReading a, GateReading b)
{
	return a.at <= b.at ? Jump(limits, a, b) == 0 : Jump(limits, b, a) == 0;
}

/*
 * Corroborated tells whether a gauge upstream or beside it rose as a jump did.
 * Half as high is asked for: a river that rises by a hand everywhere in an
 * ordinary rain says nothing of a jump by metres at one gauge.
 */
static bool
Corroborated(const GateHistory *history, GateReading reading, unsigned jump, double rise)
{
	return jump == GATE_RISE_TOO_FAST && rise >= 0.5 * (reading.value - history->last.value);
}

/*
 * Suspect holds an implausible reading, unless it is the second one that says
 * so or another gauge made the same jump.
 */
static GateAnswer
Suspect(const GateLimits *limits, GateHistory *history, GateReading reading, unsigned doubts,
        double rise)
{
	GateAnswer answer = {.verdict = GATE_HELD, .reasons = doubts};
	GateReading held = history->held;
	bool denied = (doubts & GATE_UNCORROBORATED) != 0;
	unsigned jump = doubts & ~(unsigned) GATE_UNCORROBORATED;
	bool witnessed = Witnessed(limits, history, reading, jump);
	bool corroborated = !witnessed && Corroborated(history, reading, jump, rise);

	if (corroborated)
		answer.reasons |= GATE_CORROBORATED;
	if (corroborated && !Grave(limits, history, reading.value))
	{
		answer.verdict = GATE_ACCEPTED;
		answer.confirms = GateBelieve(limits, history, reading, GATE_MOVED);
		return answer;
	}
	answer.seconded =
	    Grave(limits, history, reading.value) && (corroborated || (witnessed && denied));
	if (!witnessed || answer.seconded)
	{
		if (!held.known || reading.at > held.at)
			history->held = reading;
		return answer;
	}
	if (!Joined(limits, held, reading))
	{
		answer.confirms = true;
		GateBelieve(limits, history, held, GATE_MOVED);
		history->held = reading;
		return answer;
	}
	answer.verdict = GATE_ACCEPTED;
	answer.reasons |= GATE_CONFIRMED;
	/* a candidate that waits for a witness gets none from a reading under it */
	answer.confirms = !(denied && Grave(limits, history, held.value));
	if (answer.confirms && held.at > reading.at)
		GateBelieve(limits, history, held, GATE_MOVED);
	else
		GateBelieve(limits, history, reading, denied ? GATE_DENIED : GATE_MOVED);
	return answer;
}

/*
 * Grave tells whether a value wants more than a second reading: a stage above 3
 * follows it that none of the accepted ones has reached yet.
 */
static bool
Grave(const GateLimits *limits, const GateHistory *history, double value)
{
	return value >= limits->grave && !(history->last.known && history->last.value >= limits->grave);
}

/*
 * Witnessed tells whether the candidate and this reading agree: one within
 * reach of the other, or this one later and further the same way.
 */
static bool
Witnessed(const GateLimits *limits, const GateHistory *history, GateReading reading, unsigned jump)
{
	GateReading held = history->held;
	double further = reading.value - held.value;

	if (!held.known || llabs(reading.at - held.at) > limits->memory)
		return false;
	if (Joined(limits, held, reading))
		return true;
	if (reading.at < held.at || (history->last.known && Jump(limits, history->last, held) != jump))
		return false;
	return jump == GATE_FALL_TOO_FAST ? further < 0 : further > 0;
}
