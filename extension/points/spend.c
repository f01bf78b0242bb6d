/*
 * spend_points(): takes points from the lots that expire first.
 *
 * As with awards, one statement reads and another books on the condition that
 * the account's version is still the one that was read.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "points/event.h"
#include "points/lot.h"
#include "util/spi.h"

#define ITEM_MOST 200 /* characters */

/*
 * $1 resident, $2 idempotency key, $3 points, $4 item.  The balance of a first
 * answer is what it was: later entries have higher ids.
 */
static Statement read_account = {
    .sql = "SELECT s.status = 'resident', coalesce(a.version, 0), e.entry_id,"
           "       o.points = -$3 AND e.detail ->> 'item' = $4,"
           "       (SELECT sum(b.points)::bigint FROM passport.point_entry AS b"
           "         WHERE b.resident_id = $1 AND b.entry_id <= o.last"
           "           AND b.effective_at <= e.effective_at),"
           "       passport.holds_individual_number($4)"
           "  FROM passport.resident AS s"
           "  LEFT JOIN passport.point_account AS a ON a.resident_id = s.resident_id"
           "  LEFT JOIN passport.point_entry AS e ON e.resident_id = s.resident_id"
           "        AND e.event_key = $2 AND e.kind = 'spend'"
           "  LEFT JOIN LATERAL ("
           "       SELECT sum(p.points) AS points, max(p.entry_id) AS last"
           "         FROM passport.point_entry AS p WHERE p.resident_id = $1"
           "          AND p.cause = e.entry_id AND p.kind = 'spend') AS o ON true"
           " WHERE s.resident_id = $1",
    .arguments = 4,
    .types = {INT8OID, TEXTOID, INT4OID, TEXTOID},
};

/* $1 resident, $2 now.  What a lot still holds is what its end will take. */
static Statement read_lots = {
    .sql = "SELECT e.lot_id, (-sum(e.points))::int, e.effective_at"
           "  FROM passport.point_entry AS e"
           " WHERE e.resident_id = $1 AND e.kind IN ('expiry', 'release') AND e.effective_at > $2"
           " GROUP BY e.lot_id, e.effective_at HAVING sum(e.points) < 0"
           " ORDER BY e.effective_at, e.lot_id",
    .arguments = 2,
    .types = {INT8OID, TIMESTAMPTZOID},
};

/*
 * $1 resident, $2 version read, $3 lots, $4 points of each, $5 their ends,
 * $6 now, $7 idempotency key, $8 item.
 */
static Statement book_spend = {
    .sql = "WITH account AS ("
           "  UPDATE passport.point_account AS a SET version = a.version + 2 * cardinality($3)"
           "   WHERE a.resident_id = $1 AND a.version = $2 RETURNING version"
           "), taken AS ("
           "  SELECT t.* FROM account, unnest($3, $4, $5)"
           "         WITH ORDINALITY AS t(lot_id, points, ends_at, nth)"
           ") INSERT INTO passport.point_entry (resident_id, entry_id, lot_id, cause, kind, points,"
           "      effective_at, recorded_at, event_key, detail)"
           " SELECT $1, $2 + t.nth, t.lot_id, $2 + 1, 'spend', -t.points, $6, $6,"
           "        CASE t.nth WHEN 1 THEN $7 END,"
           "        CASE t.nth WHEN 1 THEN jsonb_build_object('item', $8) END FROM taken AS t"
           " UNION ALL "
           " SELECT $1, $2 + cardinality($3) + t.nth, t.lot_id, $2 + 1, 'release', t.points, "
           "t.ends_at,"
           "        $6, NULL, NULL FROM taken AS t",
    .arguments = 8,
    .types = {INT8OID, INT8OID, INT8ARRAYOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZOID,
              TEXTOID, TEXTOID},
};

/* $1 resident, $2 now */
static Statement read_balance = {
    .sql = "SELECT coalesce(sum(e.points), 0)::bigint FROM passport.point_entry AS e"
           " WHERE e.resident_id = $1 AND e.effective_at <= $2",
    .arguments = 2,
    .types = {INT8OID, TIMESTAMPTZOID},
};

typedef struct Spend
{
	int64 resident_id;
	int32 points;
	text *item;
	text *key;
	TimestampTz now;
	int64 version;
	int64 entry_id;
	int64 balance;
} Spend;

/* The lots of a resident, and what is taken from each. */
typedef struct Lots
{
	Datum *ids;
	Datum *ends;
	Datum *points;
	int32 *held;
	int32 *taken;
	int count;
} Lots;

PG_FUNCTION_INFO_V1(passport_spend_points);

static void check_item(text *item);
static bool answered_before(Spend *spend);
static bool try_spend(Spend *spend);
static void select_lots(const Spend *spend, Lots *lots);

Datum
passport_spend_points(PG_FUNCTION_ARGS)
{
	Spend spend = {0};
	TupleDesc desc;
	Datum values[2];
	bool nulls[2] = {false, false};
	bool isnull;

	if (PG_ARGISNULL(0))
		RefuseInput("/resident_id", "missing", "Points are spent by a resident.");
	if (PG_ARGISNULL(1) || PG_GETARG_INT32(1) <= 0)
		RefuseInput("/points", "not_positive", "Points that are spent are above 0.");
	spend.resident_id = PG_GETARG_INT64(0);
	spend.points = PG_GETARG_INT32(1);
	spend.item = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	spend.key = PG_ARGISNULL(3) ? NULL : PG_GETARG_TEXT_PP(3);
	spend.now = PassportNow();
	check_item(spend.item);
	CheckKey(spend.key, "/idempotency_key");

	SPI_connect();
	while (!answered_before(&spend))
	{
		CHECK_FOR_INTERRUPTS();
		if (try_spend(&spend))
		{
			Datum arguments[2] = {Int64GetDatum(spend.resident_id), TimestampTzGetDatum(spend.now)};

			RunStatement(&read_balance, arguments, NULL);
			spend.entry_id = spend.version + 1;
			spend.balance = DatumGetInt64(StatementValue(0, 1, &isnull));
			break;
		}
	}
	SPI_finish();

	values[0] = Int64GetDatum(spend.entry_id);
	values[1] = Int64GetDatum(spend.balance);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

static void
check_item(text *item)
{
	int length = 0;

	if (item != NULL && VARSIZE_ANY_EXHDR(item) <= ITEM_MOST * MAX_MULTIBYTE_CHAR_LEN)
		length = pg_mbstrlen_with_len(VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item));
	if (length < 1 || length > ITEM_MOST)
		RefuseInput("/item", "item", "What points are spent for has 1 to 200 characters.");
}

/*
 * answered_before reads the account, and returns whether this very spend was
 * booked before: then the first answer stands.
 */
static bool
answered_before(Spend *spend)
{
	Datum arguments[4] = {Int64GetDatum(spend->resident_id), PointerGetDatum(spend->key),
	                      Int32GetDatum(spend->points), PointerGetDatum(spend->item)};
	Datum values[6];
	bool nulls[6];

	if (RunStatement(&read_account, arguments, NULL) == 0)
		ereport(ERROR, (errcode(ERRCODE_PT_UNKNOWN), errmsg("unknown resident")));
	heap_deform_tuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, values, nulls);
	if (DatumGetBool(values[5]))
		RefuseInput("/item", "individual_number", "An individual number is never stored.");
	spend->version = DatumGetInt64(values[1]);
	if (nulls[2])
	{
		if (!DatumGetBool(values[0]))
			RefuseInput("/resident_id", "not_resident", "This person has moved out or died.");
		return false;
	}
	if (!DatumGetBool(values[3]))
		RefuseOtherContent();
	spend->entry_id = DatumGetInt64(values[2]);
	spend->balance = DatumGetInt64(values[4]);
	return true;
}

/* try_spend books a spend, or returns false if another booking came between. */
static bool
try_spend(Spend *spend)
{
	Lots lots;
	int used;

	select_lots(spend, &lots);
	used = TakeFromLots(lots.held, lots.count, spend->points, lots.taken);
	if (used == 0)
		RefuseInput("/points", "not_enough_points", "The balance is lower than that.");
	for (int i = 0; i < used; i++)
		lots.points[i] = Int32GetDatum(lots.taken[i]);
	{
		Datum arguments[8] = {
		    Int64GetDatum(spend->resident_id),
		    Int64GetDatum(spend->version),
		    PointerGetDatum(construct_array(lots.ids, used, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
		                                    TYPALIGN_DOUBLE)),
		    PointerGetDatum(
		        construct_array(lots.points, used, INT4OID, sizeof(int32), true, TYPALIGN_INT)),
		    PointerGetDatum(construct_array(lots.ends, used, TIMESTAMPTZOID, sizeof(TimestampTz),
		                                    FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
		    TimestampTzGetDatum(spend->now),
		    PointerGetDatum(spend->key),
		    PointerGetDatum(spend->item),
		};

		return RunStatement(&book_spend, arguments, NULL) > 0;
	}
}

/* select_lots reads the lots that still hold something, the first to expire first. */
static void
select_lots(const Spend *spend, Lots *lots)
{
	Datum arguments[2] = {Int64GetDatum(spend->resident_id), TimestampTzGetDatum(spend->now)};
	int count = (int) RunStatement(&read_lots, arguments, NULL);

	lots->count = count;
	lots->ids = palloc(sizeof(Datum) * count);
	lots->ends = palloc(sizeof(Datum) * count);
	lots->points = palloc(sizeof(Datum) * count);
	lots->held = palloc(sizeof(int32) * count);
	lots->taken = palloc(sizeof(int32) * count);
	for (int i = 0; i < count; i++)
	{
		bool isnull;

		lots->ids[i] = StatementValue(i, 1, &isnull);
		lots->held[i] = DatumGetInt32(StatementValue(i, 2, &isnull));
		lots->ends[i] = StatementValue(i, 3, &isnull);
	}
}
