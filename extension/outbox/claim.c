/*
 * claim_deliveries(): a worker takes what is to be sent next.  In each lane
 * that is open, channel by channel, those go first whose wait for a next try is
 * over (they are older), then the fresh ones; what another worker is claiming at
 * this moment is passed over.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "outbox/clock.h"
#include "outbox/home.h"
#include "registry/resident.h"

#define CLAIM_BATCH 10000
#define CLAIM_QUEUES 64
/* more that have expired wait for the next call: one must not run for minutes */
#define CLAIM_STEPS 100
#define CLAIM_COLUMNS 14

/* $1 the channels or NULL.  Every lane with every channel, in the order in which they are served.
 */
static const char *const select_queues =
    "SELECT l.urgency, c.channel, l.lane, l.per_minute FROM passport.open_lanes() AS l"
    " CROSS JOIN passport.channel AS c"
    " WHERE c.channel <> 'call' AND ($1 IS NULL OR c.channel = ANY ($1))"
    " ORDER BY l.urgency, c.place, c.channel";

/*
 * What a lane with a limit has left of this minute; no row: another worker is
 * drawing on it, and nobody waits for that.  $1 lane, $2 limit, $3 passport.now().
 */
static const char *const make_budget =
    "INSERT INTO passport.lane_budget VALUES ($1, date_trunc('minute', $3), 0)"
    " ON CONFLICT ON CONSTRAINT lane_budget_pkey DO NOTHING";
static const char *const select_budget =
    "SELECT $2 - CASE WHEN b.minute = date_trunc('minute', $3) THEN b.begun ELSE 0 END"
    "  FROM passport.lane_budget AS b WHERE b.lane = $1 FOR UPDATE SKIP LOCKED";
/* $2 deliveries begun */
static const char *const draw_budget =
    "UPDATE passport.lane_budget AS b"
    "   SET begun = $2 + CASE WHEN b.minute = date_trunc('minute', $3) THEN b.begun ELSE 0 END,"
    "       minute = date_trunc('minute', $3)"
    " WHERE b.lane = $1";

/*
 * One step through a lane and channel.  $1 urgency, $2 rows at most, $3 the
 * machine's time, $4 end of the lease, $5 worker, $6 passport.now(), $7 channel.
 * Always returns a
 * row, so that "nothing to send" and "all of it had expired" can be told apart
 * by the last column, the number of deliveries that ended here.  LATERAL and
 * ctid leave the planner no other way than one index look-up a row.
 */
#define CLAIM_STEP(condition, age)                                                                \
	"WITH candidate AS MATERIALIZED ("                                                            \
	"  SELECT d.ctid AS place, d.resident_id, d.device_id, d.notification_id"                     \
	"    FROM passport.delivery AS d"                                                             \
	"   WHERE d.urgency = $1 AND d.channel = $7 AND d.not_before " condition                      \
	"     AND (d.lease_until IS NULL OR d.lease_until <= $3)"                                     \
	"   ORDER BY d.urgency, d.channel, d." age " LIMIT $2 FOR UPDATE SKIP LOCKED"                 \
	"), told AS MATERIALIZED ("                                                                   \
	"  SELECT n.*, l.priority, n.expires_at <= $6 AS expired,"                                    \
	"         least(extract(epoch FROM n.expires_at - $6), 2419200)::int AS ttl"                  \
	"    FROM (SELECT DISTINCT notification_id FROM candidate) AS c CROSS JOIN LATERAL ("         \
	"      SELECT n.notification_id, n.message_id, n.texts, n.data, n.collapse_key,"              \
	"             n.expires_at, n.lane"                                                           \
	"        FROM passport.notification AS n"                                                     \
	"       WHERE n.notification_id = c.notification_id OFFSET 0) AS n"                           \
	"    JOIN passport.lane AS l USING (lane)"                                                    \
	"), text AS MATERIALIZED ("                                                                   \
	"  SELECT t.notification_id, x.key AS language, x.value->>'title' AS title,"                  \
	"         x.value->>'body' AS body"                                                           \
	"    FROM told AS t, jsonb_each(t.texts) AS x"                                                \
	"), judged AS MATERIALIZED ("                                                                 \
	"  SELECT c.*, v.*, t.expired, t.data, t.collapse_key, t.ttl, t.priority, t.message_id"       \
	"    FROM candidate AS c JOIN told AS t USING (notification_id) CROSS JOIN LATERAL ("         \
	"      SELECT v.channel, v.token, v.keys, v.language,"                                        \
	"             v.state = 'retired' OR r.status = 'deceased' AS retired,"                       \
	"             r.language AS resident_language"                                                \
	"        FROM passport.device AS v JOIN passport.resident AS r USING (resident_id)"           \
	"       WHERE v.resident_id = c.resident_id AND v.device_id = c.device_id OFFSET 0) AS v"     \
	"), finished AS ("                                                                            \
	"  DELETE FROM passport.delivery AS d USING judged AS j"                                      \
	"   WHERE d.ctid = j.place AND (j.expired OR j.retired)"                                      \
	"  RETURNING d.*, CASE WHEN j.expired THEN 'expired' ELSE 'retired' END AS outcome"           \
	"), kept AS ("                                                                                \
	"  INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id,"         \
	"      device_id, outcome, attempts, created_at, finished_at)"                                \
	"  SELECT resident_id, delivery_id, notification_id, device_id, outcome, attempt,"            \
	"         created_at, $6 FROM finished"                                                       \
	"), claimed AS ("                                                                             \
	"  UPDATE passport.delivery AS d"                                                             \
	"     SET worker = $5, lease_until = $4, attempt = d.attempt + 1"                             \
	"    FROM judged AS j"                                                                        \
	"   WHERE d.ctid = j.place AND NOT (j.expired OR j.retired)"                                  \
	"  RETURNING d.resident_id, d.delivery_id, j.channel, j.token, j.keys, j.data,"               \
	"         j.collapse_key, j.ttl, j.priority, d.attempt, d.notification_id, j.message_id,"     \
	"         j.language, j.resident_language"                                                    \
	"), ready AS ("                                                                               \
	"  SELECT c.resident_id, c.delivery_id, c.channel, c.token, c.keys, t.title, t.body, c.data," \
	"         c.collapse_key, c.ttl, c.priority, c.attempt, c.notification_id, c.message_id"      \
	"    FROM claimed AS c CROSS JOIN LATERAL ("                                                  \
	"      SELECT t.title, t.body FROM text AS t"                                                 \
	"       WHERE t.notification_id = c.notification_id"                                          \
	"         AND t.language IN (c.language, c.resident_language, 'ja')"                          \
	"       ORDER BY t.language = c.language DESC NULLS LAST,"                                    \
	"                t.language = c.resident_language DESC"                                       \
	"       LIMIT 1) AS t"                                                                        \
	") SELECT r.*, (SELECT count(*) FROM finished)"                                               \
	"   FROM (VALUES (1)) AS one LEFT JOIN ready AS r ON true ORDER BY r.delivery_id"

static const char *const claim_waiting = CLAIM_STEP("<= $3", "not_before");
static const char *const claim_fresh = CLAIM_STEP("IS NULL", "delivery_id");

/* One lane with one channel. */
struct queue
{
	Datum urgency, channel, lane;
	int per_minute; /* 0: no limit */
};

PG_FUNCTION_INFO_V1(passport_claim_deliveries);

static void check_arguments(FunctionCallInfo fcinfo);
static int read_queues(NullableDatum channels, struct queue *queues);
static int claim_queue(ReturnSetInfo *result, const struct queue *queue, Datum *values, int wanted);
static int claim_steps(ReturnSetInfo *result, SPIPlanPtr plan, Datum *values, int wanted);
static int keep_rows(ReturnSetInfo *result, int *ended);
static int lane_budget(const struct queue *queue, Datum now);
static void draw_lane_budget(const struct queue *queue, Datum now, int begun);
static void run_budget(SPIPlanPtr *plan, const char *statement, const struct queue *queue,
                       int number, Datum now);
static SPIPlanPtr prepare_step(const char *statement);

Datum
passport_claim_deliveries(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz now = GetCurrentTimestamp();
	NullableDatum channels = {.isnull = PG_ARGISNULL(3), .value = PG_GETARG_DATUM(3)};
	struct queue queues[CLAIM_QUEUES];
	int count, wanted;
	Datum values[7];

	check_arguments(fcinfo);
	wanted = PG_GETARG_INT32(1);
	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	KeepHome();
	values[2] = TimestampTzGetDatum(now);
	values[3] =
	    DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now), PG_GETARG_DATUM(2));
	values[4] = PG_GETARG_DATUM(0);
	values[5] = TimestampTzGetDatum(PassportNow());
	HeedClock(now, DatumGetTimestampTz(values[3]));
	count = read_queues(channels, queues);
	for (int i = 0; i < count && wanted > 0; i++)
		wanted -= claim_queue(result, &queues[i], values, wanted);
	SPI_finish();
	return (Datum) 0;
}

/* check_arguments refuses a claim that could not end or that nobody could tell from another's. */
static void
check_arguments(FunctionCallInfo fcinfo)
{
	Interval *lease;
	int64 microseconds;
	int length;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		RefuseInput("", "missing", "Give worker, batch and lease.");
	length = pg_mbstrlen_with_len(VARDATA_ANY(PG_GETARG_TEXT_PP(0)),
	                              VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(0)));
	if (length < 1 || length > 100)
		RefuseInput("/worker", "bad_length", "A worker's name has 1 to 100 characters.");
	RefuseIndividualNumber("/worker", PG_GETARG_TEXT_PP(0));
	if (PG_GETARG_INT32(1) < 1 || PG_GETARG_INT32(1) > CLAIM_BATCH)
		RefuseInput("/batch", "out_of_range", "A batch has 1 to 10000 rows.");
	lease = PG_GETARG_INTERVAL_P(2);
	microseconds = lease->month == 0 && lease->day == 0 ? lease->time : -1;
	if (microseconds <= 0 || microseconds > USECS_PER_HOUR)
		RefuseInput("/lease", "out_of_range", "A lease lasts up to an hour.");
}

/* read_queues returns how many queues are open, and which. */
static int
read_queues(NullableDatum channels, struct queue *queues)
{
	static SPIPlanPtr plan = NULL;
	char nulls[] = {channels.isnull ? 'n' : ' '};
	int count;
	bool isnull;

	if (plan == NULL)
	{
		Oid type = TEXTARRAYOID;

		plan = SPI_prepare(select_queues, 1, &type);
		SPI_keepplan(plan);
	}
	if (SPI_execute_plan(plan, &channels.value, nulls, false, CLAIM_QUEUES) != SPI_OK_SELECT)
		elog(ERROR, "could not read the lanes");
	count = SPI_processed;
	for (int i = 0; i < count; i++)
	{
		HeapTuple row = SPI_tuptable->vals[i];
		TupleDesc form = SPI_tuptable->tupdesc;

		queues[i].urgency = SPI_getbinval(row, form, 1, &isnull);
		queues[i].channel = SPI_getbinval(row, form, 2, &isnull);
		queues[i].lane = SPI_getbinval(row, form, 3, &isnull);
		queues[i].per_minute = DatumGetInt32(SPI_getbinval(row, form, 4, &isnull));
		if (isnull)
			queues[i].per_minute = 0;
	}
	return count;
}

/* claim_queue claims up to so many rows of one lane and channel, and returns how many. */
static int
claim_queue(ReturnSetInfo *result, const struct queue *queue, Datum *values, int wanted)
{
	static SPIPlanPtr waiting = NULL, fresh = NULL;
	int claimed;

	if (fresh == NULL)
	{
		waiting = prepare_step(claim_waiting);
		fresh = prepare_step(claim_fresh);
	}
	if (queue->per_minute > 0)
		wanted = Min(wanted, lane_budget(queue, values[5]));
	values[0] = queue->urgency;
	values[6] = queue->channel;
	claimed = claim_steps(result, waiting, values, wanted);
	claimed += claim_steps(result, fresh, values, wanted - claimed);
	if (queue->per_minute > 0 && claimed > 0)
		draw_lane_budget(queue, values[5], claimed);
	return claimed;
}

/* claim_steps claims with one of the two plans, and returns how many. */
static int
claim_steps(ReturnSetInfo *result, SPIPlanPtr plan, Datum *values, int wanted)
{
	int ended = 1, claimed = 0;

	/* where some of what was found had expired, there may be good ones behind it */
	for (int step = 0; step < CLAIM_STEPS && claimed < wanted && ended > 0; step++)
	{
		CHECK_FOR_INTERRUPTS();
		values[1] = Int32GetDatum(wanted - claimed);
		if (SPI_execute_plan(plan, values, NULL, false, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not claim deliveries");
		claimed += keep_rows(result, &ended);
	}
	return claimed;
}

/* lane_budget returns how many more of a lane may be begun in this minute. */
static int
lane_budget(const struct queue *queue, Datum now)
{
	static SPIPlanPtr make = NULL, select = NULL;
	bool isnull;

	run_budget(&make, make_budget, queue, 0, now);
	run_budget(&select, select_budget, queue, queue->per_minute, now);
	if (SPI_processed == 0)
		return 0;
	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

static void
draw_lane_budget(const struct queue *queue, Datum now, int begun)
{
	static SPIPlanPtr plan = NULL;

	run_budget(&plan, draw_budget, queue, begun, now);
}

/* run_budget runs one of the three statements, prepared when it is run first. */
static void
run_budget(SPIPlanPtr *plan, const char *statement, const struct queue *queue, int number,
           Datum now)
{
	Datum values[3] = {queue->lane, Int32GetDatum(number), now};

	if (*plan == NULL)
	{
		Oid types[3] = {TEXTOID, INT4OID, TIMESTAMPTZOID};

		*plan = SPI_prepare(statement, 3, types);
		SPI_keepplan(*plan);
	}
	if (SPI_execute_plan(*plan, values, NULL, false, 0) < 0)
		elog(ERROR, "could not keep a lane's budget");
}

/* keep_rows adds what a step claimed to the result, and returns how many; ended: how many it
 * finished. */
static int
keep_rows(ReturnSetInfo *result, int *ended)
{
	Datum values[CLAIM_COLUMNS + 1];
	bool nulls[CLAIM_COLUMNS + 1];
	int kept = 0;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		if (i == 0)
			*ended = DatumGetInt64(values[CLAIM_COLUMNS]);
		if (nulls[0])
			continue;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		kept++;
	}
	SPI_freetuptable(SPI_tuptable);
	return kept;
}

/* prepare_step prepares a step for the life of this backend. */
static SPIPlanPtr
prepare_step(const char *statement)
{
	Oid types[7] = {INT2OID, INT4OID,        TIMESTAMPTZOID, TIMESTAMPTZOID,
	                TEXTOID, TIMESTAMPTZOID, TEXTOID};
	SPIPlanPtr plan = SPI_prepare(statement, 7, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare a claim: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	return plan;
}
