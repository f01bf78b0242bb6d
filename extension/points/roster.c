/*
 * award_roster(): one event, many residents.
 *
 * The residents are taken in chunks, in the order of their ids, so that memory
 * is bounded and two rosters cannot lock each other's accounts crosswise.  A
 * chunk is read by one statement, decided one by one by the same DecideAward()
 * as a single award, and booked by another statement, which passes over the
 * accounts whose version has changed since; those are read and decided again.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "points/event.h"
#include "util/spi.h"

#define ROSTER_MOST 1000000
#define ROSTER_CHUNK 100000

/* $1 program, $2 day */
static Statement read_rule = {
    .sql = "SELECT r.holds_from," RULE_COLUMNS "  FROM passport.program AS p"
           "  LEFT JOIN LATERAL (SELECT * FROM passport.program_rule AS h"
           "                      WHERE h.program = p.program AND h.holds_from <= $2"
           "                      ORDER BY h.holds_from DESC LIMIT 1) AS r ON true"
           " WHERE p.program = $1",
    .arguments = 2,
    .types = {TEXTOID, DATEOID},
};
#define RULE_OFFSET 1

/*
 * $1 residents, $2 program, $3 event key, $4 occurred at, $5 the day, $6 and $7
 * the year of the caps, $8 and $9 the period of once_per: NULL where the rule
 * does not ask.
 */
static Statement read_cases = {
    .sql = "SELECT x.resident_id, s.status = 'resident', s.birth_date, coalesce(a.version, 0),"
           "       e.effective_at = $4 AND e.quantity = 1,"
           "       CASE WHEN $5 IS NOT NULL THEN"
           "         (SELECT sum(d.points) FROM passport.point_entry AS d"
           "           WHERE d.resident_id = x.resident_id AND d.program = $2"
           "             AND d.occurred_on = $5) END,"
           "       CASE WHEN $6 IS NOT NULL THEN"
           "         (SELECT sum(y.points) FROM passport.point_entry AS y"
           "           WHERE y.resident_id = x.resident_id AND y.program = $2"
           "             AND y.occurred_on >= $6 AND y.occurred_on < $7) END,"
           "       CASE WHEN $8 IS NOT NULL THEN"
           "         (SELECT count(*) FILTER (WHERE o.kind = 'award')"
           "                 - count(DISTINCT o.cause) FILTER (WHERE o.kind = 'reversal')"
           "            FROM passport.point_entry AS o"
           "           WHERE o.resident_id = x.resident_id AND o.program = $2"
           "             AND o.occurred_on >= $8 AND o.occurred_on < $9) END"
           "  FROM unnest($1) AS x(resident_id)"
           "  LEFT JOIN passport.resident AS s ON s.resident_id = x.resident_id"
           "  LEFT JOIN passport.point_account AS a ON a.resident_id = x.resident_id"
           "  LEFT JOIN passport.point_entry AS e ON e.resident_id = x.resident_id"
           "        AND e.program = $2 AND e.event_key = $3 AND e.kind = 'award'"
           " ORDER BY x.resident_id",
    .arguments = 9,
    .types = {INT8ARRAYOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, DATEOID, DATEOID, DATEOID, DATEOID,
              DATEOID},
    .planning = PLAN_ANEW,
};
#define CASE_COLUMNS 8

/* $1 residents, $2 the versions read.  The accounts are locked in this order. */
static Statement move_accounts = {
    .sql = "INSERT INTO passport.point_account AS a (resident_id, version)"
           " SELECT d.resident_id, d.version + 2 FROM unnest($1, $2) AS d(resident_id, version)"
           " ON CONFLICT (resident_id) DO UPDATE SET version = excluded.version"
           "  WHERE a.version = excluded.version - 2"
           " RETURNING resident_id",
    .arguments = 2,
    .types = {INT8ARRAYOID, INT8ARRAYOID},
    .planning = PLAN_ANEW,
};

/*
 * $1 residents, $2 the versions read, $3 points, $4 caps that lowered them,
 * $5 occurred at, $6 day, $7 program, $8 event key, $9 now, $10 end of the lots.
 */
static Statement book_entries = {
    .sql = "INSERT INTO passport.point_entry (resident_id, entry_id, lot_id, cause, kind, points,"
           "    effective_at, recorded_at, occurred_on, quantity, program, event_key, detail)"
           " SELECT d.resident_id, d.version + n.nth, d.version + 1, d.version + 1, n.kind,"
           "        d.points * n.sign, n.effective_at, $9, n.occurred_on, n.quantity, n.program,"
           "        n.event_key,"
           "        CASE WHEN n.nth = 1 AND d.cap IS NOT NULL"
           "             THEN jsonb_build_object('cap', d.cap) END"
           "   FROM unnest($1, $2, $3, $4) AS d(resident_id, version, points, cap)"
           "  CROSS JOIN (VALUES (1, 'award', 1, $5, $6, 1, $7, $8),"
           "                     (2, 'expiry', -1, $10, NULL, NULL, NULL, NULL))"
           "     AS n(nth, kind, sign, effective_at, occurred_on, quantity, program, event_key)",
    .arguments = 10,
    .types = {INT8ARRAYOID, INT8ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID, DATEOID,
              TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID},
    .planning = PLAN_ANEW,
};

/* What is to be booked of a chunk, as arrays for book_entries. */
typedef struct Bookings
{
	Datum *residents;
	Datum *versions;
	Datum *points;
	Datum *caps;
	bool *uncapped;
	int count;
	CivilDay ends_on;
} Bookings;

typedef struct RosterAnswer
{
	int64 awarded;
	int64 repeated;
	int64 refused;
	int64 points;
} RosterAnswer;

typedef struct Roster
{
	PointEvent event;
	AwardRule rule;
	bool has_rule;
	RuleSpans spans;
	RosterAnswer answer;
} Roster;

PG_FUNCTION_INFO_V1(passport_award_roster);

static Datum *read_roster(ArrayType *array, int *count);
static int compare_residents(const void *a, const void *b);
static void read_roster_rule(Roster *roster);
static void award_chunk(Roster *roster, Datum *residents, int count);
static void select_cases(Roster *roster, Datum *residents, int count);
static void decide_chunk(Roster *roster, Bookings *bookings, int64 *repeated, int64 *refused);
static bool decide_one(Roster *roster, Bookings *bookings, const Datum *values, const bool *nulls);
static void refuse_unknown(int64 resident_id) pg_attribute_noreturn();
static void move_chunk(Bookings *bookings);
static int book_chunk(Roster *roster, Bookings *bookings);
static Datum array_of(Datum *numbers, int count, Oid type, int length);

Datum
passport_award_roster(PG_FUNCTION_ARGS)
{
	Roster roster = {0};
	TupleDesc desc;
	Datum values[4];
	bool nulls[4] = {false, false, false, false};
	Datum *residents;
	int count;

	if (PG_ARGISNULL(2))
		RefuseInput("/resident_ids", "missing", "A roster is an array of residents.");
	if (PG_ARGISNULL(3))
		RefuseInput("/occurred_at", "missing", "An event has a time.");
	ReadEvent(&roster.event, PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0),
	          PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1), PG_GETARG_DATUM(3));
	roster.event.thousandths = QUANTITY_SCALE;
	residents = read_roster(PG_GETARG_ARRAYTYPE_P(2), &count);

	SPI_connect();
	read_roster_rule(&roster);
	for (int start = 0; start < count; start += ROSTER_CHUNK)
		award_chunk(&roster, residents + start, Min(count - start, ROSTER_CHUNK));
	SPI_finish();

	values[0] = Int32GetDatum((int32) roster.answer.awarded);
	values[1] = Int32GetDatum((int32) roster.answer.repeated);
	values[2] = Int32GetDatum((int32) roster.answer.refused);
	values[3] = Int64GetDatum(roster.answer.points);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* read_roster gives a roster's residents, sorted, each once. */
static Datum *
read_roster(ArrayType *array, int *count)
{
	Datum *residents;

	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > ROSTER_MOST)
		RefuseInput("/resident_ids", "too_many", "A roster has 1,000,000 residents at most.");
	if (array_contains_nulls(array))
		RefuseInput("/resident_ids", "null_element", "A roster has no empty places.");
	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &residents,
	                  NULL, count);
	qsort(residents, *count, sizeof(Datum), compare_residents);
	*count = (int) qunique(residents, *count, sizeof(Datum), compare_residents);
	return residents;
}

static int
compare_residents(const void *a, const void *b)
{
	int64 left = DatumGetInt64(*(const Datum *) a);
	int64 right = DatumGetInt64(*(const Datum *) b);

	return (left > right) - (left < right);
}

/* read_roster_rule reads the rule of the event's day, which is the same for all. */
static void
read_roster_rule(Roster *roster)
{
	Datum arguments[2] = {PointerGetDatum(roster->event.program),
	                      DateADTGetDatum(roster->event.occurred_on)};
	Datum values[RULE_OFFSET + RULE_COLUMN_COUNT];
	bool nulls[RULE_OFFSET + RULE_COLUMN_COUNT];

	if (RunStatement(&read_rule, arguments, NULL) == 0)
		RefuseProgram();
	heap_deform_tuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, values, nulls);
	roster->has_rule = !nulls[0];
	if (!roster->has_rule)
		return;
	ReadRule(&roster->rule, values + RULE_OFFSET, nulls + RULE_OFFSET);
	roster->spans = SpansOfRule(&roster->rule, roster->event.occurred_on);
}

/* award_chunk awards some residents, again until no other booking comes between. */
static void
award_chunk(Roster *roster, Datum *residents, int count)
{
	MemoryContext scratch =
	    AllocSetContextCreate(CurrentMemoryContext, "passport roster", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	int64 booked = 0;
	int64 repeated;
	int64 refused;

	for (;;)
	{
		Bookings bookings = {0};
		SPITupleTable *cases;
		int decided;

		MemoryContextReset(scratch);
		CHECK_FOR_INTERRUPTS();
		select_cases(roster, residents, count);
		cases = SPI_tuptable;
		decide_chunk(roster, &bookings, &repeated, &refused);
		SPI_freetuptable(cases);
		/* what an earlier turn booked is found again */
		repeated -= booked;
		decided = bookings.count;
		if (decided > 0)
			booked += book_chunk(roster, &bookings);
		if (bookings.count == decided)
			break;
	}
	roster->answer.awarded += booked;
	roster->answer.repeated += repeated;
	roster->answer.refused += refused;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/* select_cases reads what decides the awards of a chunk. */
static void
select_cases(Roster *roster, Datum *residents, int count)
{
	const PointEvent *event = &roster->event;
	const RuleSpans *spans = &roster->spans;
	Datum arguments[9] = {
	    array_of(residents, count, INT8OID, sizeof(int64)),
	    PointerGetDatum(event->program),
	    PointerGetDatum(event->event_key),
	    TimestampTzGetDatum(event->occurred_at),
	    DateADTGetDatum(spans->day.first),
	    DateADTGetDatum(spans->year.first),
	    DateADTGetDatum(spans->year.end),
	    DateADTGetDatum(spans->once.first),
	    DateADTGetDatum(spans->once.end),
	};
	char nulls[] = "    nnnnn";

	if (spans->day.first < spans->day.end)
		nulls[4] = ' ';
	if (spans->year.first < spans->year.end)
		nulls[5] = nulls[6] = ' ';
	if (spans->once.first < spans->once.end)
		nulls[7] = nulls[8] = ' ';
	RunStatement(&read_cases, arguments, nulls);
}

/* decide_chunk decides what the last statement read, and collects what is to be booked. */
static void
decide_chunk(Roster *roster, Bookings *bookings, int64 *repeated, int64 *refused)
{
	uint64 cases = SPI_processed;

	*repeated = *refused = 0;
	bookings->residents = palloc(cases * sizeof(Datum));
	bookings->versions = palloc(cases * sizeof(Datum));
	bookings->points = palloc(cases * sizeof(Datum));
	bookings->caps = palloc(cases * sizeof(Datum));
	bookings->uncapped = palloc(cases * sizeof(bool));
	for (uint64 i = 0; i < cases; i++)
	{
		Datum values[CASE_COLUMNS];
		bool nulls[CASE_COLUMNS];

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		if (nulls[1])
			refuse_unknown(DatumGetInt64(values[0]));
		if (nulls[4])
			*refused += !decide_one(roster, bookings, values, nulls);
		else if (DatumGetBool(values[4]))
			++*repeated;
		else
			RefuseOtherContent();
	}
}

/* decide_one decides one case, and returns whether anything is to be booked. */
static bool
decide_one(Roster *roster, Bookings *bookings, const Datum *values, const bool *nulls)
{
	AwardCase award = {
	    .quantity = roster->event.thousandths,
	    .occurred_on = roster->event.occurred_on,
	    .today = roster->event.today,
	    .is_resident = DatumGetBool(values[1]),
	    .birth = nulls[2] ? CIVIL_NONE : DatumGetDateADT(values[2]),
	    .points_of_day = nulls[5] ? 0 : DatumGetInt64(values[5]),
	    .points_of_year = nulls[6] ? 0 : DatumGetInt64(values[6]),
	    .awards_of_period = nulls[7] ? 0 : DatumGetInt64(values[7]),
	};
	AwardDecision decision;
	int i = bookings->count;

	if (!roster->has_rule)
		return false;
	decision = DecideAward(&roster->rule, &award);
	if (decision.points <= 0)
		return false;
	bookings->residents[i] = values[0];
	bookings->versions[i] = values[3];
	bookings->points[i] = Int32GetDatum(decision.points);
	bookings->uncapped[i] = decision.verdict != AWARD_CAPPED;
	bookings->caps[i] = bookings->uncapped[i] ? (Datum) 0 : CStringGetTextDatum(decision.reason);
	bookings->ends_on = decision.ends_on; /* the day's and the rule's, so the same for all */
	bookings->count++;
	return true;
}

static void
refuse_unknown(int64 resident_id)
{
	ereport(ERROR, (errcode(ERRCODE_PT_UNKNOWN), errmsg("unknown resident"),
	                errdetail("The roster has resident " INT64_FORMAT ".", resident_id)));
}

/*
 * move_chunk moves the accounts on, and keeps of the bookings those of the
 * accounts that did, which come back in their order.
 */
static void
move_chunk(Bookings *bookings)
{
	Datum arguments[2] = {array_of(bookings->residents, bookings->count, INT8OID, sizeof(int64)),
	                      array_of(bookings->versions, bookings->count, INT8OID, sizeof(int64))};
	int moved = (int) RunStatement(&move_accounts, arguments, NULL);
	int kept = 0;
	bool isnull;

	if (moved == bookings->count)
		return;
	for (int i = 0; i < bookings->count && kept < moved; i++)
	{
		if (StatementValue(kept, 1, &isnull) != bookings->residents[i])
			continue;
		bookings->residents[kept] = bookings->residents[i];
		bookings->versions[kept] = bookings->versions[i];
		bookings->points[kept] = bookings->points[i];
		bookings->caps[kept] = bookings->caps[i];
		bookings->uncapped[kept] = bookings->uncapped[i];
		kept++;
	}
	bookings->count = kept;
}

/* book_chunk books what was decided, and returns for how many that came about. */
static int
book_chunk(Roster *roster, Bookings *bookings)
{
	const PointEvent *event = &roster->event;
	int lower_bound = 1;
	Datum arguments[10];

	move_chunk(bookings);
	SPI_freetuptable(SPI_tuptable);
	arguments[0] = array_of(bookings->residents, bookings->count, INT8OID, sizeof(int64));
	arguments[1] = array_of(bookings->versions, bookings->count, INT8OID, sizeof(int64));
	arguments[2] = array_of(bookings->points, bookings->count, INT4OID, sizeof(int32));
	arguments[3] =
	    PointerGetDatum(construct_md_array(bookings->caps, bookings->uncapped, 1, &bookings->count,
	                                       &lower_bound, TEXTOID, -1, false, TYPALIGN_INT));
	arguments[4] = TimestampTzGetDatum(event->occurred_at);
	arguments[5] = DateADTGetDatum(event->occurred_on);
	arguments[6] = PointerGetDatum(event->program);
	arguments[7] = PointerGetDatum(event->event_key);
	arguments[8] = TimestampTzGetDatum(event->now);
	arguments[9] = TimestampTzGetDatum(CivilMidnight(bookings->ends_on));
	RunStatement(&book_entries, arguments, NULL);
	for (int i = 0; i < bookings->count; i++)
		roster->answer.points += DatumGetInt32(bookings->points[i]);
	return bookings->count;
}

/* array_of makes an array of numbers. */
static Datum
array_of(Datum *numbers, int count, Oid type, int length)
{
	return PointerGetDatum(
	    construct_array(numbers, count, type, length, true,
	                    length == sizeof(int64) ? TYPALIGN_DOUBLE : TYPALIGN_INT));
}
