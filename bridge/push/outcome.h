/* What became of deliveries, until the database knows it. */
#ifndef PUSH_OUTCOME_H
#define PUSH_OUTCOME_H

#include "classify.h"

#include <stdbool.h>

/* What became of one delivery. */
struct outcome
{
	struct tally *tally; /* counts it until the database knows it; NULL: no channel's does */
	long long resident_id, delivery_id;
	enum verdict verdict;
	const char *detail;
	int retry_seconds;
	long long dead_since; /* seconds since 1970, 0: nobody says */
};

/* All that is not known there, oldest first; zeros are an empty list. */
struct outcomes
{
	struct outcome *list;
	int count, room, under_way; /* the first so many are under way */
	long long oldest;           /* of those that are not, by loop_now() */
};

#define OUTCOME_COLUMNS 6

extern bool outcomes_add(struct outcomes *outcomes, struct outcome outcome);
extern bool outcomes_write(const struct outcomes *outcomes, int count,
                           const char *columns[OUTCOME_COLUMNS]);
extern void outcomes_forget(struct outcomes *outcomes);
extern void outcomes_free(struct outcomes *outcomes);

#endif
