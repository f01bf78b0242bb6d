/* Lists, one a lane: first in, first out, and the more urgent lane first. */
#include "lanes.h"

/* lanes_open makes empty lanes. */
void
lanes_open(struct lanes *lanes)
{
	*lanes = (struct lanes){0};
	for (int i = 0; i < LANES; i++)
		lanes->last[i] = &lanes->first[i];
}

/* lanes_put adds a delivery at the end of its lane. */
void
lanes_put(struct lanes *lanes, struct delivery *delivery)
{
	int lane = delivery->lane;

	delivery->next = NULL;
	*lanes->last[lane] = delivery;
	lanes->last[lane] = &delivery->next;
	lanes->queued[lane]++;
}

int
lanes_queued(const struct lanes *lanes)
{
	int queued = 0;

	for (int i = 0; i < LANES; i++)
		queued += lanes->queued[i];
	return queued;
}

/* lanes_begin returns the first place there is. */
struct place
lanes_begin(struct lanes *lanes)
{
	return (struct place){.lane = 0, .at = &lanes->first[0]};
}

/* lanes_at returns the delivery at a place, or at the begin of the next lane; NULL: that was all.
 */
struct delivery *
lanes_at(struct lanes *lanes, struct place *place)
{
	while (*place->at == NULL && place->lane + 1 < LANES)
		lanes_skip(lanes, place);
	return *place->at;
}

/* lanes_step goes on to the next place. */
void
lanes_step(struct place *place)
{
	place->at = &(*place->at)->next;
}

/* lanes_skip goes on to the next lane, or to the end of the last. */
void
lanes_skip(struct lanes *lanes, struct place *place)
{
	if (place->lane + 1 < LANES)
		place->at = &lanes->first[++place->lane];
	else
		place->at = lanes->last[place->lane];
}

/* lanes_take takes the delivery at a place out of its lane; the next one is there then. */
struct delivery *
lanes_take(struct lanes *lanes, struct place *place)
{
	struct delivery *delivery = *place->at;

	*place->at = delivery->next;
	if (delivery->next == NULL)
		lanes->last[place->lane] = place->at;
	lanes->queued[place->lane]--;
	delivery->next = NULL;
	return delivery;
}
