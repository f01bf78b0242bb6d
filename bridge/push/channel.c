/*
 * Each channel has its lanes, its share of requests, its rate and its rests: one
 * that is slow, dead or refuses us holds up no other.  A delivery is sent only
 * while its lease lasts longer than a request can take, so that whoever claims it
 * afterwards finds nothing of it under way.
 */
#include "channel.h"

#include "group.h"
#include "lib/log.h"
#include "metrics.h"
#include "setback.h"

#include <stdlib.h>
#include <string.h>

#define ALARM_EVERY 10000 /* milliseconds between reports of one alarm */
#define FAILURES_STOP 50  /* so many in a row, and the provider is given a rest */
#define RATE_AHEAD 5      /* seconds' worth of a rate that is claimed */
#define WARNINGS 1        /* the last lane that warns of danger: evacuation and disaster */

static const struct provider *const providers[CHANNELS] = {&fcm_provider, &apns_provider,
                                                           &webpush_provider, &line_provider,
                                                           &smtp_provider};

static int rate_of(const struct config *config, size_t which);
static struct delivery *take_ready(struct channel *channel, bool urgent_only);
static int most_requests(const struct channel *channel);
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
		                            .drained = -1,
		                            .filled_at = loop_now(),
		                            .patience = {.first = 1000, .longest = 60000}};
		lanes_open(&channel->lanes);
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
	struct delivery *delivery = setback_all(channel, NULL, 0), *next, *with;

	for (; delivery != NULL; delivery = next)
	{
		next = delivery->next;
		for (; delivery != NULL; delivery = with)
		{
			with = delivery->with;
			delivery_free(delivery);
		}
	}
	channel->provider->close(channel->self);
}

/* channel_inherit takes over what an older channel of the same provider has not begun. */
void
channel_inherit(struct channel *channel, struct channel *older)
{
	struct delivery *delivery;
	struct place place = lanes_begin(&older->lanes);

	while (lanes_at(&older->lanes, &place) != NULL)
		channel_put(channel, lanes_take(&older->lanes, &place));
	while ((delivery = older->repeated) != NULL)
	{
		older->repeated = delivery->next;
		for (struct delivery *d = delivery; d != NULL; d = d->with)
			d->channel = channel;
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

/* channel_put adds a delivery to its lane. */
void
channel_put(struct channel *channel, struct delivery *delivery)
{
	delivery->channel = channel;
	lanes_put(&channel->lanes, delivery);
}

/*
 * channel_wants tells whether more may be claimed for it, and what: of those lanes
 * of which less than half a batch waits here.  Two batches are held at most, and a
 * third of what warns of danger alone: whatever a slow provider holds up leaves
 * that room.  Three batches is what may be sent twice.
 */
bool
channel_wants(const struct channel *channel, struct claim *claim)
{
	int batch = channel->config->batch, waiting = 0, least, room;

	/* what a rate lets through within seconds; one request of many can carry more */
	if (channel->rate > 0 && channel->provider->joins == NULL && channel->rate * RATE_AHEAD < batch)
		batch = channel->rate * RATE_AHEAD;
	claim->lane = -1;
	for (int i = 0; i < LANES; i++)
	{
		waiting += channel->lanes.queued[i];
		if (waiting > batch / 2)
			break;
		claim->lane = i;
	}
	least = (batch + 3) / 4;
	room = 2 * channel->config->batch - channel->tally->held;
	if (room < least && claim->lane > WARNINGS)
		claim->lane = WARNINGS;
	if (claim->lane <= WARNINGS)
		room += channel->config->batch;
	claim->rows = room < batch ? room : batch;
	/* a claim for a few is not worth its transaction */
	return claim->lane > channel->drained && claim->rows >= least && channel_may_send(channel);
}

/* channel_is_drained tells whether nothing more was there to claim. */
bool
channel_is_drained(const struct channel *channel)
{
	return channel->drained == LANES - 1;
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
	int most = most_requests(channel), left = most - channel->under_way;
	struct delivery *delivery;

	if (channel->rate > 0)
	{
		channel->allowance += (now - channel->filled_at) * channel->rate / 1000.0;
		if (channel->allowance > channel->rate)
			channel->allowance = channel->rate;
		channel->filled_at = now;
		if (channel->allowance < 1)
			return NULL;
	}
	if (!channel_may_send(channel) || left <= 0)
		return NULL;
	delivery = group_take_due(channel);
	/* a quarter of all is kept for what is urgent, of a few one */
	if (delivery == NULL &&
	    (delivery = take_ready(channel, most > 1 && left <= (most + 3) / 4)) != NULL)
		group_gather(channel, delivery);
	channel->allowance -= delivery != NULL && channel->rate > 0;
	return delivery;
}

/* take_ready takes the first whose service takes one more, or returns NULL. */
static struct delivery *
take_ready(struct channel *channel, bool urgent_only)
{
	struct place place = lanes_begin(&channel->lanes);
	struct delivery *delivery;

	while ((delivery = lanes_at(&channel->lanes, &place)) != NULL)
		if (urgent_only && !delivery->urgent)
			lanes_skip(&channel->lanes, &place);
		else if (channel->provider->admits == NULL ||
		         channel->provider->admits(channel->self, delivery))
			return lanes_take(&channel->lanes, &place);
		else
			lanes_step(&place);
	return NULL;
}

/* most_requests returns how many may be under way: none is to wait for a connection in libcurl. */
static int
most_requests(const struct channel *channel)
{
	int most = channel->config->in_flight;

	if (channel->serial && channel->config->connections < most)
		most = channel->config->connections;
	if (channel->provider->limit != NULL && channel->provider->limit(channel->self) < most)
		most = channel->provider->limit(channel->self);
	return most;
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
			for (struct delivery *d = delivery; d != NULL; d = d->with)
				d->begun = true;
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
	if (answer->error == CURLE_OK)
		channel->serial = answer->serial && channel->provider->rests == NULL;
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
	if (result->alarm && (channel->alarm == NULL || strcmp(result->detail, channel->alarm) != 0 ||
	                      now >= channel->alarmed_at + ALARM_EVERY))
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

/* channel_stop_seconds returns how long nothing will be sent, 0 if something may be. */
int
channel_stop_seconds(const struct channel *channel)
{
	long long wait = channel->stop_until - loop_now();

	return wait > 0 ? (int) (wait / 1000) + 1 : 0;
}
