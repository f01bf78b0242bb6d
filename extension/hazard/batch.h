/*
 * A batch of one sensor's readings, from gate to stage.  Pure C: what the
 * database knows goes in with the sensor and the readings, and comes out of
 * them changed.
 */
#ifndef PASSPORT_HAZARD_BATCH_H
#define PASSPORT_HAZARD_BATCH_H

#include "gate.h"
#include "stage.h"

#define MAX_STAGES 9

typedef struct Sensor
{
	GateLimits limits;
	StageThreshold thresholds[MAX_STAGES];
	int threshold_count;
	bool witnessed; /* it has rain gauges or neighbours to ask */
	GateHistory history;
	StageState stage;
	int lowest; /* stage in this batch: one above it was risen to */
	bool has_latest;
	int64_t latest; /* time of the latest reading that is stored, whatever its verdict */
} Sensor;

typedef struct Reading
{
	int64_t at;
	double value;
	int order; /* in the caller's array */
	GateWitness witness;

	/* what is stored already, where the time is not after sensor->latest */
	bool stored;
	double stored_value;
	bool stored_gap;    /* and is no measurement */
	GateReading before; /* the accepted reading before it */

	/* the answer */
	bool duplicate; /* nothing was done */
	bool keep;      /* a row to insert */
	bool corrects;  /* or to write over the gap that is stored */
	GateVerdict verdict;
	unsigned reasons;
	int stage; /* of the sensor after it */
	bool stage_changed;
} Reading;

/* The candidate of an earlier batch that this one confirmed, if any. */
typedef struct Confirmation
{
	bool known;
	int64_t at;
	int stage;
} Confirmation;

extern int CompareReadings(const void *a, const void *b);
extern Confirmation JudgeBatch(Sensor *sensor, Reading *readings, int count, int64_t now);
extern Confirmation ConfirmHeld(Sensor *sensor, GateReading held);
extern bool AwaitsPerson(const Sensor *sensor, int64_t now);

#endif
