/*
 * complete_deliveries(): what became of a batch.  Finished rows leave the hot
 * table, the rest wait for their next try; rows that are no longer the
 * worker's are left alone.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "outbox/backoff.h"

#define COMPLETE_BATCH 10000

/*
 * $1 worker, $2-$7 the arrays, $8 passport.now(), $9 the machine's time.
 * Rows are found through LATERAL, one index look-up each, and then changed by
 * ctid: whatever the planner believes about a queue, it cannot turn this round.
 * Devices are locked in one order everywhere: two workers that retire the same
 * ones must not wait for each other in a circle.
 */
static const char *const complete =
    "WITH given AS MATERIALIZED ("
    "  SELECT g.*, d.place FROM unnest($2, $3, $4, $5, $6, $7)"
    "         AS g(resident_id, delivery_id, outcome, detail, retry_seconds, dead_since)"
    "   CROSS JOIN LATERAL ("
    "     SELECT d.ctid AS place FROM passport.delivery AS d"
    "      WHERE d.resident_id = g.resident_id AND d.delivery_id = g.delivery_id"
    "        AND d.worker = $1 OFFSET 0) AS d"
    "), finished AS ("
    "  DELETE FROM passport.delivery AS d USING given AS g"
    "   WHERE d.ctid = g.place AND d.worker = $1 AND g.outcome NOT IN ('retry', 'not_begun')"
    "  RETURNING d.*, g.outcome, g.dead_since, CASE WHEN NOT "
    "passport.holds_individual_number(left(g.detail, "
    "100))"
    "                                 THEN left(g.detail, 100) END AS detail"
    "), kept AS ("
    "  INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id, device_id,"
    "      outcome, detail, attempts, created_at, finished_at)"
    "  SELECT resident_id, delivery_id, notification_id, device_id, outcome, detail, attempt,"
    "         created_at, $8 FROM finished"
    "), dead AS MATERIALIZED ("
    "  SELECT v.place, f.detail FROM ("
    "    SELECT * FROM finished WHERE outcome = 'retired' ORDER BY resident_id, device_id) AS f"
    "   CROSS JOIN LATERAL ("
    "     SELECT v.ctid AS place FROM passport.device AS v"
    "      WHERE v.resident_id = f.resident_id AND v.device_id = f.device_id"
    "        AND v.state = 'active'"
    /* the app may have registered it again since it died */
    "        AND v.registered_at <= coalesce(f.dead_since, 'infinity') FOR UPDATE) AS v"
    "), retired AS ("
    "  UPDATE passport.device AS v"
    "     SET state = 'retired', retired_at = $8, retired_reason = coalesce(d.detail, 'dead')"
    "    FROM dead AS d WHERE v.ctid = d.place"
    "), waiting AS ("
    "  UPDATE passport.delivery AS d"
    "     SET worker = NULL, lease_until = NULL,"
    /* what was never begun was no try; nor does it lose its place where nobody asks to wait */
    "         attempt = d.attempt - (g.outcome = 'not_begun')::int,"
    "         not_before = CASE WHEN g.outcome = 'retry' OR g.retry_seconds > 0"
    "           THEN $9 + passport.retry_delay(d.attempt, coalesce(g.retry_seconds, 0))"
    "           ELSE d.not_before END"
    "    FROM given AS g"
    "   WHERE d.ctid = g.place AND d.worker = $1 AND g.outcome IN ('retry', 'not_begun')"
    "  RETURNING d.urgency, g.outcome"
    "), returned AS ("
    /* nor does it count in its lane's minute */
    "  UPDATE passport.lane_budget AS b SET begun = greatest(b.begun - w.deliveries, 0)"
    "    FROM (SELECT l.lane, count(*)::int AS deliveries"
    "            FROM waiting JOIN passport.lane AS l USING (urgency)"
    "           WHERE outcome = 'not_begun' GROUP BY l.lane) AS w"
    "   WHERE b.lane = w.lane)"
    " SELECT (SELECT count(*) FROM finished)::int + (SELECT count(*) FROM waiting)::int";

PG_FUNCTION_INFO_V1(passport_complete_deliveries);
PG_FUNCTION_INFO_V1(passport_retry_delay);

static void check_arguments(FunctionCallInfo fcinfo);
static void check_outcomes(ArrayType *outcomes);

Datum
passport_complete_deliveries(PG_FUNCTION_ARGS)
{
	static SPIPlanPtr plan = NULL;
	Datum values[9];
	char nulls[9];
	int32 changed;
	bool isnull;

	check_arguments(fcinfo);
	SPI_connect();
	if (plan == NULL)
	{
		Oid types[9] = {TEXTOID,       INT8ARRAYOID, INT8ARRAYOID,        TEXTARRAYOID,
		                TEXTARRAYOID,  INT4ARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZOID,
		                TIMESTAMPTZOID};

		plan = SPI_prepare(complete, 9, types);
		if (plan == NULL)
			elog(ERROR, "could not prepare a completion: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
	}
	memset(nulls, ' ', sizeof(nulls));
	for (int i = 0; i < 7; i++)
		values[i] = PG_GETARG_DATUM(i);
	nulls[6] = PG_ARGISNULL(6) ? 'n' : ' ';
	values[7] = TimestampTzGetDatum(PassportNow());
	values[8] = TimestampTzGetDatum(GetCurrentTimestamp());
	if (SPI_execute_plan(plan, values, nulls, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not complete deliveries");
	changed =
	    DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	PG_RETURN_INT32(changed);
}

/* check_arguments refuses arrays of different lengths, and holes where none may be. */
static void
check_arguments(FunctionCallInfo fcinfo)
{
	int length = -1;

	for (int i = 0; i < 6; i++)
		if (PG_ARGISNULL(i))
			RefuseInput("", "missing", "Give the worker and five arrays.");
	for (int i = 1; i < 7 - PG_ARGISNULL(6); i++)
	{
		ArrayType *array = PG_GETARG_ARRAYTYPE_P(i);
		int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

		if (ARR_NDIM(array) > 1 || n > COMPLETE_BATCH || (length >= 0 && n != length))
			RefuseInput("", "bad_length", "The arrays have one length, at most 10000.");
		if (i <= 3 && array_contains_nulls(array))
			RefuseInput("", "missing", "Ids and outcomes cannot be NULL.");
		length = n;
	}
	check_outcomes(PG_GETARG_ARRAYTYPE_P(3));
}

/* check_outcomes refuses a word that is no outcome of a try. */
static void
check_outcomes(ArrayType *outcomes)
{
	ArrayIterator it = array_create_iterator(outcomes, 0, NULL);
	Datum value;
	bool isnull;

	while (array_iterate(it, &value, &isnull))
	{
		char *outcome = TextDatumGetCString(value);

		if (strcmp(outcome, "delivered") != 0 && strcmp(outcome, "retired") != 0 &&
		    strcmp(outcome, "failed") != 0 && strcmp(outcome, "retry") != 0 &&
		    strcmp(outcome, "not_begun") != 0)
			RefuseInput("/outcomes", "unknown_outcome",
			            "An outcome is delivered, retired, failed, retry or not_begun.");
		pfree(outcome);
	}
	array_free_iterator(it);
}

Datum
passport_retry_delay(PG_FUNCTION_ARGS)
{
	Interval *delay = (Interval *) palloc0(sizeof(Interval));
	double seconds = BackoffSeconds(PG_GETARG_INT32(0), PG_GETARG_INT32(1),
	                                pg_prng_double(&pg_global_prng_state));

	delay->time = (int64) (seconds * USECS_PER_SEC);
	PG_RETURN_INTERVAL_P(delay);
}
