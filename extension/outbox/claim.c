/*
 * claim_deliveries(): a worker takes what is to be sent next.  In each lane
 * those go first whose wait for a next try is over (they are older), then the
 * fresh ones; what another worker is claiming at this moment is passed over.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "registry/resident.h"

#define CLAIM_BATCH 10000
#define CLAIM_LANES 16
/* more that have expired wait for the next call: one must not run for minutes */
#define CLAIM_STEPS 100
#define CLAIM_COLUMNS 12

static const char *const select_lanes = "SELECT urgency FROM passport.lane ORDER BY urgency";

/*
 * One step through a lane.  $1 urgency, $2 rows at most, $3 the machine's
 * time, $4 end of the lease, $5 worker, $6 passport.now().  Always returns a
 * row, so that "nothing to send" and "all of it had expired" can be told apart
 * by the last column, the number of deliveries that ended here.  LATERAL and
 * ctid leave the planner no other way than one index look-up a row.
 */
#define CLAIM_STEP(condition, age)                                                                 \
	"WITH candidate AS MATERIALIZED ("                                                             \
	"  SELECT d.ctid AS place, d.resident_id, d.device_id, d.notification_id"                      \
	"    FROM passport.delivery AS d"                                                              \
	"   WHERE d.urgency = $1 AND d.not_before " condition                                          \
	"     AND (d.lease_until IS NULL OR d.lease_until <= $3)"                                      \
	"   ORDER BY d.urgency, d." age " LIMIT $2 FOR UPDATE SKIP LOCKED"                             \
	"), told AS MATERIALIZED ("                                                                    \
	"  SELECT n.*, l.priority, n.expires_at <= $6 AS expired,"                                     \
	"         least(extract(epoch FROM n.expires_at - $6), 2419200)::int AS ttl"                   \
	"    FROM (SELECT DISTINCT notification_id FROM candidate) AS c CROSS JOIN LATERAL ("          \
	"      SELECT n.notification_id, n.texts, n.data, n.collapse_key, n.expires_at, n.lane"        \
	"        FROM passport.notification AS n"                                                      \
	"       WHERE n.notification_id = c.notification_id OFFSET 0) AS n"                            \
	"    JOIN passport.lane AS l USING (lane)"                                                     \
	"), text AS MATERIALIZED ("                                                                    \
	"  SELECT t.notification_id, x.key AS language, x.value->>'title' AS title,"                   \
	"         x.value->>'body' AS body"                                                            \
	"    FROM told AS t, jsonb_each(t.texts) AS x"                                                 \
	"), judged AS MATERIALIZED ("                                                                  \
	"  SELECT c.*, v.*, t.expired, t.data, t.collapse_key, t.ttl, t.priority"                      \
	"    FROM candidate AS c JOIN told AS t USING (notification_id) CROSS JOIN LATERAL ("          \
	"      SELECT v.channel, v.token, v.language,"                                                 \
	"             v.state = 'retired' OR r.status = 'deceased' AS retired,"                        \
	"             r.language AS resident_language"                                                 \
	"        FROM passport.device AS v JOIN passport.resident AS r USING (resident_id)"            \
	"       WHERE v.resident_id = c.resident_id AND v.device_id = c.device_id OFFSET 0) AS v"      \
	"), finished AS ("                                                                             \
	"  DELETE FROM passport.delivery AS d USING judged AS j"                                       \
	"   WHERE d.ctid = j.place AND (j.expired OR j.retired)"                                       \
	"  RETURNING d.*, CASE WHEN j.expired THEN 'expired' ELSE 'retired' END AS outcome"            \
	"), kept AS ("                                                                                 \
	"  INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id,"          \
	"      device_id, outcome, attempts, created_at, finished_at)"                                 \
	"  SELECT resident_id, delivery_id, notification_id, device_id, outcome, attempt,"             \
	"         created_at, $6 FROM finished"                                                        \
	"), claimed AS ("                                                                              \
	"  UPDATE passport.delivery AS d"                                                              \
	"     SET worker = $5, lease_until = $4, attempt = d.attempt + 1"                              \
	"    FROM judged AS j"                                                                         \
	"   WHERE d.ctid = j.place AND NOT (j.expired OR j.retired)"                                   \
	"  RETURNING d.resident_id, d.delivery_id, j.channel, j.token, j.data, j.collapse_key, j.ttl," \
	"         j.priority, d.attempt, d.notification_id, j.language, j.resident_language"           \
	"), ready AS ("                                                                                \
	"  SELECT c.resident_id, c.delivery_id, c.channel, c.token, t.title, t.body, c.data,"          \
	"         c.collapse_key, c.ttl, c.priority, c.attempt, c.notification_id"                     \
	"    FROM claimed AS c CROSS JOIN LATERAL ("                                                   \
	"      SELECT t.title, t.body FROM text AS t"                                                  \
	"       WHERE t.notification_id = c.notification_id"                                           \
	"         AND t.language IN (c.language, c.resident_language, 'ja')"                           \
	"       ORDER BY t.language = c.language DESC NULLS LAST,"                                     \
	"                t.language = c.resident_language DESC"                                        \
	"       LIMIT 1) AS t"                                                                         \
	") SELECT r.*, (SELECT count(*) FROM finished)"                                                \
	"   FROM (VALUES (1)) AS one LEFT JOIN ready AS r ON true ORDER BY r.delivery_id"

static const char *const claim_waiting = CLAIM_STEP("<= $3", "not_before");
static const char *const claim_fresh = CLAIM_STEP("IS NULL", "delivery_id");

PG_FUNCTION_INFO_V1(passport_claim_deliveries);

static void check_arguments(FunctionCallInfo fcinfo);
static int read_lanes(int16 *urgencies);
static int claim_lane(ReturnSetInfo *result, SPIPlanPtr plan, Datum *values, int wanted);
static int keep_rows(ReturnSetInfo *result, int *ended);
static SPIPlanPtr prepare_step(const char *statement);

Datum
passport_claim_deliveries(PG_FUNCTION_ARGS)
{
	static SPIPlanPtr waiting = NULL, fresh = NULL;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz now = GetCurrentTimestamp();
	int16 urgencies[CLAIM_LANES];
	int lanes, wanted;
	Datum values[6];

	check_arguments(fcinfo);
	wanted = PG_GETARG_INT32(1);
	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	if (fresh == NULL)
	{
		waiting = prepare_step(claim_waiting);
		fresh = prepare_step(claim_fresh);
	}
	values[2] = TimestampTzGetDatum(now);
	values[3] =
	    DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now), PG_GETARG_DATUM(2));
	values[4] = PG_GETARG_DATUM(0);
	values[5] = TimestampTzGetDatum(PassportNow());
	lanes = read_lanes(urgencies);
	for (int i = 0; i < lanes && wanted > 0; i++)
	{
		values[0] = Int16GetDatum(urgencies[i]);
		wanted = claim_lane(result, waiting, values, wanted);
		wanted = claim_lane(result, fresh, values, wanted);
	}
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

/* read_lanes returns how many lanes there are, and their urgencies. */
static int
read_lanes(int16 *urgencies)
{
	static SPIPlanPtr plan = NULL;
	int count;
	bool isnull;

	if (plan == NULL)
	{
		plan = SPI_prepare(select_lanes, 0, NULL);
		SPI_keepplan(plan);
	}
	if (SPI_execute_plan(plan, NULL, NULL, false, CLAIM_LANES) != SPI_OK_SELECT)
		elog(ERROR, "could not read the lanes");
	count = SPI_processed;
	for (int i = 0; i < count; i++)
		urgencies[i] =
		    DatumGetInt16(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	return count;
}

/* claim_lane claims up to so many rows of a lane, and returns how many are still wanted. */
static int
claim_lane(ReturnSetInfo *result, SPIPlanPtr plan, Datum *values, int wanted)
{
	int ended = 1;

	/* where some of what was found had expired, there may be good ones behind it */
	for (int step = 0; step < CLAIM_STEPS && wanted > 0 && ended > 0; step++)
	{
		CHECK_FOR_INTERRUPTS();
		values[1] = Int32GetDatum(wanted);
		if (SPI_execute_plan(plan, values, NULL, false, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not claim deliveries");
		wanted -= keep_rows(result, &ended);
	}
	return wanted;
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
	Oid types[6] = {INT2OID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID};
	SPIPlanPtr plan = SPI_prepare(statement, 6, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare a claim: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	return plan;
}
