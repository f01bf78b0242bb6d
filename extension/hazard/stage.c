/* How the stage follows accepted readings, given in order of time. */
#include <math.h>
#include <stddef.h>

#include "stage.h"

static int Reached(const StageThreshold *thresholds, int count, double value);
static int Supported(const StageThreshold *thresholds, int count, int below, double value);
static const StageThreshold *Find(const StageThreshold *thresholds, int count, int stage);

/*
 * StageFollow takes one more reading into the state and returns whether the
 * stage changed.  Thresholds ascend by stage.  Only a reading changes a stage:
 * silence resolves nothing, and a silence longer than memory starts the hold
 * time again, for nobody saw what the level did.
 */
bool
StageFollow(const StageThreshold *thresholds, int count, int64_t memory, StageState *state,
            int64_t at, double value)
{
	int reached = Reached(thresholds, count, value);
	const StageThreshold *now = Find(thresholds, count, state->stage);
	bool silent = !state->seen || at - state->seen_at > memory;
	int before = state->stage;

	state->seen = true;
	state->seen_at = at;
	if (reached > state->stage)
		state->stage = reached;
	else if (state->stage > 0 && (now == NULL || value < now->down))
	{
		if (!state->below || silent)
		{
			state->below_since = at;
			state->below_high = value;
		}
		state->below = true;
		state->below_high = fmax(state->below_high, value);
		/* a stage that a revision of the thresholds took away has no hold time */
		if (now == NULL || at - state->below_since >= now->hold)
			state->stage = Supported(thresholds, count, state->stage, state->below_high);
	}
	else
		state->below = false;
	if (state->stage == before)
		return false;
	state->since = at;
	state->below = false;
	return true;
}

/* Reached returns the highest stage whose upper threshold the value has reached. */
static int
Reached(const StageThreshold *thresholds, int count, double value)
{
	int stage = 0;

	for (int i = 0; i < count; i++)
		if (value >= thresholds[i].up)
			stage = thresholds[i].stage;
	return stage;
}

/* Supported returns the highest stage under one that a value still holds up. */
static int
Supported(const StageThreshold *thresholds, int count, int below, double value)
{
	int stage = 0;

	for (int i = 0; i < count && thresholds[i].stage < below; i++)
		if (value >= thresholds[i].down)
			stage = thresholds[i].stage;
	return stage;
}

static const StageThreshold *
Find(const StageThreshold *thresholds, int count, int stage)
{
	for (int i = 0; i < count; i++)
		if (thresholds[i].stage == stage)
			return &thresholds[i];
	return NULL;
}
