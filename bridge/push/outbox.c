/*
 * One connection, never waited for: while the database works on a claim or a
 * completion, sending goes on.  Completions that were under way when the
 * connection broke are repeated on the next one; those that had arrived after
 * all find their rows gone and change nothing.  A claim asks for those channels
 * only that can send more.
 */
#include "outbox.h"

#include "lib/async.h"
#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOME_PATIENCE 50 /* milliseconds that an outcome waits for others */
#define ASK_AGES_EVERY 5000

enum column
{
	COLUMN_RESIDENT,
	COLUMN_DELIVERY,
	COLUMN_CHANNEL,
	COLUMN_TOKEN,
	COLUMN_KEYS,
	COLUMN_TITLE,
	COLUMN_BODY,
	COLUMN_DATA,
	COLUMN_COLLAPSE_KEY,
	COLUMN_TTL,
	COLUMN_PRIORITY,
	COLUMN_ATTEMPT,
	COLUMN_NOTIFICATION,
	COLUMN_MESSAGE
};

/*
 * Residents' messages and drills are two queues.  A process serves one, and its
 * role in the database may call the functions of that one only.
 */
struct queue
{
	const char *wake; /* which notification wakes us */
	const char *claim, *complete, *check;
	const char *ages; /* as lines of the metrics; NULL: nobody waits for a drill */
};

#define QUEUE(name, kind)                                                                  \
	.wake = name,                                                                          \
	.claim = "SELECT resident_id, delivery_id, channel, token, keys, title, body, data,"   \
	         " collapse_key, ttl, priority, attempt, notification_id, message_id"          \
	         " FROM passport.claim_" kind "deliveries($1, $2, $3, $4)",                    \
	.complete = "SELECT passport.complete_" kind "deliveries($1, $2, $3, $4, $5, $6, $7)", \
	.check = "SELECT has_function_privilege("                                              \
	         "'passport.claim_" kind "deliveries(text,int,interval,text[])', 'EXECUTE')"   \
	         " AND has_function_privilege('passport.complete_" kind                        \
	         "deliveries(text,bigint[],bigint[],text[],text[],int[],timestamptz[])', 'EXECUTE')"

static const struct queue live_queue = {
    QUEUE("passport_outbox", ""),
    .ages = "SELECT string_agg(format('%s{lane=\"%s\",channel=\"%s\"} %s', "
            "'passport_push_queue_age_seconds',"
            " lane, channel, round(coalesce(oldest_seconds, 0)::numeric, 3)), E'\\n'"
            " ORDER BY lane, channel) FROM passport.outbox_state()",
};
static const struct queue drill_queue = {QUEUE("passport_drill", "drill_")};

struct outbox
{
	const struct config *config;
	const struct queue *queue;
	struct channel *channels;
	int count;
	struct async async;
	enum
	{
		IDLE,
		CLAIMING,
		COMPLETING,
		ASKING
	} state;
	char batch[12], lease[24], names[100];
	bool claimed[CHANNELS]; /* which channels the claim under way is for */
	int unfinished;         /* all that is ours, outcomes apart */
	struct outcomes outcomes;
	long long claimed_at, looked_at, asked_at;
	char *ages;
};

static void use(struct outbox *outbox, const struct config *config, struct channel *channels,
                int count);
static void take_results(struct outbox *outbox);
static void take_claimed(struct outbox *outbox, PGresult *result);
static void take_completed(struct outbox *outbox);
static void take_row(struct outbox *outbox, PGresult *result, int row);
static struct message read_message(PGresult *result, int row);
static void take_ages(struct outbox *outbox, PGresult *result);
static bool choose_channels(struct outbox *outbox);
static void begin_claim(struct outbox *outbox);
static void begin_completion(struct outbox *outbox);
static void begin_ages(struct outbox *outbox);
static int under_way(const struct outbox *outbox);

/* outbox_open makes an outbox that will connect when it is turned first. */
struct outbox *
outbox_open(const struct config *config, struct channel *channels, int count)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (outbox == NULL)
		return NULL;
	outbox->queue = config->drill ? &drill_queue : &live_queue;
	async_open(&outbox->async, config->database, "passport-push", outbox->queue->wake);
	use(outbox, config, channels, count);
	return outbox;
}

/*
 * outbox_change goes on with other settings and channels; what those before have
 * begun comes back to them.  false: the database that the settings name does not
 * let us in, and nothing has changed.
 */
bool
outbox_change(struct outbox *outbox, const struct config *config, struct channel *channels,
              int count)
{
	if (!async_move(&outbox->async, config->database))
		return false;
	use(outbox, config, channels, count);
	return true;
}

static void
use(struct outbox *outbox, const struct config *config, struct channel *channels, int count)
{
	snprintf(outbox->batch, sizeof(outbox->batch), "%d", config->batch);
	snprintf(outbox->lease, sizeof(outbox->lease), "%d s", config->lease);
	/* an answer that comes later is about rows that are somebody else's */
	outbox->async.longest = config->lease * 1000;
	outbox->config = config;
	outbox->channels = channels;
	outbox->count = count;
	/* a claim under way was for the channels before: it says nothing about these */
	memset(outbox->claimed, 0, sizeof(outbox->claimed));
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
	     (under_way(outbox) == 0 || loop_now() >= outbox->outcomes.oldest + OUTCOME_PATIENCE)))
		begin_completion(outbox);
	else if (want && choose_channels(outbox))
		begin_claim(outbox);
	else if (outbox->config->metrics != NULL && outbox->queue->ages != NULL &&
	         loop_now() >= outbox->asked_at + ASK_AGES_EVERY)
		begin_ages(outbox);
}

/* under_way returns how many requests still run: no outcome waits for others but theirs. */
static int
under_way(const struct outbox *outbox)
{
	int requests = 0;

	for (int i = 0; i < outbox->count; i++)
		requests += outbox->channels[i].under_way;
	return requests;
}

/* take_results takes the result of the statement under way, if it has come. */
static void
take_results(struct outbox *outbox)
{
	static const char *const names[] = {"", "claim", "complete", "ages"};
	PGresult *result;

	while ((result = async_result(&outbox->async, names[outbox->state])) != NULL)
	{
		if (outbox->state == CLAIMING)
			take_claimed(outbox, result);
		else if (outbox->state == COMPLETING)
			take_completed(outbox);
		else
			take_ages(outbox, result);
		PQclear(result);
	}
}

/* take_claimed puts claimed rows into the queues of their channels. */
static void
take_claimed(struct outbox *outbox, PGresult *result)
{
	int rows = PQntuples(result);

	for (int i = 0; i < outbox->count; i++)
		if (outbox->claimed[i])
			outbox->channels[i].drained = rows < outbox->config->batch;
	for (int row = 0; row < rows; row++)
		take_row(outbox, result, row);
}

/* take_completed lets go of what the database knows the outcome of now. */
static void
take_completed(struct outbox *outbox)
{
	for (int i = 0; i < outbox->outcomes.under_way; i++)
		if (outbox->outcomes.list[i].tally != NULL)
			outbox->outcomes.list[i].tally->unrecorded--;
	outcomes_forget(&outbox->outcomes);
}

/* take_row makes a delivery of one claimed row. */
static void
take_row(struct outbox *outbox, PGresult *result, int row)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	struct message message = read_message(result, row);
	struct channel *channel = outbox->channels, *end = channel + outbox->count;

	/* out of memory: the lease returns the row */
	if (delivery == NULL)
		return;
	delivery->resident_id = atoll(PQgetvalue(result, row, COLUMN_RESIDENT));
	delivery->delivery_id = atoll(PQgetvalue(result, row, COLUMN_DELIVERY));
	delivery->notification_id = atoll(message.notification_id);
	delivery->attempt = atoi(PQgetvalue(result, row, COLUMN_ATTEMPT));
	delivery->urgent = strcmp(message.priority, "high") == 0;
	delivery->lease_until = outbox->claimed_at + outbox->config->lease * 1000LL;
	delivery->expires_at = loop_now() + message.ttl * 1000LL;
	delivery_set_key(delivery, PQgetvalue(result, row, COLUMN_MESSAGE));
	outbox->unfinished++;
	while (channel < end && !channel_is(channel, PQgetvalue(result, row, COLUMN_CHANNEL)))
		channel++;
	if (channel == end)
		/* it was there when we claimed */
		outbox_hand_back(outbox, delivery, "no_such_channel", 1);
	else if (channel->provider->compose(channel->self, &message, delivery))
	{
		channel->held++;
		channel_put(channel, delivery);
	}
	else
		outbox_complete(outbox, delivery,
		                &(struct classification){.verdict = VERDICT_FAILED,
		                                         .detail = "not_composed"});
}

static struct message
read_message(PGresult *result, int row)
{
	struct message message = {.token = PQgetvalue(result, row, COLUMN_TOKEN),
	                          .title = PQgetvalue(result, row, COLUMN_TITLE),
	                          .body = PQgetvalue(result, row, COLUMN_BODY),
	                          .data = PQgetvalue(result, row, COLUMN_DATA),
	                          .priority = PQgetvalue(result, row, COLUMN_PRIORITY),
	                          .notification_id = PQgetvalue(result, row, COLUMN_NOTIFICATION),
	                          .ttl = atoi(PQgetvalue(result, row, COLUMN_TTL))};

	if (!PQgetisnull(result, row, COLUMN_KEYS))
		message.keys = PQgetvalue(result, row, COLUMN_KEYS);
	if (!PQgetisnull(result, row, COLUMN_COLLAPSE_KEY))
		message.collapse_key = PQgetvalue(result, row, COLUMN_COLLAPSE_KEY);
	return message;
}

static void
take_ages(struct outbox *outbox, PGresult *result)
{
	free(outbox->ages);
	outbox->ages = PQntuples(result) == 1 ? strdup(PQgetvalue(result, 0, 0)) : NULL;
}

/* choose_channels decides whether to claim now, and for which channels. */
static bool
choose_channels(struct outbox *outbox)
{
	bool woken = outbox->async.woken, any = false;
	size_t at = 0;

	if (woken || loop_now() >= outbox->looked_at + outbox->config->poll * 1000LL)
	{
		outbox->looked_at = loop_now();
		for (int i = 0; i < outbox->count; i++)
			outbox->channels[i].drained = false;
	}
	for (int i = 0; i < outbox->count; i++)
	{
		struct channel *channel = &outbox->channels[i];

		outbox->claimed[i] = !channel->drained && channel_wants(channel, woken);
		if (outbox->claimed[i])
			at += snprintf(outbox->names + at, sizeof(outbox->names) - at, "%c%s", any ? ',' : '{',
			               channel->provider->channel);
		any = any || outbox->claimed[i];
	}
	snprintf(outbox->names + at, sizeof(outbox->names) - at, "}");
	return any;
}

static void
begin_claim(struct outbox *outbox)
{
	const char *values[] = {outbox->async.worker, outbox->batch, outbox->lease, outbox->names};

	/* the lease runs from now on, whenever the answer comes */
	outbox->claimed_at = loop_now();
	outbox->async.woken = false;
	if (async_send(&outbox->async,
	               &(struct statement){outbox->queue->claim, 4, values, NULL, NULL}))
		outbox->state = CLAIMING;
}

static void
begin_completion(struct outbox *outbox)
{
	const char *values[OUTCOME_COLUMNS + 1] = {outbox->async.worker};
	int count = outbox->outcomes.count < outbox->config->batch ? outbox->outcomes.count
	                                                           : outbox->config->batch;

	/* out of memory: the next turn tries again */
	if (outcomes_write(&outbox->outcomes, count, values + 1) &&
	    async_send(&outbox->async, &(struct statement){outbox->queue->complete, OUTCOME_COLUMNS + 1,
	                                                   values, NULL, NULL}))
	{
		outbox->state = COMPLETING;
		outbox->outcomes.under_way = count;
	}
	for (int i = 1; i <= OUTCOME_COLUMNS; i++)
		free((char *) values[i]);
}

static void
begin_ages(struct outbox *outbox)
{
	outbox->asked_at = loop_now();
	if (async_send(&outbox->async, &(struct statement){outbox->queue->ages, 0, NULL, NULL, NULL}))
		outbox->state = ASKING;
}

int
outbox_socket(const struct outbox *outbox)
{
	return async_socket(&outbox->async);
}

bool
outbox_connected(const struct outbox *outbox)
{
	return outbox->async.db != NULL;
}

/* outbox_unfinished returns how much is claimed and not yet recorded as over. */
int
outbox_unfinished(const struct outbox *outbox)
{
	return outbox->unfinished + outbox->outcomes.count;
}

/* outbox_idle tells whether no statement is under way and nothing has been announced. */
bool
outbox_idle(const struct outbox *outbox)
{
	return outbox->async.db != NULL && outbox->state == IDLE && !outbox->async.woken;
}

/* outbox_complete remembers what became of a delivery, and frees it. */
void
outbox_complete(struct outbox *outbox, struct delivery *delivery,
                const struct classification *result)
{
	struct tally *tally = delivery->channel != NULL ? delivery->channel->tally : NULL;
	struct outcome outcome = {.tally = tally,
	                          .resident_id = delivery->resident_id,
	                          .delivery_id = delivery->delivery_id,
	                          .verdict = result->verdict,
	                          .detail = result->detail,
	                          .retry_seconds = result->retry_seconds,
	                          .dead_since = result->dead_since};

	/* out of memory: the lease returns the row */
	if (outcomes_add(&outbox->outcomes, outcome) && tally != NULL)
		tally->unrecorded++;
	outbox_let_lapse(outbox, delivery);
}

/* outbox_hand_back gives a delivery up, for later or for another worker. */
void
outbox_hand_back(struct outbox *outbox, struct delivery *delivery, const char *detail,
                 int retry_seconds)
{
	outbox_complete(outbox, delivery,
	                &(struct classification){.verdict = VERDICT_RETRY,
	                                         .detail = detail,
	                                         .retry_seconds = retry_seconds});
}

/* outbox_let_lapse frees a delivery; where nothing is recorded its lease returns the row. */
void
outbox_let_lapse(struct outbox *outbox, struct delivery *delivery)
{
	outbox->unfinished--;
	if (delivery->channel != NULL)
		delivery->channel->held--;
	delivery_free(delivery);
}

/*
 * outbox_ages returns how old the oldest deliveries are, as lines of metrics, or
 * NULL: what was so before the connection broke is nothing to go by.
 */
const char *
outbox_ages(const struct outbox *outbox)
{
	return outbox_connected(outbox) ? outbox->ages : NULL;
}

void
outbox_close(struct outbox *outbox)
{
	async_close(&outbox->async);
	outcomes_free(&outbox->outcomes);
	free(outbox->ages);
	free(outbox);
}
