/*
 * award_points(): one resident, one event.
 *
 * What the rule asks about is read first, without a lock.  Then the account
 * moves on, if its version is still the one that was read, and the entries are
 * booked.  Whoever came between made another version: then we look again.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "points/event.h"
#include "util/spi.h"

/*
 * $1 resident, $2 program, $3 event key, $4 occurred at, $5 quantity, $6 day.
 */
static Statement read_case = {
    .sql = "SELECT s.status = 'resident', s.birth_date, coalesce(a.version, 0), e.entry_id,"
           "       e.points, e.effective_at = $4 AND e.quantity = $5, r.holds_from," RULE_COLUMNS
           "  FROM passport.resident AS s"
           "  LEFT JOIN passport.point_account AS a ON a.resident_id = $1"
           "  LEFT JOIN passport.point_entry AS e ON e.resident_id = $1 AND e.program = $2"
           "        AND e.event_key = $3 AND e.kind = 'award'"
           "  LEFT JOIN LATERAL (SELECT * FROM passport.program_rule AS h"
           "                      WHERE h.program = $2 AND h.holds_from <= $6"
           "                      ORDER BY h.holds_from DESC LIMIT 1) AS r ON true"
           " WHERE s.resident_id = $1",
    .arguments = 6,
    .types = {INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, NUMERICOID, DATEOID},
};
#define CASE_COLUMNS 7

/* $1 program: only asked where there is no rule, or no resident */
static Statement read_program = {
    .sql = "SELECT FROM passport.program AS p WHERE p.program = $1",
    .arguments = 1,
    .types = {TEXTOID},
};

/* What caps ask about: $1 resident, $2 program, $3 day, $4 and $5 the span that holds it. */
static Statement read_points = {
    .sql = "SELECT sum(CASE WHEN e.occurred_on = $3 THEN e.points END), sum(e.points)"
           "  FROM passport.point_entry AS e WHERE e.resident_id = $1 AND e.program = $2"
           "   AND e.occurred_on >= $4 AND e.occurred_on < $5",
    .arguments = 5,
    .types = {INT8OID, TEXTOID, DATEOID, DATEOID, DATEOID},
};

/* What once_per asks about: $1 resident, $2 program, $3 and $4 the span. */
static Statement read_awards = {
    .sql = "SELECT count(*) FILTER (WHERE e.kind = 'award')"
           "       - count(DISTINCT e.cause) FILTER (WHERE e.kind = 'reversal')"
           "  FROM passport.point_entry AS e WHERE e.resident_id = $1 AND e.program = $2"
           "   AND e.occurred_on >= $3 AND e.occurred_on < $4",
    .arguments = 4,
    .types = {INT8OID, TEXTOID, DATEOID, DATEOID},
};

/* $1 resident, $2 version read */
static Statement open_account = {
    .sql = "INSERT INTO passport.point_account (resident_id, version) VALUES ($1, $2 + 2)"
           "    ON CONFLICT (resident_id) DO NOTHING",
    .arguments = 2,
    .types = {INT8OID, INT8OID},
};
static Statement move_account = {
    .sql = "UPDATE passport.point_account AS a SET version = $2 + 2"
           " WHERE a.resident_id = $1 AND a.version = $2",
    .arguments = 2,
    .types = {INT8OID, INT8OID},
};

/*
 * $1 resident, $2 version read, $3 points, $4 occurred at, $5 day, $6 quantity,
 * $7 program, $8 event key, $9 now, $10 detail, $11 end of the lot.
 */
static Statement book_entries = {
    .sql =
        "INSERT INTO passport.point_entry (resident_id, entry_id, lot_id, cause, kind, points,"
        "    effective_at, recorded_at, occurred_on, quantity, program, event_key, detail)"
        "VALUES ($1, $2 + 1, $2 + 1, $2 + 1, 'award', $3, $4, $9, $5, $6, $7, $8, $10),"
        "       ($1, $2 + 2, $2 + 1, $2 + 1, 'expiry', -$3, $11, $9, NULL, NULL, NULL, NULL, NULL)",
    .arguments = 11,
    .types = {INT8OID, INT8OID, INT4OID, TIMESTAMPTZOID, DATEOID, NUMERICOID, TEXTOID, TEXTOID,
              TIMESTAMPTZOID, JSONBOID, TIMESTAMPTZOID},
};

typedef struct AwardAnswer
{
	int64 entry_id; /* 0: nothing booked */
	int32 points;
	const char *verdict;
	const char *detail;
} AwardAnswer;

PG_FUNCTION_INFO_V1(passport_award_points);

static bool try_award(PointEvent *event, int64 resident_id, AwardAnswer *answer);
static void select_case(PointEvent *event, int64 resident_id, Datum *values, bool *nulls);
static AwardDecision decide(PointEvent *event, int64 resident_id, const Datum *values,
                            const bool *nulls);
static void select_earlier(PointEvent *event, int64 resident_id, const AwardRule *rule,
                           AwardCase *award);
static bool book(PointEvent *event, int64 resident_id, int64 version,
                 const AwardDecision *decision);
static Jsonb *cap_detail(const char *reason);
static Datum form_answer(FunctionCallInfo fcinfo, const AwardAnswer *answer);

Datum
passport_award_points(PG_FUNCTION_ARGS)
{
	PointEvent event;
	AwardAnswer answer;

	if (PG_ARGISNULL(0))
		RefuseInput("/resident_id", "missing", "Points are awarded to a resident.");
	if (PG_ARGISNULL(3))
		RefuseInput("/occurred_at", "missing", "An event has a time.");
	ReadEvent(&event, PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1),
	          PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2), PG_GETARG_DATUM(3));
	ReadQuantity(&event, PG_ARGISNULL(4) ? NULL : PG_GETARG_NUMERIC(4));

	SPI_connect();
	while (!try_award(&event, PG_GETARG_INT64(0), &answer))
		CHECK_FOR_INTERRUPTS();
	SPI_finish();
	return form_answer(fcinfo, &answer);
}

/* try_award answers an award, or returns false if another booking came between. */
static bool
try_award(PointEvent *event, int64 resident_id, AwardAnswer *answer)
{
	Datum values[CASE_COLUMNS + RULE_COLUMN_COUNT];
	bool nulls[CASE_COLUMNS + RULE_COLUMN_COUNT];
	AwardDecision decision = {AWARD_REFUSED, "no_rule", 0, CIVIL_NONE};
	int64 version;

	select_case(event, resident_id, values, nulls);
	version = DatumGetInt64(values[2]);
	if (!nulls[3])
	{
		if (!DatumGetBool(values[5]))
			RefuseOtherContent();
		*answer = (AwardAnswer){DatumGetInt64(values[3]), DatumGetInt32(values[4]), "repeated", ""};
		return true;
	}
	if (!nulls[6])
		decision = decide(event, resident_id, values, nulls);
	if (decision.points > 0 && !book(event, resident_id, version, &decision))
		return false;
	answer->entry_id = decision.points > 0 ? version + 1 : 0;
	answer->points = decision.points;
	answer->verdict = decision.verdict == AWARD_AWARDED  ? "awarded"
	                  : decision.verdict == AWARD_CAPPED ? "capped"
	                                                     : "refused";
	answer->detail = decision.reason;
	return true;
}

/* select_case reads what decides an award; an unknown program or resident ends here. */
static void
select_case(PointEvent *event, int64 resident_id, Datum *values, bool *nulls)
{
	Datum arguments[6] = {
	    Int64GetDatum(resident_id),        PointerGetDatum(event->program),
	    PointerGetDatum(event->event_key), TimestampTzGetDatum(event->occurred_at),
	    NumericGetDatum(event->quantity),  DateADTGetDatum(event->occurred_on),
	};

	if (RunStatement(&read_case, arguments, NULL) > 0)
		heap_deform_tuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, values, nulls);
	else
		nulls[0] = nulls[6] = true;
	if (nulls[6] && RunStatement(&read_program, &arguments[1], NULL) == 0)
		RefuseProgram();
	if (nulls[0])
		ereport(ERROR, (errcode(ERRCODE_PT_UNKNOWN), errmsg("unknown resident")));
}

/* decide answers the case that select_case() read. */
static AwardDecision
decide(PointEvent *event, int64 resident_id, const Datum *values, const bool *nulls)
{
	AwardRule rule;
	AwardCase award = {
	    .quantity = event->thousandths,
	    .occurred_on = event->occurred_on,
	    .today = event->today,
	    .is_resident = DatumGetBool(values[0]),
	    .birth = nulls[1] ? CIVIL_NONE : DatumGetDateADT(values[1]),
	};

	ReadRule(&rule, values + CASE_COLUMNS, nulls + CASE_COLUMNS);
	select_earlier(event, resident_id, &rule, &award);
	return DecideAward(&rule, &award);
}

/* select_earlier reads what the rule asks about earlier awards, if it does. */
static void
select_earlier(PointEvent *event, int64 resident_id, const AwardRule *rule, AwardCase *award)
{
	RuleSpans spans = SpansOfRule(rule, event->occurred_on);
	Datum program = PointerGetDatum(event->program);
	bool isnull;

	if (spans.caps.first < spans.caps.end)
	{
		Datum arguments[5] = {Int64GetDatum(resident_id), program,
		                      DateADTGetDatum(event->occurred_on),
		                      DateADTGetDatum(spans.caps.first), DateADTGetDatum(spans.caps.end)};

		RunStatement(&read_points, arguments, NULL);
		award->points_of_day = DatumGetInt64(StatementValue(0, 1, &isnull));
		award->points_of_year = DatumGetInt64(StatementValue(0, 2, &isnull));
	}
	if (spans.once.first < spans.once.end)
	{
		Datum arguments[4] = {Int64GetDatum(resident_id), program,
		                      DateADTGetDatum(spans.once.first), DateADTGetDatum(spans.once.end)};

		RunStatement(&read_awards, arguments, NULL);
		award->awards_of_period = DatumGetInt64(StatementValue(0, 1, &isnull));
	}
}

/* book writes an award and its expiry, or returns false if the account has moved on. */
static bool
book(PointEvent *event, int64 resident_id, int64 version, const AwardDecision *decision)
{
	Datum arguments[11] = {
	    Int64GetDatum(resident_id),
	    Int64GetDatum(version),
	    Int32GetDatum(decision->points),
	    TimestampTzGetDatum(event->occurred_at),
	    DateADTGetDatum(event->occurred_on),
	    NumericGetDatum(event->quantity),
	    PointerGetDatum(event->program),
	    PointerGetDatum(event->event_key),
	    TimestampTzGetDatum(event->now),
	    (Datum) 0,
	    TimestampTzGetDatum(CivilMidnight(decision->ends_on)),
	};
	char nulls[] = "         n ";

	if (RunStatement(version == 0 ? &open_account : &move_account, arguments, NULL) == 0)
		return false;
	if (decision->verdict == AWARD_CAPPED)
	{
		arguments[9] = JsonbPGetDatum(cap_detail(decision->reason));
		nulls[9] = ' ';
	}
	RunStatement(&book_entries, arguments, nulls);
	return true;
}

/* cap_detail keeps with an entry which cap lowered it. */
static Jsonb *
cap_detail(const char *reason)
{
	char *json = psprintf("{\"cap\": \"%s\"}", reason);

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

static Datum
form_answer(FunctionCallInfo fcinfo, const AwardAnswer *answer)
{
	TupleDesc desc;
	Datum values[4] = {
	    Int64GetDatum(answer->entry_id),
	    Int32GetDatum(answer->points),
	    CStringGetTextDatum(answer->verdict),
	    CStringGetTextDatum(answer->detail),
	};
	bool nulls[4] = {answer->entry_id == 0, false, false, answer->detail[0] == '\0'};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
