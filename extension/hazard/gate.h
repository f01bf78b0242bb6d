/*
 * Plausibility gate of a sensor's readings.  Pure C: values in, verdict out.
 *
 *   accepted   a reading that the stage may follow
 *   held       kept, but nothing follows it until a second reading agrees
 *   rejected   kept, and nothing will ever follow it
 *
 * A reading is plausible when the level can have moved there from the last
 * accepted one in the time between.  One that is not becomes the candidate: a
 * second reading that agrees lets both pass, one that goes on from the old
 * level leaves the candidate held for good.
 *
 * A sensor may have witnesses: rain gauges, gauges upstream and beside it.  A
 * rise to a threshold that all of them deny waits for its second as a jump
 * does; one to a grave threshold (a stage above 3) waits until a witness sees
 * something or a person has looked.  Witnesses that are silent deny nothing.
 *
 * A jump that a gauge upstream or beside it made as well, at least half as high,
 * is no spike and does not wait: it is accepted, or, where a stage above 3 would
 * follow, held with the stage at 3 until its second.  Rain alone passes none: it
 * rained where gauges spiked, too.
 */
#ifndef PASSPORT_HAZARD_GATE_H
#define PASSPORT_HAZARD_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* Times are microseconds on one scale, spans are microseconds. */
#define GATE_MINUTE INT64_C(60000000)

typedef enum GateService
{
	GATE_IN_SERVICE,
	GATE_MAINTENANCE,
	GATE_RETIRED
} GateService;

typedef enum GateSight
{
	GATE_UNWITNESSED, /* there are none, or one of them does not know */
	GATE_DENIED,      /* all of them were looking, and nothing moved */
	GATE_MOVED
} GateSight;

/* What the sensor's rain gauges and neighbours say of the time of a reading. */
typedef struct GateWitness
{
	GateSight sight;
	double rise; /* the highest that a gauge among them made by then, 0 where none moved */
} GateWitness;

#define GATE_STEPS 9

/* What is physically possible at one sensor; INFINITY or NAN where nothing is known. */
typedef struct GateLimits
{
	GateService service;
	double low; /* range of the instrument */
	double high;
	double max_rise;          /* per 10 minutes */
	double max_fall;          /* per 10 minutes */
	double noise;             /* by which two readings of one level differ */
	double dropout;           /* what the logger writes when it has no value, or NAN */
	double steps[GATE_STEPS]; /* values that alarm somebody, ascending */
	int step_count;
	double grave;             /* lowest of them that alarms above stage 3, or INFINITY */
	int64_t stale_after;      /* an older reading alarms nobody */
	int64_t future_tolerance; /* for clocks that run fast */
	int64_t memory;           /* for how long a reading speaks for what follows it */
	int64_t stuck_after;      /* no level stays the same for longer while water moves, or 0 */
} GateLimits;

typedef struct GateReading
{
	bool known;
	int64_t at;
	double value;
} GateReading;

/* What the gate remembers of a sensor between readings. */
typedef struct GateHistory
{
	GateReading last;     /* accepted */
	GateReading held;     /* the candidate */
	int64_t steady_since; /* since when all have the value of "last" */
	int64_t steady_until; /* and when it was read last, believed or not */
} GateHistory;

typedef enum GateVerdict
{
	GATE_ACCEPTED,
	GATE_HELD,
	GATE_REJECTED
} GateVerdict;

/* Reasons, one bit each; gate.c names them. */
enum
{
	GATE_NOT_A_NUMBER = 1 << 0,
	GATE_INFINITE = 1 << 1,
	GATE_OUT_OF_RANGE = 1 << 2,
	GATE_FUTURE = 1 << 3,
	GATE_OUT_OF_SERVICE_MAINTENANCE = 1 << 4,
	GATE_OUT_OF_SERVICE_RETIRED = 1 << 5,
	GATE_DROPOUT = 1 << 6,
	GATE_RISE_TOO_FAST = 1 << 7,
	GATE_FALL_TOO_FAST = 1 << 8,
	GATE_NO_HISTORY = 1 << 9,
	GATE_CONFIRMED = 1 << 10,
	GATE_STALE = 1 << 11,
	GATE_LATE = 1 << 12,
	GATE_CONFLICT = 1 << 13,
	GATE_CORRECTED = 1 << 14,
	GATE_UNCORROBORATED = 1 << 15,
	GATE_STUCK = 1 << 16,
	GATE_CONFIRMED_BY_PERSON = 1 << 17,
	GATE_CORROBORATED = 1 << 18
};
#define GATE_REASONS 19

/* No measurement at all: the true value of that time may still come. */
#define GATE_GAP (GATE_NOT_A_NUMBER | GATE_INFINITE | GATE_DROPOUT)

typedef struct GateAnswer
{
	GateVerdict verdict;
	unsigned reasons;
	bool confirms; /* the candidate is accepted with it */
	bool seconded; /* held for its gravity alone: it is no spike, and stages up to 3 follow */
} GateAnswer;

extern GateAnswer GateJudge(const GateLimits *limits, GateHistory *history, int64_t now, int64_t at,
                            double value, GateWitness witness);
extern bool GateBelieve(const GateLimits *limits, GateHistory *history, GateReading reading,
                        GateSight sight);
extern int64_t GateSteadySince(const GateLimits *limits, const GateHistory *history,
                               GateReading reading);
extern double GateAlarm(const GateLimits *limits);
extern const char *GateReasonName(int bit);

#endif
