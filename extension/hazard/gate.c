/*
 * How the gate decides.  Three things that real gauges do shape it:
 *
 * - One sample jumps by metres and the next is normal again (Mabase bridge
 *   2026, and the false alarms of Suzuka 2014 and Wakayama 2013).  A jump waits
 *   for its second.
 * - A flood rises by metres an hour and its readings keep coming (Kyushu 2017:
 *   2.65 m in an hour).  The second reading of a jump lets both pass, also when
 *   it has risen further still: the level was at least the first one twice.
 *   So no real rise is more than one sample late.
 * - A logger writes 0.00, several times in a row, for want of a value (Koto
 *   river 2023).  Those would confirm each other: they never become candidates.
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
                                                       "conflict"};

static unsigned Refusals(const GateLimits *limits, int64_t now, int64_t at, double value);
static unsigned Jump(const GateLimits *limits, GateReading from, GateReading to);
static bool Joined(const GateLimits *limits, GateReading a, GateReading b);
static bool Witnessed(const GateLimits *limits, const GateHistory *history, GateReading reading,
                      unsigned jump);
static GateAnswer Accept(const GateLimits *limits, GateHistory *history, GateReading reading);
static GateAnswer Suspect(const GateLimits *limits, GateHistory *history, GateReading reading,
                          unsigned jump);

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
GateJudge(const GateLimits *limits, GateHistory *history, int64_t now, int64_t at, double value)
{
	GateReading reading = {true, at, value};
	GateAnswer answer = {GATE_REJECTED, Refusals(limits, now, at, value), false};
	unsigned note = at < now - limits->stale_after ? GATE_STALE : 0;
	unsigned jump;

	if (answer.reasons == 0)
	{
		if (history->last.known)
			jump = Jump(limits, history->last, reading);
		else
			jump = value >= limits->alarm || value == limits->dropout ? GATE_NO_HISTORY : 0;
		if (jump == 0)
			answer = Accept(limits, history, reading);
		else if (value == limits->dropout)
			answer.reasons = GATE_DROPOUT;
		else
			answer = Suspect(limits, history, reading, jump);
	}
	answer.reasons |= note;
	return answer;
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
 * Accept takes a plausible reading as the last.  A candidate before it was a
 * spike, and is left held; one after it may have been explained by it (a
 * backlog that arrives behind a live reading).
 */
static GateAnswer
Accept(const GateLimits *limits, GateHistory *history, GateReading reading)
{
	GateAnswer answer = {GATE_ACCEPTED, 0, false};

	history->last = reading;
	if (history->held.known && history->held.at < reading.at)
		history->held.known = false;
	else if (history->held.known && Jump(limits, reading, history->held) == 0)
	{
		history->last = history->held;
		history->held.known = false;
		answer.confirms = true;
	}
	return answer;
}

/* Suspect holds an implausible reading, unless it is the second one that says so. */
static GateAnswer
Suspect(const GateLimits *limits, GateHistory *history, GateReading reading, unsigned jump)
{
	GateAnswer answer = {GATE_HELD, jump, false};

	if (!Witnessed(limits, history, reading, jump))
	{
		if (!history->held.known || reading.at > history->held.at)
			history->held = reading;
		return answer;
	}
	answer.confirms = true;
	if (Joined(limits, history->held, reading))
	{
		answer.verdict = GATE_ACCEPTED;
		answer.reasons |= GATE_CONFIRMED;
		history->last = reading.at > history->held.at ? reading : history->held;
		history->held.known = false;
	}
	else
	{
		history->last = history->held;
		history->held = reading;
	}
	return answer;
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
