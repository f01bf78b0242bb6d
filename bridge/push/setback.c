/*
 * What is claimed and not begun goes back to the database where it is not to be
 * sent now, or perhaps not at all: the database judges it anew at the next claim.
 */
#include "setback.h"

#define SWEEP_EVERY 100  /* milliseconds between looks at what has waited too long */
#define JUDGED_FOR 10000 /* milliseconds that what the database said of a delivery is relied on */

static void set_back(struct delivery *delivery, const char *setback, int seconds);

/*
 * setback_sweep takes out what may wait here no longer: what has expired, what is
 * for a service that is given a rest, and what was judged so long ago that it may
 * have been withdrawn since.  Each says why; they are a list.
 */
struct delivery *
setback_sweep(struct channel *channel)
{
	struct place place = lanes_begin(&channel->lanes);
	struct delivery *list = NULL, **last = &list, *delivery;

	if (loop_now() < channel->swept_at + SWEEP_EVERY)
		return NULL;
	channel->swept_at = loop_now();
	while ((delivery = lanes_at(&channel->lanes, &place)) != NULL)
		if (!setback_spares(channel, delivery))
		{
			*last = lanes_take(&channel->lanes, &place);
			last = &delivery->next;
		}
		else
			lanes_step(&place);
	return list;
}

/* setback_spares tells whether a delivery may wait here; false: it says why not. */
bool
setback_spares(struct channel *channel, struct delivery *delivery)
{
	int rest;

	if (delivery_has_expired(delivery))
		set_back(delivery, "expired", 1);
	else if (channel->provider->rests != NULL &&
	         (rest = channel->provider->rests(channel->self, delivery)) > 0)
		set_back(delivery, "stopped", rest);
	else if (loop_now() >= delivery->judged_at + JUDGED_FOR)
		set_back(delivery, "judged_anew", 0);
	else
		return true;
	return false;
}

static void
set_back(struct delivery *delivery, const char *setback, int seconds)
{
	delivery->setback = setback;
	delivery->setback_seconds = seconds;
}

/*
 * setback_recall takes out what a new message with a key may have replaced, or,
 * with NULL, whatever one could have: the database judges it anew.
 */
struct delivery *
setback_recall(struct channel *channel, const unsigned long long *key)
{
	struct place place = lanes_begin(&channel->lanes);
	struct delivery *list = NULL, **last = &list, *delivery;

	while ((delivery = lanes_at(&channel->lanes, &place)) != NULL)
		if (delivery_may_be_replaced(delivery, key))
		{
			set_back(delivery, "replaced", 0);
			*last = lanes_take(&channel->lanes, &place);
			last = &delivery->next;
		}
		else
			lanes_step(&place);
	for (struct delivery **at = &channel->repeated; (delivery = *at) != NULL;)
		if (delivery_may_be_replaced(delivery, key))
		{
			set_back(delivery, "replaced", 1);
			*at = delivery->next;
			delivery->next = NULL;
			*last = delivery;
			last = &delivery->next;
		}
		else
			at = &delivery->next;
	return list;
}

/* setback_all takes out all that is not under way, for so long and for this reason. */
struct delivery *
setback_all(struct channel *channel, const char *setback, int seconds)
{
	struct place place = lanes_begin(&channel->lanes);
	struct delivery *list = channel->repeated, **last = &list;

	channel->repeated = NULL;
	for (; *last != NULL; last = &(*last)->next)
		set_back(*last, setback, seconds);
	while (lanes_at(&channel->lanes, &place) != NULL)
	{
		*last = lanes_take(&channel->lanes, &place);
		set_back(*last, setback, seconds);
		last = &(*last)->next;
	}
	return list;
}
