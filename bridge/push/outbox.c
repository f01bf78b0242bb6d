/*
 * One connection, never waited for: while the database works on a claim or a
 * completion, sending goes on.  Completions that were under way when the
 * connection broke are repeated on the next one; those that had arrived after
 * all find their rows gone and change nothing.
 */
#include "outbox.h"

#include "fcm.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/pg.h"
#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static const char *const claim_sql =
    "SELECT resident_id, delivery_id, channel, token, title, body, data, collapse_key, ttl,"
    " priority, attempt, notification_id FROM passport.claim_deliveries($1, $2, $3)";
static const char *const complete_sql =
    "SELECT passport.complete_deliveries($1, $2, $3, $4, $5, $6)";
static const char *const check_sql =
    "SELECT has_function_privilege('passport.claim_deliveries(text,int,interval)', 'EXECUTE')"
    " AND has_function_privilege("
    "'passport.complete_deliveries(text,bigint[],bigint[],text[],text[],int[])', 'EXECUTE')";

struct outbox
{
	const struct config *config;
	PGconn *db;
	enum
	{
		IDLE,
		CLAIMING,
		COMPLETING
	} state;
	struct patience patience;
	char worker[100], batch[12], lease[24];
	struct delivery *first, **last; /* claimed, not yet under way */
	int queued, unfinished;         /* unfinished: all that is ours, outcomes apart */
	struct outcomes outcomes;
	long long claimed_at, last_claim;
	bool woken, empty;
};

static bool connect_again(struct outbox *outbox);
static void lose_connection(struct outbox *outbox);
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
	char host[65] = "";
	struct timespec now;

	if (outbox == NULL)
		return NULL;
	gethostname(host, sizeof(host) - 1);
	clock_gettime(CLOCK_REALTIME, &now);
	/* no other process has this name, nor the next one with our process number */
	snprintf(outbox->worker, sizeof(outbox->worker), "passport-push/%.40s/%d/%llx", host, getpid(),
	         now.tv_sec * 1000000000LL + now.tv_nsec);
	snprintf(outbox->batch, sizeof(outbox->batch), "%d", config->batch);
	snprintf(outbox->lease, sizeof(outbox->lease), "%d s", config->lease);
	outbox->config = config;
	outbox->patience = (struct patience){.first = 500, .longest = 30000};
	outbox->last = &outbox->first;
	return outbox;
}

/* outbox_check connects and tells whether we may do our work there. */
bool
outbox_check(struct outbox *outbox)
{
	PGresult *result;
	bool good;

	if (outbox->db == NULL && !connect_again(outbox))
		return false;
	result = PQexec(outbox->db, check_sql);
	good = PQresultStatus(result) == PGRES_TUPLES_OK && *PQgetvalue(result, 0, 0) == 't';
	if (!good)
		log_error("this role may not claim deliveries", "{s:s}", "hint",
		          "Grant it the role passport_bridge.");
	PQclear(result);
	return good;
}

/*
 * outbox_turn moves things on: connects, takes results, completes what is due,
 * and claims if more is wanted.
 */
void
outbox_turn(struct outbox *outbox, bool want)
{
	PGnotify *note;
	int under_way = outbox->unfinished - outbox->queued;

	if (outbox->db == NULL && (!patience_over(&outbox->patience) || !connect_again(outbox)))
		return;
	if (!PQconsumeInput(outbox->db))
	{
		lose_connection(outbox);
		return;
	}
	while ((note = PQnotifies(outbox->db)) != NULL)
	{
		outbox->woken = true;
		PQfreemem(note);
	}
	take_results(outbox);
	if (outbox->db == NULL || outbox->state != IDLE)
		return;
	if (outbox->outcomes.count >= outbox->config->batch ||
	    (outbox->outcomes.count > 0 &&
	     (under_way == 0 || loop_now() >= outbox->outcomes.oldest + OUTCOME_PATIENCE)))
		begin_completion(outbox);
	else if (want && outbox->queued < outbox->config->batch / 2 + 1 &&
	         (outbox->woken || !outbox->empty ||
	          loop_now() >= outbox->last_claim + outbox->config->poll * 1000LL))
		begin_claim(outbox);
}

/* connect_again connects and listens; a version that does not fit ends the program. */
static bool
connect_again(struct outbox *outbox)
{
	PGresult *result;

	outbox->db = pg_connect(outbox->config->database, "passport-push");
	if (outbox->db == NULL)
	{
		patience_failed(&outbox->patience);
		return false;
	}
	result = PQexec(outbox->db, "LISTEN passport_outbox");
	PQclear(result);
	PQsetnonblocking(outbox->db, 1);
	patience_succeeded(&outbox->patience);
	outbox->state = IDLE;
	outbox->outcomes.under_way = 0;
	outbox->woken = true;
	return true;
}

/* lose_connection forgets a broken connection, and nothing else. */
static void
lose_connection(struct outbox *outbox)
{
	log_warning("the connection to the database broke", NULL);
	PQfinish(outbox->db);
	outbox->db = NULL;
	outbox->state = IDLE;
	outbox->outcomes.under_way = 0;
	patience_failed(&outbox->patience);
}

/* take_results takes the result of the statement under way, if it has come. */
static void
take_results(struct outbox *outbox)
{
	PGresult *result;

	PQflush(outbox->db);
	while (outbox->state != IDLE && !PQisBusy(outbox->db))
	{
		result = PQgetResult(outbox->db);
		if (result == NULL)
			outbox->state = IDLE;
		else if (PQresultStatus(result) != PGRES_TUPLES_OK)
		{
			const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

			/* its message could quote a row: the state alone says enough */
			log_error("a statement failed", "{s:s, s:s}", "statement",
			          outbox->state == CLAIMING ? "claim" : "complete", "sqlstate",
			          state ? state : "none");
			PQclear(result);
			lose_connection(outbox);
			return;
		}
		else if (outbox->state == CLAIMING)
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
	const char *values[] = {outbox->worker, outbox->batch, outbox->lease};

	/* the lease runs from now on, whenever the answer comes */
	outbox->claimed_at = outbox->last_claim = loop_now();
	outbox->woken = false;
	if (PQsendQueryParams(outbox->db, claim_sql, 3, NULL, values, NULL, NULL, 0))
		outbox->state = CLAIMING;
	else
		lose_connection(outbox);
}

static void
begin_completion(struct outbox *outbox)
{
	const char *values[6] = {outbox->worker};
	int count = outbox->outcomes.count < outbox->config->batch ? outbox->outcomes.count
	                                                           : outbox->config->batch;

	if (outcomes_write(&outbox->outcomes, count, values + 1) &&
	    PQsendQueryParams(outbox->db, complete_sql, 6, NULL, values, NULL, NULL, 0))
	{
		outbox->state = COMPLETING;
		outbox->outcomes.under_way = count;
	}
	else
		lose_connection(outbox);
	for (int i = 1; i < 6; i++)
		free((char *) values[i]);
}

int
outbox_socket(const struct outbox *outbox)
{
	return outbox->db ? PQsocket(outbox->db) : -1;
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
	return outbox->db != NULL;
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
	return outbox->db != NULL && outbox->state == IDLE && outbox->empty && !outbox->woken;
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
	PQfinish(outbox->db);
	outcomes_free(&outbox->outcomes);
	free(outbox);
}
