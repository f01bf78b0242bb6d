/*
 * Who is carried along is chosen when a request begins.  Whether it is sent again
 * as it is, or taken apart, depends on whether its provider may have taken it.
 */
#include "group.h"

#include "config.h"

#define REPETITIONS 3     /* of a request for many, within its lease */
#define REPEAT_AFTER 1000 /* milliseconds, doubled each time */

/* group_gather moves what can go along with a delivery from its lane to it. */
void
group_gather(struct channel *channel, struct delivery *first)
{
	const struct provider *provider = channel->provider;
	struct place place = lanes_begin(&channel->lanes);
	struct delivery **with = &first->with, *other;
	int carried = 1;

	if (provider->joins == NULL)
		return;
	while (place.lane < first->lane)
		lanes_skip(&channel->lanes, &place);
	while (carried < provider->most && (other = lanes_at(&channel->lanes, &place)) != NULL &&
	       place.lane == first->lane)
		if (provider->joins(first, other))
		{
			*with = lanes_take(&channel->lanes, &place);
			with = &other->with;
			carried++;
		}
		else
			lanes_step(&place);
}

/*
 * group_repeat keeps a request for many that may or may not have been taken, to
 * send it again as it is, with the key it had: with other companions each of them
 * would be told twice.  false: it was tried often enough, or is nothing of that.
 */
bool
group_repeat(struct channel *channel, struct delivery *delivery,
             const struct classification *result)
{
	long long wait = result->retry_seconds > 0 ? result->retry_seconds * 1000LL
	                                           : REPEAT_AFTER << delivery->repetitions;

	if (delivery->with == NULL || result->verdict != VERDICT_RETRY || result->untaken ||
	    result->stop_seconds > 0 || delivery->repetitions >= REPETITIONS ||
	    loop_now() + wait + channel->config->timeout * 1000LL >= delivery->lease_until)
		return false;
	delivery->repetitions++;
	delivery->due = loop_now() + wait;
	delivery->next = channel->repeated;
	channel->repeated = delivery;
	return true;
}

/* group_split queues those of a refused request one by one: one of them may be what is wrong. */
bool
group_split(struct channel *channel, struct delivery *delivery, const struct classification *result)
{
	struct delivery *with;

	if (delivery->with == NULL ||
	    (result->verdict != VERDICT_FAILED && result->verdict != VERDICT_RETIRED))
		return false;
	for (; delivery != NULL; delivery = with)
	{
		with = delivery->with;
		delivery->with = NULL;
		delivery->alone = true;
		channel_put(channel, delivery);
	}
	return true;
}

/* group_take_due takes a request that is due again, or returns NULL. */
struct delivery *
group_take_due(struct channel *channel)
{
	for (struct delivery **place = &channel->repeated; *place != NULL; place = &(*place)->next)
		if ((*place)->due <= loop_now())
		{
			struct delivery *delivery = *place;

			*place = delivery->next;
			delivery->next = NULL;
			return delivery;
		}
	return NULL;
}
