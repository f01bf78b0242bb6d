/* Deliveries that wait to be sent, in lanes by their urgency. */
#ifndef PUSH_LANES_H
#define PUSH_LANES_H

#include "delivery.h"

#define LANES 8 /* what is less urgent than the last stands in the last */

/* Zeros are not empty lanes: lanes_open makes them. */
struct lanes
{
	struct delivery *first[LANES], **last[LANES];
	int queued[LANES];
};

/* A place in the lanes, on the way from the most urgent one to the least. */
struct place
{
	int lane;
	struct delivery **at;
};

extern void lanes_open(struct lanes *lanes);
extern void lanes_put(struct lanes *lanes, struct delivery *delivery);
extern int lanes_queued(const struct lanes *lanes);
extern struct place lanes_begin(struct lanes *lanes);
extern struct delivery *lanes_at(struct lanes *lanes, struct place *place);
extern void lanes_step(struct place *place);
extern void lanes_skip(struct lanes *lanes, struct place *place);
extern struct delivery *lanes_take(struct lanes *lanes, struct place *place);

#endif
