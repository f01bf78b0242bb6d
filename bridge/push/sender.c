/*
 * The loop.  Nothing in it waits but one poll over the providers' connections,
 * the database's and the signals; it knows channels, and no provider.
 * Duplicates are bounded by what is in flight when this process or its machine
 * dies.
 */
#include "sender.h"

#include "channel.h"
#include "lib/curl.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/pg.h"
#include "metrics.h"
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#define TURN_BUSY 50 /* milliseconds a poll may last */
#define TURN_IDLE 500
#define REPORT_EVERY 10000 /* milliseconds between reports of progress */

struct sender
{
	const struct config *config;
	struct channel channels[CHANNELS];
	int count; /* -1: they could not be opened */
	struct outbox *outbox;
	struct http *http;
	int signals;
	bool once, ending;
	long long drain_until, reported_at, reported;
};

static bool open_all(struct sender *sender, const struct config *config);
static void close_all(struct sender *sender);
static bool turn(struct sender *sender);
static void take_answers(struct sender *sender);
static struct channel *channel_of(struct sender *sender, const struct http_answer *answer);
static void take_answer(struct sender *sender, struct channel *channel,
                        const struct http_answer *answer);
static bool is_done(struct sender *sender, enum exit_code *code);
static void send_queue(struct sender *sender, struct channel *channel);
static void send_one(struct sender *sender, struct channel *channel, struct delivery *delivery);
static void hand_back(struct sender *sender, struct channel *channel);
static void report(struct sender *sender, const char *event);

/* sender_run works until it is told to end, or, once, until nothing is claimable. */
enum exit_code
sender_run(const struct config *config, bool once)
{
	struct sender sender = {.once = once};
	enum exit_code code = EXIT_CONFIGURATION;

	sender.signals = loop_begin();
	if (open_all(&sender, config))
	{
		log_info("ready", "{s:i}", "channels", sender.count);
		code = EXIT_INTERNAL;
		while (turn(&sender) && !is_done(&sender, &code))
		{
			struct http_file files[] = {{.file = sender.signals},
			                            {.file = outbox_socket(sender.outbox)}};

			http_wait(sender.http, files, 2,
			          outbox_unfinished(sender.outbox) > 0 ? TURN_BUSY : TURN_IDLE);
		}
		report(&sender, "ended");
	}
	close_all(&sender);
	return code;
}

/* sender_check tells whether all is there that the work needs; it sends nothing. */
enum exit_code
sender_check(const struct config *config)
{
	struct sender sender = {0};
	enum exit_code code = EXIT_CONFIGURATION;
	bool good = open_all(&sender, config);

	for (int i = 0; good && i < sender.count; i++)
		good = sender.channels[i].provider->check(sender.channels[i].self);
	if (good)
	{
		log_info("would use", "{s:s, s:s, s:i, s:i, s:i, s:i}", "ca_file",
		         config->ca_file ? config->ca_file : "the system's", "metrics",
		         config->metrics ? config->metrics : "none", "batch", config->batch, "in_flight",
		         config->in_flight, "connections", config->connections, "lease", config->lease);
		if (outbox_check(sender.outbox))
			code = EXIT_GOOD;
		else
			code = pg_trouble == PG_STALE ? EXIT_VERSION : EXIT_DATABASE;
	}
	close_all(&sender);
	return code;
}

static bool
open_all(struct sender *sender, const struct config *config)
{
	struct http_options options = {.ca_file = config->ca_file,
	                               .protocols = "https,smtp,smtps",
	                               .connections = config->connections,
	                               .timeout = config->timeout * 1000L};

	sender->config = config;
	sender->reported_at = loop_now();
	sender->count = channel_open_all(sender->channels, config);
	if (sender->count < 0)
		return false;
	/* each has all that it may use, and one more for its access token */
	options.in_flight = sender->count * (config->in_flight + 1);
	sender->outbox = outbox_open(config, sender->channels, sender->count);
	sender->http = http_open(&options);
	if (sender->http == NULL)
		log_error("libcurl could not be set up", NULL);
	return sender->outbox != NULL && sender->http != NULL;
}

static void
close_all(struct sender *sender)
{
	struct delivery *delivery;

	if (sender->http != NULL)
		http_close(sender->http);
	for (int i = 0; i < sender->count; i++)
	{
		while ((delivery = channel_take_repeated(&sender->channels[i], true)) != NULL ||
		       (delivery = channel_take(&sender->channels[i])) != NULL)
			delivery_free(delivery);
		channel_close(&sender->channels[i]);
	}
	if (sender->outbox != NULL)
		outbox_close(sender->outbox);
}

/* turn moves everything on by as much as can be done without waiting. */
static bool
turn(struct sender *sender)
{
	if (!sender->ending && loop_ending())
	{
		sender->ending = true;
		sender->drain_until = loop_now() + sender->config->drain * 1000LL;
		log_info("ending", "{s:i}", "unfinished", outbox_unfinished(sender->outbox));
	}
	if (!http_turn(sender->http))
	{
		log_error("libcurl cannot go on", NULL);
		return false;
	}
	take_answers(sender);
	/* what became free is used before the next wait */
	for (int i = 0; i < sender->count; i++)
		if (sender->channels[i].provider->turn != NULL)
			sender->channels[i].provider->turn(sender->channels[i].self, sender->http);
	outbox_turn(sender->outbox, !sender->ending);
	for (int i = 0; i < sender->count; i++)
	{
		struct channel *channel = &sender->channels[i];

		if (channel_may_send(channel))
			send_queue(sender, channel);
		else if (channel_stop_seconds(channel) > 0 || sender->ending)
			hand_back(sender, channel);
	}
	if (loop_now() >= sender->reported_at + REPORT_EVERY)
		report(sender, "progress");
	return true;
}

static void
take_answers(struct sender *sender)
{
	struct http_answer answer;

	while (http_next(sender->http, &answer))
	{
		struct channel *channel = channel_of(sender, &answer);

		if (answer.context == channel->self)
			channel->provider->take_answer(channel->self, &answer);
		else
			take_answer(sender, channel, &answer);
	}
}

/* channel_of returns the channel that an answer is for. */
static struct channel *
channel_of(struct sender *sender, const struct http_answer *answer)
{
	for (int i = 0; i < sender->count; i++)
		if (answer->context == sender->channels[i].self)
			return &sender->channels[i];
	return ((const struct delivery *) answer->context)->channel;
}

/* take_answer decides what becomes of a delivery, and of those that went with it. */
static void
take_answer(struct sender *sender, struct channel *channel, const struct http_answer *answer)
{
	struct delivery *delivery = answer->context, *with;
	struct classification result;

	channel_judge(channel, answer, delivery, &result);
	if (channel_repeat(channel, delivery, &result) || channel_split(channel, delivery, &result))
		return;
	for (; delivery != NULL; delivery = with)
	{
		with = delivery->with;
		outbox_complete(sender->outbox, delivery, &result);
	}
}

/* is_done tells whether the loop ends now, and as what. */
static bool
is_done(struct sender *sender, enum exit_code *code)
{
	bool connected = outbox_connected(sender->outbox);
	bool idle = outbox_unfinished(sender->outbox) == 0;
	bool blocked = false, waiting = false;

	for (int i = 0; i < sender->count; i++)
		if (channel_blocked(&sender->channels[i]))
			blocked = true;
		else
			waiting = waiting || !sender->channels[i].drained || !outbox_idle(sender->outbox);
	if (!connected && pg_trouble == PG_STALE)
		*code = EXIT_VERSION;
	else if (!connected && (pg_trouble == PG_ABSENT || sender->once))
		*code = EXIT_DATABASE;
	else if (sender->ending && (idle || loop_now() >= sender->drain_until))
		*code = EXIT_GOOD;
	else if (sender->once && idle && !waiting)
		*code = blocked ? EXIT_PROVIDER : EXIT_GOOD;
	else
		return false;
	return true;
}

/* send_queue begins as many requests of a channel as it may. */
static void
send_queue(struct sender *sender, struct channel *channel)
{
	struct delivery *delivery;
	int seconds;

	while ((delivery = channel_take_resting(channel, &seconds)) != NULL)
		outbox_hand_back(sender->outbox, delivery, "stopped", seconds);
	while ((delivery = channel_take_repeated(channel, false)) != NULL ||
	       (delivery = channel_next(channel)) != NULL)
		send_one(sender, channel, delivery);
}

/* send_one begins a request, or lets go of what it would have carried. */
static void
send_one(struct sender *sender, struct channel *channel, struct delivery *delivery)
{
	long long ends = loop_now() + sender->config->timeout * 1000LL;
	bool late = false;
	struct delivery *with;

	for (const struct delivery *d = delivery; d != NULL; d = d->with)
		late = late || ends >= d->lease_until;
	if (!late && channel_begin(channel, delivery, sender->http))
		return;
	for (; delivery != NULL; delivery = with)
	{
		with = delivery->with;
		if (late)
			outbox_let_lapse(sender->outbox, delivery);
		else
			outbox_hand_back(sender->outbox, delivery, "not_begun", 1);
	}
}

/* hand_back gives up what is not under way, for later or for another worker. */
static void
hand_back(struct sender *sender, struct channel *channel)
{
	int wait = channel_stop_seconds(channel);
	struct delivery *delivery, *with;

	while ((delivery = channel_take_repeated(channel, true)) != NULL ||
	       (delivery = channel_take(channel)) != NULL)
		for (; delivery != NULL; delivery = with)
		{
			with = delivery->with;
			outbox_hand_back(sender->outbox, delivery, "stopped", wait > 1 ? wait : 1);
		}
}

/* report logs what was done, if anything was since the last report, and writes the metrics. */
static void
report(struct sender *sender, const char *event)
{
	long long counts[VERDICTS] = {0}, sum = 0;

	sender->reported_at = loop_now();
	if (sender->config->metrics != NULL)
		metrics_write(sender->config->metrics, sender->channels, sender->count,
		              outbox_ages(sender->outbox));
	for (int i = 0; i < sender->count; i++)
		for (int verdict = 0; verdict < VERDICTS; verdict++)
		{
			counts[verdict] += sender->channels[i].tally.verdicts[verdict];
			sum += sender->channels[i].tally.verdicts[verdict];
		}
	if (sum == sender->reported && strcmp(event, "progress") == 0)
		return;
	sender->reported = sum;
	log_info(event, "{s:I, s:I, s:I, s:I, s:i}", "delivered", counts[VERDICT_DELIVERED], "retired",
	         counts[VERDICT_RETIRED], "failed", counts[VERDICT_FAILED], "retried",
	         counts[VERDICT_RETRY], "unfinished", outbox_unfinished(sender->outbox));
}
