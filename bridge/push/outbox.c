/*
 * One connection, never waited for: while the database works on a claim or a
 * completion, sending goes on.  Completions that were under way when the
 * connection broke are repeated on the next one; those that had arrived after
 * all find their rows gone and change nothing.
 */
#include "outbox.h"

#include "fcm.h"
#include "lib/async.h"
#include "lib/loop.h"
#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOME_PATIENCE 50 /* milliseconds that an outcome waits for others */

enum column
{
	COLUMN_RESIDENT,
	COLUMN_DELIVERY,
	COLUMN_CHANNEL,
	COLUMN_TOKEN,
	COLUMN_TITLE,
	COLUMN_BODY,
	COLUMN_DATA,
	COLUMN_COLLAPSE_KEY,
	COLUMN_TTL,
	COLUMN_PRIORITY,
	COLUMN_ATTEMPT,
	COLUMN_NOTIFICATION
};

/*
 * Residents' messages and drills are two queues.  A process serves one, and its
 * role in the database may call the functions of that one only.
 */
struct queue
{
	const char *channel; /* which notification wakes us */
	const char *claim, *complete, *check;
};

#define QUEUE(wake, drill)                                                                  \
	{                                                                                       \
		.channel = wake,                                                                    \
		.claim = "SELECT resident_id, delivery_id, channel, token, title, body, data,"      \
		         " collapse_key, ttl, priority, attempt, notification_id"                   \
		         " FROM passport.claim_" drill "deliveries($1, $2, $3)",                    \
		.complete = "SELECT passport.complete_" drill "deliveries($1, $2, $3, $4, $5, $6)", \
		.check = "SELECT has_function_privilege("                                           \
		         "'passport.claim_" drill "deliveries(text,int,interval)', 'EXECUTE')"      \
		         " AND has_function_privilege('passport.complete_" drill                    \
		         "deliveries(text,bigint[],bigint[],text[],text[],int[])', 'EXECUTE')",     \
	}

static const struct queue live_queue = QUEUE("passport_outbox", "");
static const struct queue drill_queue = QUEUE("passport_drill", "drill_");

struct outbox
{
	const struct config *config;
	const struct queue *queue;
	struct async async;
	enum
	{
		IDLE,
		CLAIMING,
		COMPLETING
	} state;
	char batch[12], lease[24];
	struct delivery *first, **last; /* claimed, not yet under way */
	int queued, unfinished;         /* unfinished: all that is ours, outcomes apart */
	struct outcomes outcomes;
	long long claimed_at, last_claim;
	bool empty;
};

static void take_results(struct outbox *outbox);
static void take_claimed(struct outbox *outbox, PGresult *result);
static void take_row(struct outbox *outbox, PGresult *result, int row);
static void begin_claim(struct outbox *outbox);
static void begin_completion(struct outbox *outbox);

/* outbox_open makes an outbox that will connect when it is turned first. */
struct outbox *
outbox_open(const struct config *config)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (outbox == NULL)
		return NULL;
	outbox->queue = config->drill ? &drill_queue : &live_queue;
	async_open(&outbox->async, config->database, "passport-push", outbox->queue->channel);
	snprintf(outbox->batch, sizeof(outbox->batch), "%d", config->batch);
	snprintf(outbox->lease, sizeof(outbox->lease), "%d s", config->lease);
	outbox->config = config;
	outbox->last = &outbox->first;
	return outbox;
}

/* outbox_check connects and tells whether we may do our work there. */
bool
outbox_check(struct outbox *outbox)
{
	return async_allows(&outbox->async, outbox->queue->check, "this role may not claim deliveries");
}

/*
 * outbox_turn moves things on: connects, takes results, completes what is due,
 * and claims if more is wanted.
 */
void
outbox_turn(struct outbox *outbox, bool want)
{
	int under_way = outbox->unfinished - outbox->queued;

	async_turn(&outbox->async);
	take_results(outbox);
	if (!outbox->async.busy)
	{
		outbox->state = IDLE;
		outbox->outcomes.under_way = 0;
	}
	if (outbox->async.db == NULL || outbox->state != IDLE)
		return;
	if (outbox->outcomes.count >= outbox->config->batch ||
	    (outbox->outcomes.count > 0 &&
	     (under_way == 0 || loop_now() >= outbox->outcomes.oldest + OUTCOME_PATIENCE)))
		begin_completion(outbox);
	else if (want && outbox->queued < outbox->config->batch / 2 + 1 &&
	         (outbox->async.woken || !outbox->empty ||
	          loop_now() >= outbox->last_claim + outbox->config->poll * 1000LL))
		begin_claim(outbox);
}

/* take_results takes the result of the statement under way, if it has come. */
static void
take_results(struct outbox *outbox)
{
	const char *name = outbox->state == CLAIMING ? "claim" : "complete";
	PGresult *result;

	while ((result = async_result(&outbox->async, name)) != NULL)
	{
		if (outbox->state == CLAIMING)
			take_claimed(outbox, result);
		else
			outcomes_forget(&outbox->outcomes);
		PQclear(result);
	}
}

/* take_claimed puts claimed rows into the queue. */
static void
take_claimed(struct outbox *outbox, PGresult *result)
{
	int rows = PQntuples(result);

	for (int row = 0; row < rows; row++)
		take_row(outbox, result, row);
	outbox->empty = rows < outbox->config->batch;
}

/* take_row makes a request of one claimed row. */
static void
take_row(struct outbox *outbox, PGresult *result, int row)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	struct fcm_message message = {.token = PQgetvalue(result, row, COLUMN_TOKEN),
	                              .title = PQgetvalue(result, row, COLUMN_TITLE),
	                              .body = PQgetvalue(result, row, COLUMN_BODY),
	                              .data = PQgetvalue(result, row, COLUMN_DATA),
	                              .priority = PQgetvalue(result, row, COLUMN_PRIORITY),
	                              .notification_id = PQgetvalue(result, row, COLUMN_NOTIFICATION),
	                              .ttl = atoi(PQgetvalue(result, row, COLUMN_TTL))};

	/* out of memory: the lease returns the row */
	if (delivery == NULL)
		return;
	if (!PQgetisnull(result, row, COLUMN_COLLAPSE_KEY))
		message.collapse_key = PQgetvalue(result, row, COLUMN_COLLAPSE_KEY);
	delivery->resident_id = atoll(PQgetvalue(result, row, COLUMN_RESIDENT));
	delivery->delivery_id = atoll(PQgetvalue(result, row, COLUMN_DELIVERY));
	delivery->attempt = atoi(PQgetvalue(result, row, COLUMN_ATTEMPT));
	delivery->lease_until = outbox->claimed_at + outbox->config->lease * 1000LL;
	outbox->unfinished++;
	if (strcmp(PQgetvalue(result, row, COLUMN_CHANNEL), "fcm") != 0)
	{
		outbox_complete(outbox, delivery, VERDICT_FAILED, "unknown_channel", 0);
		return;
	}
	delivery->message = fcm_compose(&message, &delivery->length);
	if (delivery->message == NULL)
	{
		outbox_complete(outbox, delivery, VERDICT_FAILED, "not_composed", 0);
		return;
	}
	*outbox->last = delivery;
	outbox->last = &delivery->next;
	outbox->queued++;
}

static void
begin_claim(struct outbox *outbox)
{
	const char *values[] = {outbox->async.worker, outbox->batch, outbox->lease};

	/* the lease runs from now on, whenever the answer comes */
	outbox->claimed_at = outbox->last_claim = loop_now();
	outbox->async.woken = false;
	if (async_send(&outbox->async,
	               &(struct statement){outbox->queue->claim, 3, values, NULL, NULL}))
		outbox->state = CLAIMING;
}

static void
begin_completion(struct outbox *outbox)
{
	const char *values[6] = {outbox->async.worker};
	int count = outbox->outcomes.count < outbox->config->batch ? outbox->outcomes.count
	                                                           : outbox->config->batch;

	/* out of memory: the next turn tries again */
	if (outcomes_write(&outbox->outcomes, count, values + 1) &&
	    async_send(&outbox->async,
	               &(struct statement){outbox->queue->complete, 6, values, NULL, NULL}))
	{
		outbox->state = COMPLETING;
		outbox->outcomes.under_way = count;
	}
	for (int i = 1; i < 6; i++)
		free((char *) values[i]);
}

int
outbox_socket(const struct outbox *outbox)
{
	return async_socket(&outbox->async);
}

/* outbox_next takes a delivery out of the queue, or returns NULL. */
struct delivery *
outbox_next(struct outbox *outbox)
{
	struct delivery *delivery = outbox->first;

	if (delivery == NULL)
		return NULL;
	outbox->first = delivery->next;
	if (outbox->first == NULL)
		outbox->last = &outbox->first;
	outbox->queued--;
	return delivery;
}

bool
outbox_connected(const struct outbox *outbox)
{
	return outbox->async.db != NULL;
}

int
outbox_queued(const struct outbox *outbox)
{
	return outbox->queued;
}

/* outbox_unfinished returns how much is claimed and not yet recorded as over. */
int
outbox_unfinished(const struct outbox *outbox)
{
	return outbox->unfinished + outbox->outcomes.count;
}

/* outbox_empty tells whether the last claim found nothing more, and none is under way. */
bool
outbox_empty(const struct outbox *outbox)
{
	return outbox->async.db != NULL && outbox->state == IDLE && outbox->empty &&
	       !outbox->async.woken;
}

/* outbox_complete remembers what became of a delivery, and frees it. */
void
outbox_complete(struct outbox *outbox, struct delivery *delivery, enum verdict verdict,
                const char *detail, int retry_seconds)
{
	/* out of memory: the lease returns the row */
	outcomes_add(&outbox->outcomes, (struct outcome){.resident_id = delivery->resident_id,
	                                                 .delivery_id = delivery->delivery_id,
	                                                 .verdict = verdict,
	                                                 .detail = detail,
	                                                 .retry_seconds = retry_seconds});
	outbox_let_lapse(outbox, delivery);
}

/* outbox_let_lapse frees a delivery; where nothing is recorded its lease returns the row. */
void
outbox_let_lapse(struct outbox *outbox, struct delivery *delivery)
{
	outbox->unfinished--;
	free(delivery->message);
	free(delivery);
}

void
outbox_close(struct outbox *outbox)
{
	struct delivery *delivery;

	while ((delivery = outbox_next(outbox)) != NULL)
		outbox_let_lapse(outbox, delivery);
	async_close(&outbox->async);
	outcomes_free(&outbox->outcomes);
	free(outbox);
}
