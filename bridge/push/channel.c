/*
 * Each channel has its queue, its share of requests, its rate and its rests: one
 * that is slow, dead or refuses us holds up no other.  A delivery is sent only
 * while its lease lasts longer than a request can take, so that whoever claims it
 * afterwards finds nothing of it under way.
 */
#include "channel.h"

#include "lib/log.h"
#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#define ALARM_EVERY 10000 /* milliseconds between reports of one alarm */
#define FAILURES_STOP 50  /* so many in a row, and the provider is given a rest */
#define URGENT 0
#define OTHER 1
#define REPETITIONS 3     /* of a request for many, within its lease */
#define REPEAT_AFTER 1000 /* milliseconds, doubled each time */

static const struct provider *const providers[CHANNELS] = {&fcm_provider, &apns_provider,
                                                           &webpush_provider, &line_provider,
                                                           &smtp_provider};

static struct delivery *take_ready(struct channel *channel);
static struct delivery *take_at(struct channel *channel, int which, struct delivery **place);
static int rate_of(const struct config *config, size_t which);
static int free_requests(const struct channel *channel, bool urgent);
static void gather(struct channel *channel, struct delivery *first);
static void keep_latency(struct channel *channel, long long microseconds);
static void judge_provider(struct channel *channel, const struct classification *result);
static void stop(struct channel *channel, long long milliseconds, const char *reason);

/* channel_open_all opens what the settings ask for, and returns how many; -1 after logging. */
int
channel_open_all(struct channel channels[CHANNELS], const struct config *config,
                 struct tally tallies[CHANNELS])
{
	int count = 0;

	for (size_t i = 0; i < CHANNELS; i++)
	{
		struct channel *channel = &channels[count];

		if (!providers[i]->wanted(config))
			continue;
		*channel = (struct channel){.provider = providers[i],
		                            .config = config,
		                            .rate = rate_of(config, i),
		                            .tally = &tallies[i],
		                            .filled_at = loop_now(),
		                            .patience = {.first = 1000, .longest = 60000}};
		channel->last[URGENT] = &channel->first[URGENT];
		channel->last[OTHER] = &channel->first[OTHER];
		channel->self = providers[i]->open(config);
		if (channel->self == NULL)
		{
			while (count > 0)
				channel_close(&channels[--count]);
			return -1;
		}
		count++;
	}
	return count;
}

static int
rate_of(const struct config *config, size_t which)
{
	const int rates[CHANNELS] = {config->fcm_rate, config->apns_rate, config->webpush_rate,
	                             config->line_rate, config->smtp_rate};

	return rates[which];
}

/* channel_close forgets what is queued, and the provider with its keys. */
void
channel_close(struct channel *channel)
{
	struct delivery *delivery, *with;

	while ((delivery = channel_take_repeated(channel, true)) != NULL ||
	       (delivery = channel_take(channel)) != NULL)
		for (; delivery != NULL; delivery = with)
		{
			with = delivery->with;
			delivery_free(delivery);
		}
	channel->provider->close(channel->self);
}

/* channel_inherit takes over what an older channel of the same provider has not begun. */
void
channel_inherit(struct channel *channel, struct channel *older)
{
	struct delivery *delivery;

	while ((delivery = channel_take(older)) != NULL)
	{
		older->held--;
		channel->held++;
		channel_put(channel, delivery);
	}
	while ((delivery = channel_take_repeated(older, true)) != NULL)
	{
		for (struct delivery *d = delivery; d != NULL; d = d->with)
		{
			older->held--;
			channel->held++;
			d->channel = channel;
		}
		delivery->next = channel->repeated;
		channel->repeated = delivery;
	}
}

/* channel_is_busy tells whether a request of it or of its provider is under way. */
bool
channel_is_busy(const struct channel *channel)
{
	return channel->under_way > 0 ||
	       (channel->provider->asking != NULL && channel->provider->asking(channel->self));
}

bool
channel_is(const struct channel *channel, const char *name)
{
	return strcmp(channel->provider->channel, name) == 0;
}

/* channel_put adds a delivery to the queue. */
void
channel_put(struct channel *channel, struct delivery *delivery)
{
	int which = delivery->urgent ? URGENT : OTHER;

	delivery->next = NULL;
	delivery->channel = channel;
	*channel->last[which] = delivery;
	channel->last[which] = &delivery->next;
	channel->queued[which]++;
}

/* channel_take takes a delivery out of the queue, urgent ones first, or returns NULL. */
struct delivery *
channel_take(struct channel *channel)
{
	int which = channel->first[URGENT] != NULL ? URGENT : OTHER;

	return channel->first[which] ? take_at(channel, which, &channel->first[which]) : NULL;
}

/* channel_take_resting takes one whose service is given a rest, of so many seconds, or returns
 * NULL. */
struct delivery *
channel_take_resting(struct channel *channel, int *seconds)
{
	if (channel->provider->rests == NULL)
		return NULL;
	for (int which = URGENT; which <= OTHER; which++)
		for (struct delivery **place = &channel->first[which]; *place != NULL;
		     place = &(*place)->next)
			if ((*seconds = channel->provider->rests(channel->self, *place)) > 0)
				return take_at(channel, which, place);
	return NULL;
}

/* take_ready takes the first whose service takes one more, or returns NULL. */
static struct delivery *
take_ready(struct channel *channel)
{
	if (channel->provider->admits == NULL)
		return channel_take(channel);
	for (int which = URGENT; which <= OTHER; which++)
		for (struct delivery **place = &channel->first[which]; *place != NULL;
		     place = &(*place)->next)
			if (channel->provider->admits(channel->self, *place))
				return take_at(channel, which, place);
	return NULL;
}

/* take_at takes the delivery at a place of one of the two queues out of it. */
static struct delivery *
take_at(struct channel *channel, int which, struct delivery **place)
{
	struct delivery *delivery = *place;

	*place = delivery->next;
	if (delivery->next == NULL)
		channel->last[which] = place;
	channel->queued[which]--;
	delivery->next = NULL;
	return delivery;
}

int
channel_queued(const struct channel *channel)
{
	return channel->queued[URGENT] + channel->queued[OTHER];
}

/*
 * channel_wants tells whether more may be claimed for it: when half a batch is
 * left, or, where something new has come that may be urgent, or all that is queued
 * waits for a service that is slow, beyond that.  No
 * more than three batches are ever held, what the database does not know to be over
 * among them: that bounds what may be sent twice.
 */
bool
channel_wants(const struct channel *channel, bool woken)
{
	int batch = channel->config->batch;

	return channel_may_send(channel) && channel->held + channel->tally->unrecorded <= batch * 2 &&
	       (channel_queued(channel) < batch / 2 + 1 || channel->stuck ||
	        (woken && channel->queued[URGENT] == 0));
}

/* channel_blocked tells whether it can do nothing until somebody mends something. */
bool
channel_blocked(const struct channel *channel)
{
	return channel->stopped_by_alarm ||
	       (channel->provider->refused != NULL && channel->provider->refused(channel->self));
}

bool
channel_may_send(const struct channel *channel)
{
	return (channel->provider->ready == NULL || channel->provider->ready(channel->self)) &&
	       loop_now() >= channel->stop_until;
}

/* channel_next returns what is to be sent now, with all that the same request can carry, or NULL.
 */
struct delivery *
channel_next(struct channel *channel)
{
	long long now = loop_now();
	struct delivery *delivery;

	channel->stuck = false;
	if (channel->rate > 0)
	{
		channel->allowance += (now - channel->filled_at) * channel->rate / 1000.0;
		if (channel->allowance > channel->rate)
			channel->allowance = channel->rate;
		channel->filled_at = now;
		if (channel->allowance < 1)
			return NULL;
	}
	if (!channel_may_send(channel) || free_requests(channel, channel->first[URGENT] != NULL) <= 0)
		return NULL;
	delivery = take_ready(channel);
	channel->stuck = delivery == NULL && channel_queued(channel) > 0;
	if (delivery == NULL)
		return NULL;
	channel->allowance -= channel->rate > 0;
	if (channel->provider->joins != NULL)
		gather(channel, delivery);
	return delivery;
}

/* free_requests returns how many may begin: a quarter of all is kept for what is urgent. */
static int
free_requests(const struct channel *channel, bool urgent)
{
	int most = channel->config->in_flight;

	if (!urgent)
		most -= most / 4;
	if (channel->provider->limit != NULL && channel->provider->limit(channel->self) < most)
		most = channel->provider->limit(channel->self);
	return most - channel->under_way;
}

/* gather moves what can go along with a delivery from the queue to it. */
static void
gather(struct channel *channel, struct delivery *first)
{
	int which = first->urgent ? URGENT : OTHER, carried = 1;
	struct delivery **place = &channel->first[which], **with = &first->with;

	while (*place != NULL && carried < channel->provider->most)
	{
		struct delivery *other = *place;

		if (!channel->provider->joins(first, other))
		{
			place = &other->next;
			continue;
		}
		*place = other->next;
		other->next = NULL;
		*with = other;
		with = &other->with;
		channel->queued[which]--;
		carried++;
	}
	/* the last one may have been among them */
	channel->last[which] = &channel->first[which];
	while (*channel->last[which] != NULL)
		channel->last[which] = &(*channel->last[which])->next;
}

/* channel_begin begins the request of a delivery; false: it could not be begun. */
bool
channel_begin(struct channel *channel, struct delivery *delivery, struct http *http)
{
	struct http_request request = {.context = delivery};

	delivery->begun_at = loop_now();
	if (channel->provider->begin(channel->self, delivery, &request))
	{
		if (http_begin(http, &request))
		{
			channel->under_way++;
			return true;
		}
		if (channel->provider->end != NULL)
			channel->provider->end(channel->self, delivery);
	}
	delivery_clear_request(delivery);
	return false;
}

/* channel_judge says what becomes of a delivery and those with it, and of the channel. */
void
channel_judge(struct channel *channel, const struct http_answer *answer, struct delivery *delivery,
              struct classification *result)
{
	channel->under_way--;
	channel->provider->judge(channel->self, answer, delivery, result);
	judge_provider(channel, result);
	keep_latency(channel, answer->microseconds);
	for (const struct delivery *d = delivery; d != NULL; d = d->with)
		channel->tally->verdicts[result->verdict]++;
	if (channel->provider->end != NULL)
		channel->provider->end(channel->self, delivery);
	delivery_clear_request(delivery);
}

static void
keep_latency(struct channel *channel, long long microseconds)
{
	double seconds = microseconds / 1e6;
	int at = 0;

	while (at < LATENCIES && seconds > metrics_bounds[at])
		at++;
	channel->tally->latencies[at]++;
	channel->tally->seconds += seconds;
	channel->tally->requests++;
}

/* judge_provider stops sending where an answer, or a row of failures, says that it is no use. */
static void
judge_provider(struct channel *channel, const struct classification *result)
{
	long long now = loop_now();

	channel->tally->alarms += result->alarm;
	if (result->alarm &&
	    (result->detail != channel->alarm || now >= channel->alarmed_at + ALARM_EVERY))
	{
		log_error("the provider refuses, and somebody has to see why", "{s:s, s:s}", "channel",
		          channel->provider->channel, "code", result->detail);
		channel->alarm = result->detail;
		channel->alarmed_at = now;
	}
	channel->stopped_by_alarm =
	    channel->stopped_by_alarm || (result->alarm && result->stop_seconds > 0);
	if (result->verdict != VERDICT_RETRY)
	{
		channel->failures = 0;
		patience_succeeded(&channel->patience);
	}
	/* a channel of many services lets each of them rest by itself */
	else if (channel->provider->rests == NULL && ++channel->failures >= FAILURES_STOP &&
	         now >= channel->stop_until)
	{
		channel->failures = 0;
		patience_failed(&channel->patience);
		stop(channel, channel->patience.until - now, "many failures");
	}
	if (result->stop_seconds > 0)
		stop(channel, result->stop_seconds * 1000LL, result->detail);
}

/* stop sends nothing for so long; an earlier, longer stop stays. */
static void
stop(struct channel *channel, long long milliseconds, const char *reason)
{
	long long until = loop_now() + milliseconds;

	if (loop_now() >= channel->stop_until)
		log_warning("sending stops for a while", "{s:s, s:s, s:i}", "channel",
		            channel->provider->channel, "reason", reason, "seconds",
		            (int) (milliseconds / 1000));
	if (until > channel->stop_until)
		channel->stop_until = until;
}

/*
 * channel_repeat keeps a request for many that may or may not have been taken, to
 * send it again as it is, with the key it had: with other companions each of them
 * would be told twice.  false: it was tried often enough, or is nothing of that.
 */
bool
channel_repeat(struct channel *channel, struct delivery *delivery,
               const struct classification *result)
{
	long long wait = result->retry_seconds > 0 ? result->retry_seconds * 1000LL
	                                           : REPEAT_AFTER << delivery->repetitions;

	if (delivery->with == NULL || result->verdict != VERDICT_RETRY || result->stop_seconds > 0 ||
	    delivery->repetitions >= REPETITIONS ||
	    loop_now() + wait + channel->config->timeout * 1000LL >= delivery->lease_until)
		return false;
	delivery->repetitions++;
	delivery->due = loop_now() + wait;
	delivery->next = channel->repeated;
	channel->repeated = delivery;
	return true;
}

/* channel_split queues those of a refused request one by one: one of them may be what is wrong. */
bool
channel_split(struct channel *channel, struct delivery *delivery,
              const struct classification *result)
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

/* channel_take_repeated takes a request that is due again, or any, or returns NULL. */
struct delivery *
channel_take_repeated(struct channel *channel, bool all)
{
	for (struct delivery **place = &channel->repeated; *place != NULL; place = &(*place)->next)
		if (all || (*place)->due <= loop_now())
		{
			struct delivery *delivery = *place;

			*place = delivery->next;
			delivery->next = NULL;
			return delivery;
		}
	return NULL;
}

/* channel_stop_seconds returns how long nothing will be sent, 0 if something may be. */
int
channel_stop_seconds(const struct channel *channel)
{
	long long wait = channel->stop_until - loop_now();

	return wait > 0 ? (int) (wait / 1000) + 1 : 0;
}
