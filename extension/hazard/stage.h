/*
 * Stage of a sensor: the highest threshold that its level has reached, 0 below
 * all.  Pure C.  It rises with the first reading at or above "up", and falls
 * only after every reading of the hold time was below "down".
 */
#ifndef PASSPORT_HAZARD_STAGE_H
#define PASSPORT_HAZARD_STAGE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct StageThreshold
{
	int stage;
	double up;
	double down;
	int64_t hold; /* microseconds */
} StageThreshold;

typedef struct StageState
{
	int stage;
	int64_t since;       /* of the stage */
	bool below;          /* the last readings were below "down" */
	int64_t below_since; /* the first of these */
	double below_high;   /* and the highest */
	bool seen;
	int64_t seen_at; /* the last reading */
} StageState;

extern bool StageFollow(const StageThreshold *thresholds, int count, int64_t memory,
                        StageState *state, int64_t at, double value);

#endif
