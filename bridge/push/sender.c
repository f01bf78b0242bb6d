/*
 * The loop.  Nothing in it waits but one poll over the providers' connections,
 * the database's and the signals; it knows channels, and no provider.
 * Duplicates are bounded by what is in flight when this process or its machine
 * dies.
 */
#include "sender.h"

#include "generation.h"
#include "lib/curl.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/pg.h"
#include "lib/service.h"
#include "metrics.h"
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#define TURN_BUSY 50 /* milliseconds a poll may last */
#define TURN_IDLE 500
#define REPORT_EVERY 10000 /* milliseconds between reports of progress */
#define STOPPING_TAKES 10  /* seconds beside draining: the last outcomes, connections */

struct sender
{
	const char *path;               /* of the settings */
	struct generation *now;         /* NULL: it could not be opened */
	struct generation *older;       /* what began before the last reload; NULL: it is over */
	struct tally tallies[CHANNELS]; /* of all generations */
	struct outbox *outbox;
	struct http *http;
	int signals;
	bool once, ending;
	long long drain_until, reported_at, reported;
};

static bool open_all(struct sender *sender);
static struct http_options options_of(const struct generation *generation);
static void close_all(struct sender *sender);
static bool turn(struct sender *sender);
static void end(struct sender *sender);
static void reload(struct sender *sender);
static bool take_over(struct sender *sender, struct generation *fresh);
static void outlive(struct sender *sender);
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
sender_run(const char *path, bool once)
{
	struct sender sender = {.path = path, .once = once};
	enum exit_code code = EXIT_CONFIGURATION;

	service_begin();
	sender.signals = loop_begin(!once);
	if (open_all(&sender))
	{
		log_from(sender.now->config.log_level);
		log_info("ready", "{s:i}", "channels", sender.now->count);
		service_ready();
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
sender_check(const char *path)
{
	struct sender sender = {.path = path};
	enum exit_code code = EXIT_CONFIGURATION;
	bool good = open_all(&sender);

	for (int i = 0; good && i < sender.now->count; i++)
		good = sender.now->channels[i].provider->check(sender.now->channels[i].self);
	if (good)
	{
		const struct config *config = &sender.now->config;

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
open_all(struct sender *sender)
{
	struct generation *now = sender->now = generation_open(sender->path, sender->tallies);
	struct http_options options;

	sender->reported_at = loop_now();
	if (now == NULL)
		return false;
	options = options_of(now);
	sender->outbox = outbox_open(&now->config, now->channels, now->count);
	sender->http = http_open(&options);
	if (sender->http == NULL)
		log_error("libcurl could not be set up", NULL);
	return sender->outbox != NULL && sender->http != NULL;
}

static struct http_options
options_of(const struct generation *generation)
{
	const struct config *config = &generation->config;

	return (
	    struct http_options){.ca_file = config->ca_file,
	                         .protocols = "https,smtp,smtps",
	                         .connections = config->connections,
	                         /* each has all that it may use, and one more for its access token */
	                         .in_flight = generation->count * (config->in_flight + 1),
	                         .timeout = config->timeout * 1000L};
}

static void
close_all(struct sender *sender)
{
	if (sender->http != NULL)
		http_close(sender->http);
	if (sender->older != NULL)
		generation_close(sender->older);
	if (sender->now != NULL)
		generation_close(sender->now);
	if (sender->outbox != NULL)
		outbox_close(sender->outbox);
}

/* turn moves everything on by as much as can be done without waiting. */
static bool
turn(struct sender *sender)
{
	struct generation *now;

	if (!sender->ending && loop_ending())
		end(sender);
	/* one reload at a time: what it replaced is gone before the next */
	if (!sender->ending && sender->older == NULL && loop_reloading())
		reload(sender);
	now = sender->now;
	if (!http_turn(sender->http))
	{
		log_error("libcurl cannot go on", NULL);
		return false;
	}
	take_answers(sender);
	if (sender->older != NULL)
		outlive(sender);
	/* what became free is used before the next wait */
	for (int i = 0; i < now->count; i++)
		if (now->channels[i].provider->turn != NULL)
			now->channels[i].provider->turn(now->channels[i].self, sender->http);
	outbox_turn(sender->outbox, !sender->ending);
	for (int i = 0; i < now->count; i++)
	{
		struct channel *channel = &now->channels[i];

		if (channel_may_send(channel))
			send_queue(sender, channel);
		else if (channel_stop_seconds(channel) > 0 || sender->ending)
			hand_back(sender, channel);
	}
	if (loop_now() >= sender->reported_at + REPORT_EVERY)
		report(sender, "progress");
	service_alive();
	return true;
}

static void
end(struct sender *sender)
{
	int drain = sender->now->config.drain;

	sender->ending = true;
	sender->drain_until = loop_now() + drain * 1000LL;
	log_info("ending", "{s:i}", "unfinished", outbox_unfinished(sender->outbox));
	service_stopping(drain + STOPPING_TAKES);
}

/* reload reads the settings again and goes on with them, or without where they are not good. */
static void
reload(struct sender *sender)
{
	struct generation *fresh;

	service_reloading();
	fresh = generation_open(sender->path, sender->tallies);
	if (fresh != NULL && take_over(sender, fresh))
	{
		log_from(fresh->config.log_level);
		log_info("reloaded", "{s:i}", "channels", fresh->count);
	}
	else
	{
		log_error("the settings before stay in use", NULL);
		if (fresh != NULL)
			generation_close(fresh);
	}
	service_ready();
}

/* take_over makes a generation the one that works; false: it could not, and nothing has changed. */
static bool
take_over(struct sender *sender, struct generation *fresh)
{
	struct http_options options = options_of(fresh);

	if (fresh->config.drill != sender->now->config.drill)
	{
		log_error("a setting cannot change while we run", "{s:s, s:s}", "setting", "drill", "hint",
		          "Residents' messages and drills have processes of their own: restart it.");
		return false;
	}
	if (!outbox_change(sender->outbox, &fresh->config, fresh->channels, fresh->count))
		return false;
	/* out of memory: what finds no handle is handed back */
	http_change(sender->http, &options);
	sender->older = sender->now;
	sender->now = fresh;
	return true;
}

/* outlive takes over what the older generation has not begun, and closes it when it is over. */
static void
outlive(struct sender *sender)
{
	struct generation *older = sender->older;

	generation_inherit(sender->now, older);
	for (int i = 0; i < older->count; i++)
		hand_back(sender, &older->channels[i]);
	if (!generation_is_over(older))
		return;
	generation_close(older);
	sender->older = NULL;
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
	struct channel *channel = generation_channel(sender->now, answer->context);

	if (channel == NULL && sender->older != NULL)
		channel = generation_channel(sender->older, answer->context);
	if (channel != NULL)
		return channel;
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

	for (int i = 0; i < sender->now->count; i++)
		if (channel_blocked(&sender->now->channels[i]))
			blocked = true;
		else
			waiting = waiting || !sender->now->channels[i].drained || !outbox_idle(sender->outbox);
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
	long long ends = loop_now() + sender->now->config.timeout * 1000LL;
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

/*
 * hand_back gives up what is not under way: another worker may send it at once, and
 * so may we when the channel's rest is over, or a reload has ended it.
 */
static void
hand_back(struct sender *sender, struct channel *channel)
{
	struct delivery *delivery, *with;

	while ((delivery = channel_take_repeated(channel, true)) != NULL ||
	       (delivery = channel_take(channel)) != NULL)
		for (; delivery != NULL; delivery = with)
		{
			with = delivery->with;
			outbox_hand_back(sender->outbox, delivery, "stopped", 1);
		}
}

/* report logs what was done, if anything was since the last report, and writes the metrics. */
static void
report(struct sender *sender, const char *event)
{
	const struct generation *now = sender->now;
	long long counts[VERDICTS] = {0}, sum = 0;

	sender->reported_at = loop_now();
	if (now->config.metrics != NULL)
		metrics_write(now->config.metrics, now->channels, now->count,
		              outbox_connected(sender->outbox), outbox_ages(sender->outbox));
	for (int i = 0; i < CHANNELS; i++)
		for (int verdict = 0; verdict < VERDICTS; verdict++)
		{
			counts[verdict] += sender->tallies[i].verdicts[verdict];
			sum += sender->tallies[i].verdicts[verdict];
		}
	service_status("delivered %lld, unfinished %d%s", counts[VERDICT_DELIVERED],
	               outbox_unfinished(sender->outbox),
	               outbox_connected(sender->outbox) ? "" : "; the database is away");
	if (sum == sender->reported && strcmp(event, "progress") == 0)
		return;
	sender->reported = sum;
	log_info(event, "{s:I, s:I, s:I, s:I, s:i}", "delivered", counts[VERDICT_DELIVERED], "retired",
	         counts[VERDICT_RETIRED], "failed", counts[VERDICT_FAILED], "retried",
	         counts[VERDICT_RETRY], "unfinished", outbox_unfinished(sender->outbox));
}
