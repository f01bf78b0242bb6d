/*
 * The loop.  Nothing in it waits but one poll over FCM's connections, the
 * database's and the signals.  A delivery is sent only while its lease lasts
 * longer than a request can take, so that whoever claims it afterwards finds
 * nothing of it under way: duplicates are bounded by what is in flight when
 * this process or its machine dies.
 */
#include "sender.h"

#include "classify.h"
#include "fcm.h"
#include "lib/curl.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/pg.h"
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#define TURN_BUSY 50 /* milliseconds a poll may last */
#define TURN_IDLE 500
#define REPORT_EVERY 10000 /* milliseconds between reports of progress, and of one alarm */
#define UNTRUSTED_STOP 60  /* seconds to wait when the provider's certificate is wrong */
#define FAILURES_STOP 50   /* so many in a row, and the provider is given a rest */

struct sender
{
	const struct config *config;
	struct outbox *outbox;
	struct fcm *fcm;
	struct http *http;
	int signals;
	bool once, ending, stopped_by_alarm;
	long long drain_until, stop_until, reported_at, alarmed_at;
	const char *alarm;
	int failures; /* in a row */
	struct patience patience;
	long long counts[VERDICT_RETRY + 1], reported;
};

static bool open_all(struct sender *sender, const struct config *config);
static bool turn(struct sender *sender);
static bool is_done(struct sender *sender, enum exit_code *code);
static bool may_send(const struct sender *sender);
static void send_queue(struct sender *sender);
static bool send_one(struct sender *sender, struct delivery *delivery);
static void hand_back(struct sender *sender);
static void take_answer(struct sender *sender, const struct http_answer *answer);
static void classify_failure(CURLcode error, struct classification *result);
static void judge_provider(struct sender *sender, const struct classification *result);
static void stop(struct sender *sender, long long milliseconds, const char *reason);
static void report(struct sender *sender, const char *event);

/* sender_run works until it is told to end, or, once, until nothing is claimable. */
enum exit_code
sender_run(const struct config *config, bool once)
{
	struct sender sender = {.once = once, .patience = {.first = 1000, .longest = 60000}};
	enum exit_code code = EXIT_CONFIGURATION;

	sender.signals = loop_begin();
	if (open_all(&sender, config))
	{
		log_info("ready", "{s:s}", "project", fcm_project(sender.fcm));
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
	if (sender.http != NULL)
		http_close(sender.http);
	if (sender.outbox != NULL)
		outbox_close(sender.outbox);
	if (sender.fcm != NULL)
		fcm_close(sender.fcm);
	return code;
}

/* sender_check tells whether all is there that the work needs; it sends nothing. */
enum exit_code
sender_check(const struct config *config)
{
	struct sender sender = {0};
	enum exit_code code = EXIT_CONFIGURATION;

	if (open_all(&sender, config) && fcm_signs(sender.fcm))
	{
		log_info("would use", "{s:s, s:s, s:s, s:i, s:i, s:i, s:i}", "url", fcm_url(sender.fcm),
		         "service_account", config->service_account, "ca_file",
		         config->ca_file ? config->ca_file : "the system's", "batch", config->batch,
		         "in_flight", config->in_flight, "connections", config->connections, "lease",
		         config->lease);
		if (outbox_check(sender.outbox))
			code = EXIT_GOOD;
		else
			code = pg_trouble == PG_STALE ? EXIT_VERSION : EXIT_DATABASE;
	}
	if (sender.http != NULL)
		http_close(sender.http);
	if (sender.outbox != NULL)
		outbox_close(sender.outbox);
	if (sender.fcm != NULL)
		fcm_close(sender.fcm);
	return code;
}

static bool
open_all(struct sender *sender, const struct config *config)
{
	struct http_options options = {.ca_file = config->ca_file,
	                               .protocols = "https",
	                               .connections = config->connections,
	                               .in_flight = config->in_flight,
	                               .timeout = config->timeout * 1000L};

	sender->config = config;
	sender->reported_at = loop_now();
	sender->fcm = fcm_open(config);
	sender->outbox = outbox_open(config);
	sender->http = http_open(&options);
	if (sender->http == NULL)
		log_error("libcurl could not be set up", NULL);
	return sender->fcm != NULL && sender->outbox != NULL && sender->http != NULL;
}

/* turn moves everything on by as much as can be done without waiting. */
static bool
turn(struct sender *sender)
{
	struct http_answer answer;

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
	while (http_next(sender->http, &answer))
		if (answer.context == sender->fcm)
			fcm_take_answer(sender->fcm, &answer);
		else
			take_answer(sender, &answer);
	/* what became free is used before the next wait */
	fcm_turn(sender->fcm, sender->http);
	outbox_turn(sender->outbox, may_send(sender) && !sender->ending);
	if (may_send(sender))
		send_queue(sender);
	else if (loop_now() < sender->stop_until || sender->ending)
		hand_back(sender);
	if (loop_now() >= sender->reported_at + REPORT_EVERY)
		report(sender, "progress");
	return true;
}

/* is_done tells whether the loop ends now, and as what. */
static bool
is_done(struct sender *sender, enum exit_code *code)
{
	bool idle = outbox_unfinished(sender->outbox) == 0;

	if (!outbox_connected(sender->outbox) && pg_trouble == PG_STALE)
		*code = EXIT_VERSION;
	else if (!outbox_connected(sender->outbox) && pg_trouble == PG_ABSENT)
		*code = EXIT_DATABASE;
	else if (sender->once && !outbox_connected(sender->outbox))
		*code = EXIT_DATABASE;
	else if (sender->once && idle && (sender->stopped_by_alarm || fcm_refused(sender->fcm)))
		*code = EXIT_PROVIDER;
	else if (sender->ending && (idle || loop_now() >= sender->drain_until))
		*code = EXIT_GOOD;
	else if (sender->once && idle && outbox_empty(sender->outbox))
		*code = EXIT_GOOD;
	else
		return false;
	return true;
}

static bool
may_send(const struct sender *sender)
{
	return fcm_ready(sender->fcm) && loop_now() >= sender->stop_until;
}

/* send_queue begins as many requests as there are handles for. */
static void
send_queue(struct sender *sender)
{
	struct delivery *delivery;

	/* one handle is kept for the access token */
	while (http_free_slots(sender->http) > (sender->config->in_flight > 1) &&
	       (delivery = outbox_next(sender->outbox)) != NULL)
	{
		if (loop_now() + sender->config->timeout * 1000LL >= delivery->lease_until)
			outbox_let_lapse(sender->outbox, delivery);
		else if (!send_one(sender, delivery))
			outbox_complete(sender->outbox, delivery, VERDICT_RETRY, "not_begun", 1);
	}
}

static bool
send_one(struct sender *sender, struct delivery *delivery)
{
	struct http_request request = {.url = fcm_url(sender->fcm),
	                               .body = delivery->message,
	                               .length = delivery->length,
	                               .context = delivery};

	delivery->credential = fcm_credential(sender->fcm);
	request.headers = delivery->credential->headers;
	if (http_begin(sender->http, &request))
		return true;
	fcm_release(delivery->credential);
	return false;
}

/* hand_back gives up what is not under way, for later or for another worker. */
static void
hand_back(struct sender *sender)
{
	long long wait = (sender->stop_until - loop_now()) / 1000 + 1;
	struct delivery *delivery;

	while ((delivery = outbox_next(sender->outbox)) != NULL)
		outbox_complete(sender->outbox, delivery, VERDICT_RETRY, "stopped",
		                wait > 1 ? (int) wait : 1);
}

/* take_answer decides what becomes of a delivery. */
static void
take_answer(struct sender *sender, const struct http_answer *answer)
{
	struct delivery *delivery = answer->context;
	struct classification result;

	if (answer->error == CURLE_OK)
		classify_answer(answer->status, answer->body, answer->length, answer->retry_after,
		                delivery->attempt, &result);
	else
		classify_failure(answer->error, &result);
	if (result.stale_token)
		fcm_doubt(sender->fcm, delivery->credential);
	judge_provider(sender, &result);
	sender->counts[result.verdict]++;
	fcm_release(delivery->credential);
	outbox_complete(sender->outbox, delivery, result.verdict, result.detail, result.retry_seconds);
}

/* classify_failure is classify_answer for a request that got no answer. */
static void
classify_failure(CURLcode error, struct classification *result)
{
	memset(result, 0, sizeof(*result));
	result->verdict = VERDICT_RETRY;
	result->detail = error == CURLE_OPERATION_TIMEDOUT ? "timeout" : "network";
	if (http_peer_is_wrong(error))
	{
		result->detail = "untrusted_peer";
		result->alarm = true;
		result->retry_seconds = result->stop_seconds = UNTRUSTED_STOP;
	}
}

/* judge_provider stops sending where an answer, or a row of failures, says that it is no use. */
static void
judge_provider(struct sender *sender, const struct classification *result)
{
	long long now = loop_now();

	if (result->alarm &&
	    (result->detail != sender->alarm || now >= sender->alarmed_at + REPORT_EVERY))
	{
		log_error("the provider refuses, and somebody has to see why", "{s:s}", "code",
		          result->detail);
		sender->alarm = result->detail;
		sender->alarmed_at = now;
	}
	sender->stopped_by_alarm =
	    sender->stopped_by_alarm || (result->alarm && result->stop_seconds > 0);
	if (result->verdict != VERDICT_RETRY)
	{
		sender->failures = 0;
		patience_succeeded(&sender->patience);
	}
	else if (++sender->failures >= FAILURES_STOP && now >= sender->stop_until)
	{
		sender->failures = 0;
		patience_failed(&sender->patience);
		stop(sender, sender->patience.until - now, "many failures");
	}
	if (result->stop_seconds > 0)
		stop(sender, result->stop_seconds * 1000LL, result->detail);
}

/* stop sends nothing for so long; an earlier, longer stop stays. */
static void
stop(struct sender *sender, long long milliseconds, const char *reason)
{
	long long until = loop_now() + milliseconds;

	if (loop_now() >= sender->stop_until)
		log_warning("sending stops for a while", "{s:s, s:i}", "reason", reason, "seconds",
		            (int) (milliseconds / 1000));
	if (until > sender->stop_until)
		sender->stop_until = until;
}

/* report logs what was done, if anything was since the last report. */
static void
report(struct sender *sender, const char *event)
{
	const long long *counts = sender->counts;
	long long sum = counts[VERDICT_DELIVERED] + counts[VERDICT_RETIRED] + counts[VERDICT_FAILED] +
	                counts[VERDICT_RETRY];

	sender->reported_at = loop_now();
	if (sum == sender->reported && strcmp(event, "progress") == 0)
		return;
	sender->reported = sum;
	log_info(event, "{s:I, s:I, s:I, s:I, s:i}", "delivered", counts[VERDICT_DELIVERED], "retired",
	         counts[VERDICT_RETIRED], "failed", counts[VERDICT_FAILED], "retried",
	         counts[VERDICT_RETRY], "unfinished", outbox_unfinished(sender->outbox));
}
