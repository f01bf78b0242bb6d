/*
 * notify(): a message and its deliveries enter the outbox in one transaction,
 * all deliveries by one statement, and one NOTIFY wakes the bridge.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "outbox/home.h"
#include "outbox/message.h"
#include "util/bulk.h"

static const char *const insert_notification =
    "INSERT INTO passport.notification (kind, lane, mode, texts, data, collapse_key, expires_at,"
    "    event_key, digest, deliveries, unreachable, created_at)"
    " SELECT $1, l.lane, $3, $4, $5, $6,"
    "        least(coalesce($7, $10 + l.lifetime), $10 + interval '28 days'), $8, $9, 0, 0, $10"
    "   FROM passport.lane AS l WHERE l.lane = $2"
    " ON CONFLICT (event_key) DO NOTHING"
    " RETURNING notification_id";

static const char *const select_first_answer =
    "SELECT digest = $2, notification_id, deliveries, unreachable"
    "  FROM passport.notification WHERE event_key = $1";

/*
 * To which devices a message goes first: those of the first place that a person
 * has one of, and those of places that do not wait.  $1 residents, sorted, each
 * once, $2 notification, $3 lane, $4 passport.now(), $5 kind.  OFFSET 0 keeps
 * the planner from reading all devices, or all that anybody declined, at once.
 */
#define DECLINED(device)                                                                  \
	"(SELECT may_decline FROM rule) AND EXISTS ("                                         \
	"  SELECT FROM passport.preference AS p WHERE p.resident_id = " device ".resident_id" \
	"     AND p.kind = $5 AND p.channel = " device ".channel OFFSET 0)"
/* No message ever reaches the dead, whatever their devices' state. */
#define AMONG_THE_LIVING                                    \
	"   AND NOT EXISTS (SELECT FROM passport.resident AS r" \
	"                    WHERE r.resident_id = v.resident_id AND r.status = 'deceased')"
#define FIRST_DEVICES                                                                       \
	"WITH rule AS MATERIALIZED ("                                                           \
	"  SELECT r.may_decline, l.urgency FROM passport.lane AS l"                             \
	"    JOIN passport.lane_rules() AS r USING (lane) WHERE l.lane = $3"                    \
	"), way AS MATERIALIZED ("                                                              \
	"  SELECT c.channel, c.place, p.after FROM passport.channel AS c"                       \
	"    JOIN passport.lane_places($3) AS p USING (place)"                                  \
	"), first AS ("                                                                         \
	"  SELECT v.resident_id, v.device_id, v.channel, (SELECT urgency FROM rule) AS urgency" \
	"    FROM unnest($1) AS w(resident_id) JOIN passport.device AS v USING (resident_id)"   \
	"    JOIN way AS c USING (channel)"                                                     \
	"   WHERE v.state = 'active' " AMONG_THE_LIVING " AND NOT (" DECLINED(                  \
	    "v") ")"                                                                            \
	         "     AND (c.after = '0' OR NOT EXISTS ("                                      \
	         "           SELECT FROM passport.device AS u JOIN way AS e USING (channel)"    \
	         "            WHERE u.resident_id = v.resident_id AND u.state = 'active'"       \
	         "              AND e.place < c.place AND NOT (" DECLINED(                      \
	             "u") ") OFFSET 0))"                                                        \
	                  "   ORDER BY v.resident_id, v.device_id)"
#define DELIVERY_TYPES                                          \
	{                                                           \
		INT8ARRAYOID, INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID \
	}

/* Columns as those of passport.delivery. */
static Statement select_deliveries = {
    .sql = FIRST_DEVICES
    " SELECT f.resident_id, nextval('passport.delivery_delivery_id_seq'), $2, f.device_id,"
    "        f.channel, f.urgency, 0, $4, NULL::timestamptz, NULL::timestamptz, NULL::text"
    "   FROM first AS f",
    .arguments = 5,
    .types = DELIVERY_TYPES,
    .planning = PLAN_ANEW,
};

/*
 * A drill's deliveries never stand where a worker could claim them.  Columns as
 * those of passport.delivery_outcome.
 */
static Statement select_drill = {
    .sql = FIRST_DEVICES
    " SELECT f.resident_id, nextval('passport.delivery_delivery_id_seq'), $2, f.device_id,"
    "        'drill'::text, NULL::text, 0, $4, $4"
    "   FROM first AS f",
    .arguments = 5,
    .types = DELIVERY_TYPES,
    .planning = PLAN_ANEW,
};

/* Whom no message reaches is for staff to call, at once. */
static Statement insert_calls = {
    .sql = "INSERT INTO passport.unreached (resident_id, notification_id, reason, listed_at)"
           " SELECT r.resident_id, $2, 'no_channel', $4"
           "   FROM unnest($1) AS w(resident_id) JOIN passport.resident AS r USING (resident_id)"
           "  WHERE $5 IS NOT NULL AND r.status <> 'deceased'"
           "    AND EXISTS (SELECT FROM passport.lane_places($3) AS p"
           "                  JOIN passport.channel AS c USING (place) WHERE c.channel = 'call')"
           "    AND NOT EXISTS (SELECT FROM passport.delivery AS d"
           "                     WHERE d.resident_id = w.resident_id AND d.notification_id = $2"
           "                    OFFSET 0)",
    .arguments = 5,
    .types = DELIVERY_TYPES,
    .planning = PLAN_ANEW,
};

static Statement insert_steps = {
    .sql = "INSERT INTO passport.notification_step (notification_id, place, due_at)"
           " SELECT $2, p.place, $4 + p.after FROM passport.lane_places($3) AS p"
           "  WHERE p.after > '0' AND $1 IS NOT NULL AND $5 IS NOT NULL",
    .arguments = 5,
    .types = DELIVERY_TYPES,
    .planning = PLAN_ANEW,
};

static const char *const update_counts =
    "UPDATE passport.notification SET deliveries = $2, unreachable = $3 WHERE notification_id = $1";

/* What notify() was called with. */
struct message
{
	ArrayType *residents; /* sorted, each once */
	int resident_count;
	text *kind;
	text *lane;
	Jsonb *texts;
	Jsonb *data;
	NullableDatum expires_at;
	text *collapse_key; /* or NULL, as event_key */
	text *mode;
	text *event_key;
	bytea *digest;
};

struct answer
{
	int64 notification_id;
	int64 deliveries;
	int64 unreachable;
};

PG_FUNCTION_INFO_V1(passport_notify);

static void read_message(FunctionCallInfo fcinfo, struct message *message);
static text *text_argument(FunctionCallInfo fcinfo, int n, const char *pointer, int longest);
static ArrayType *each_once(ArrayType *given, int *count);
static int compare_ids(const void *a, const void *b);
static bytea *digest_message(const struct message *message);
static void digest_part(pg_cryptohash_ctx *hash, const void *part, size_t len);
static bool store_notification(const struct message *message, struct answer *answer);
static void first_answer(const struct message *message, struct answer *answer);
static void store_deliveries(const struct message *message, struct answer *answer);
static void store_counts(const struct answer *answer);

Datum
passport_notify(PG_FUNCTION_ARGS)
{
	struct message message;
	struct answer answer;
	TupleDesc row;
	Datum values[3];
	bool nulls[3] = {false, false, false};

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "notify() returns a row");
	read_message(fcinfo, &message);

	SPI_connect();
	KeepHome();
	if (store_notification(&message, &answer))
		store_deliveries(&message, &answer);
	else
		first_answer(&message, &answer);
	SPI_finish();

	values[0] = Int64GetDatum(answer.notification_id);
	values[1] = Int64GetDatum(answer.deliveries);
	values[2] = Int64GetDatum(answer.unreachable);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}

/* read_message takes the arguments over and refuses what cannot be carried. */
static void
read_message(FunctionCallInfo fcinfo, struct message *message)
{
	char *mode;

	if (PG_ARGISNULL(0))
		RefuseInput("/resident_ids", "missing", "Give an array of residents; it may be empty.");
	message->residents = each_once(PG_GETARG_ARRAYTYPE_P(0), &message->resident_count);
	message->kind = text_argument(fcinfo, 1, "/kind", 100);
	message->lane = text_argument(fcinfo, 2, "/lane", 100);
	message->collapse_key = PG_ARGISNULL(6) ? NULL : text_argument(fcinfo, 6, "/collapse_key", 64);
	message->mode = text_argument(fcinfo, 7, "/mode", 10);
	message->event_key = PG_ARGISNULL(8) ? NULL : text_argument(fcinfo, 8, "/event_key", 200);
	message->expires_at.isnull = PG_ARGISNULL(5);
	message->expires_at.value = PG_GETARG_DATUM(5);

	mode = text_to_cstring(message->mode);
	if (strcmp(mode, "live") != 0 && strcmp(mode, "drill") != 0)
		RefuseInput("/mode", "unknown_mode", "A mode is live or drill.");
	if (PG_ARGISNULL(3) || PG_ARGISNULL(4))
		RefuseInput("/texts", "missing", "Give the texts, and {} where there is no data.");
	message->texts = PG_GETARG_JSONB_P(3);
	message->data = PG_GETARG_JSONB_P(4);
	CheckMessage(message->texts, message->data);
	message->digest = digest_message(message);
}

/* text_argument returns a text argument of 1 to so many characters. */
static text *
text_argument(FunctionCallInfo fcinfo, int n, const char *pointer, int longest)
{
	text *value;
	int length;

	if (PG_ARGISNULL(n))
		RefuseInput(pointer, "missing", "This argument cannot be NULL.");
	value = PG_GETARG_TEXT_PP(n);
	length = pg_mbstrlen_with_len(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	if (length < 1 || length > longest)
		RefuseInput(pointer, "bad_length", "This argument is empty or too long.");
	return value;
}

/* each_once returns the ids sorted and without repetitions. */
static ArrayType *
each_once(ArrayType *given, int *count)
{
	int n = ArrayGetNItems(ARR_NDIM(given), ARR_DIMS(given));
	int64 *ids;
	int kept = 0;
	ArrayType *result;

	if (ARR_NDIM(given) > 1 || array_contains_nulls(given))
		RefuseInput("/resident_ids", "not_ids", "Give a flat array without NULL.");
	result = (ArrayType *) palloc(ARR_OVERHEAD_NONULLS(1) + (Size) n * sizeof(int64));
	ids = (int64 *) ((char *) result + ARR_OVERHEAD_NONULLS(1));
	memcpy(ids, ARR_DATA_PTR(given), (Size) n * sizeof(int64));
	qsort(ids, n, sizeof(int64), compare_ids);
	for (int i = 0; i < n; i++)
		if (kept == 0 || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];

	SET_VARSIZE(result, ARR_OVERHEAD_NONULLS(1) + (Size) kept * sizeof(int64));
	result->ndim = 1;
	result->dataoffset = 0;
	result->elemtype = INT8OID;
	ARR_DIMS(result)[0] = kept;
	ARR_LBOUND(result)[0] = 1;
	*count = kept;
	return result;
}

static int
compare_ids(const void *a, const void *b)
{
	int64 left = *(const int64 *) a, right = *(const int64 *) b;

	return (left > right) - (left < right);
}

/* digest_message returns what tells this message from any other one. */
static bytea *
digest_message(const struct message *message)
{
	bytea *digest = (bytea *) palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	const text *texts[] = {message->kind, message->lane, message->mode, message->collapse_key};

	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (hash == NULL || pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not begin a SHA-256 digest");
	for (int i = 0; i < lengthof(texts); i++)
		digest_part(hash, texts[i] ? VARDATA_ANY(texts[i]) : NULL,
		            texts[i] ? VARSIZE_ANY_EXHDR(texts[i]) : 0);
	digest_part(hash, VARDATA(message->texts), VARSIZE(message->texts) - VARHDRSZ);
	digest_part(hash, VARDATA(message->data), VARSIZE(message->data) - VARHDRSZ);
	digest_part(hash, &message->expires_at.value,
	            message->expires_at.isnull ? 0 : sizeof(message->expires_at.value));
	digest_part(hash, ARR_DATA_PTR(message->residents), message->resident_count * sizeof(int64));
	if (pg_cryptohash_final(hash, (uint8 *) VARDATA(digest), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not finish a SHA-256 digest");
	pg_cryptohash_free(hash);
	return digest;
}

/* digest_part adds a part with its length, so that no two sequences of parts look alike. */
static void
digest_part(pg_cryptohash_ctx *hash, const void *part, size_t len)
{
	uint64 length = len;

	if (pg_cryptohash_update(hash, (const uint8 *) &length, sizeof(length)) < 0 ||
	    (len > 0 && pg_cryptohash_update(hash, (const uint8 *) part, len) < 0))
		elog(ERROR, "could not continue a SHA-256 digest");
}

/* store_notification inserts the message; false: its event_key is there, or its lane is not. */
static bool
store_notification(const struct message *message, struct answer *answer)
{
	static SPIPlanPtr plan = NULL;
	Datum values[10];
	char nulls[10];
	bool isnull;

	if (plan == NULL)
	{
		Oid types[10] = {TEXTOID, TEXTOID,        TEXTOID, JSONBOID, JSONBOID,
		                 TEXTOID, TIMESTAMPTZOID, TEXTOID, BYTEAOID, TIMESTAMPTZOID};

		plan = SPI_prepare(insert_notification, 10, types);
		SPI_keepplan(plan);
	}
	memset(nulls, ' ', sizeof(nulls));
	values[0] = PointerGetDatum(message->kind);
	values[1] = PointerGetDatum(message->lane);
	values[2] = PointerGetDatum(message->mode);
	values[3] = JsonbPGetDatum(message->texts);
	values[4] = JsonbPGetDatum(message->data);
	values[5] = PointerGetDatum(message->collapse_key);
	nulls[5] = message->collapse_key ? ' ' : 'n';
	values[6] = message->expires_at.value;
	nulls[6] = message->expires_at.isnull ? 'n' : ' ';
	values[7] = PointerGetDatum(message->event_key);
	nulls[7] = message->event_key ? ' ' : 'n';
	values[8] = PointerGetDatum(message->digest);
	values[9] = TimestampTzGetDatum(PassportNow());
	if (SPI_execute_plan(plan, values, nulls, false, 1) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not insert a notification");
	if (SPI_processed == 0)
		return false;
	answer->notification_id =
	    DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	return true;
}

/* first_answer returns what the first call with this event_key got. */
static void
first_answer(const struct message *message, struct answer *answer)
{
	static SPIPlanPtr plan = NULL;
	Datum values[2] = {PointerGetDatum(message->event_key), PointerGetDatum(message->digest)};
	char nulls[2] = {' ', ' '};
	HeapTuple row;
	bool isnull;

	if (plan == NULL)
	{
		Oid types[2] = {TEXTOID, BYTEAOID};

		plan = SPI_prepare(select_first_answer, 2, types);
		SPI_keepplan(plan);
	}
	nulls[0] = message->event_key ? ' ' : 'n';
	if (SPI_execute_plan(plan, values, nulls, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for a notification by its event key");
	/* no such key stood in the way: then it was the lane that was not found */
	if (SPI_processed == 0)
		RefuseInput("/lane", "unknown_lane",
		            "A lane is evacuation, disaster, personal, broadcast or bulk.");
	row = SPI_tuptable->vals[0];
	if (!DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull)))
		ereport(ERROR, (errcode(ERRCODE_PT_CONFLICT),
		                errmsg("the event key was used for another notification"),
		                errhint("Use a key of its own for each message.")));
	answer->notification_id = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull));
	answer->deliveries = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 3, &isnull));
	answer->unreachable = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 4, &isnull));
}

/* store_deliveries inserts a row per device that comes first, and wakes the bridge at commit. */
static void
store_deliveries(const struct message *message, struct answer *answer)
{
	bool is_live = VARSIZE_ANY_EXHDR(message->mode) == strlen("live");
	Datum values[5] = {PointerGetDatum(message->residents), Int64GetDatum(answer->notification_id),
	                   PointerGetDatum(message->lane), TimestampTzGetDatum(PassportNow()),
	                   PointerGetDatum(message->kind)};
	BulkCount made = is_live ? InsertRows(&select_deliveries, values, NULL, "delivery")
	                         : InsertRows(&select_drill, values, NULL, "delivery_outcome");

	answer->deliveries = made.rows;
	answer->unreachable = message->resident_count - made.residents;
	store_counts(answer);
	if (!is_live)
		return;
	if (answer->unreachable > 0)
		RunStatement(&insert_calls, values, NULL);
	if (answer->deliveries == 0)
		return;
	RunStatement(&insert_steps, values, NULL);
	Async_Notify("passport_outbox", "");
}

static void
store_counts(const struct answer *answer)
{
	static SPIPlanPtr plan = NULL;
	Datum values[3] = {Int64GetDatum(answer->notification_id), Int64GetDatum(answer->deliveries),
	                   Int64GetDatum(answer->unreachable)};

	if (plan == NULL)
	{
		Oid types[3] = {INT8OID, INT8OID, INT8OID};

		plan = SPI_prepare(update_counts, 3, types);
		SPI_keepplan(plan);
	}
	if (SPI_execute_plan(plan, values, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not count deliveries");
}
