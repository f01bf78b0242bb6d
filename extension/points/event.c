/* Arguments and rules of awards: see event.h. */
#include "postgres.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "points/event.h"
#include "registry/resident.h"

static int limit_of(Datum value, bool isnull);
static CivilDay day_of(Datum value, bool isnull);
static const int32_t *numbers_of(Datum value, int *count);
static OncePer once_per_of(Datum value);
static LotRounding rounding_of(Datum value);

/* CheckKey refuses a caller's key that is missing, empty, too long or personal. */
void
CheckKey(text *key, const char *pointer)
{
	if (key == NULL || VARSIZE_ANY_EXHDR(key) < 1 || VARSIZE_ANY_EXHDR(key) > POINT_KEY_MOST)
		RefuseInput(pointer, "key", "A key has 1 to 200 bytes.");
	RefuseIndividualNumber(pointer, key);
}

/* ReadEvent takes the arguments that name an event, and refuses what makes no sense. */
void
ReadEvent(PointEvent *event, text *program, text *event_key, Datum occurred_at)
{
	event->program = program;
	event->event_key = event_key;
	event->occurred_at = DatumGetTimestampTz(occurred_at);
	event->now = PassportNow();
	if (program == NULL)
		RefuseProgram();
	CheckKey(event_key, "/event_key");
	if (TIMESTAMP_NOT_FINITE(event->occurred_at))
		RefuseInput("/occurred_at", "not_finite", "An event has a time.");
	if (event->occurred_at > event->now)
		RefuseInput("/occurred_at", "in_future", "An event that is to come earns nothing yet.");
	event->occurred_on = PassportCivilDate(event->occurred_at);
	event->today = PassportCivilDate(event->now);
	if (!CivilDayIsReal(event->occurred_on) || !CivilDayIsReal(event->today))
		RefuseInput("/occurred_at", "too_early", "An event lies in the years 1 to 9999.");
}

/* ReadQuantity takes a quantity in whole thousandths. */
void
ReadQuantity(PointEvent *event, Numeric quantity)
{
	Datum value = NumericGetDatum(quantity);
	Datum most = NumericGetDatum(int64_to_numeric(QUANTITY_MOST / QUANTITY_SCALE));
	Datum zero = NumericGetDatum(int64_to_numeric(0));
	Datum scaled;

	/* NaN sorts above everything */
	if (quantity == NULL || DatumGetBool(DirectFunctionCall2(numeric_gt, value, most)) ||
	    DatumGetBool(DirectFunctionCall2(numeric_le, value, zero)))
		RefuseInput("/quantity", "quantity", "A quantity lies above 0, and is 1,000,000 at most.");
	scaled =
	    DirectFunctionCall2(numeric_mul, value, NumericGetDatum(int64_to_numeric(QUANTITY_SCALE)));
	event->quantity = quantity;
	event->thousandths = DatumGetInt64(DirectFunctionCall1(numeric_int8, scaled));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, scaled,
	                                      NumericGetDatum(int64_to_numeric(event->thousandths)))))
		RefuseInput("/quantity", "too_fine", "A quantity has three decimals at most.");
}

/* ReadRule takes a rule from RULE_COLUMNS; its arrays live in the current memory context. */
void
ReadRule(AwardRule *rule, const Datum *values, const bool *nulls)
{
	int tiers = 0;

	rule->has_tiers = nulls[0];
	rule->points_per_unit = nulls[0] ? 0 : DatumGetInt64(values[0]);
	rule->tier_from = nulls[1] ? NULL : numbers_of(values[1], &rule->tiers);
	rule->tier_points = nulls[2] ? NULL : numbers_of(values[2], &tiers);
	rule->tiers = nulls[1] ? 0 : Min(rule->tiers, tiers);
	rule->cap_per_day = limit_of(values[3], nulls[3]);
	rule->cap_per_year = limit_of(values[4], nulls[4]);
	rule->cap_by_fiscal_year = DatumGetBool(values[5]);
	rule->once_per = once_per_of(values[6]);
	rule->earn_from = day_of(values[7], nulls[7]);
	rule->earn_until = day_of(values[8], nulls[8]);
	rule->accept_until = day_of(values[9], nulls[9]);
	rule->late_days = limit_of(values[10], nulls[10]);
	rule->minimum_age = nulls[11] ? 0 : DatumGetInt32(values[11]);
	rule->lot_months = limit_of(values[12], nulls[12]);
	rule->lot_rounding = rounding_of(values[13]);
}

/* CivilMidnight gives the instant at which a civil day begins; none is infinity. */
TimestampTz
CivilMidnight(CivilDay day)
{
	Datum local;

	if (day == CIVIL_NONE)
		return DT_NOEND;
	local = DirectFunctionCall1(date_timestamp, DateADTGetDatum(day));
	return DatumGetTimestampTz(DirectFunctionCall2(
	    timestamp_zone, PointerGetDatum(cstring_to_text(passport_timezone)), local));
}

void
RefuseProgram(void)
{
	ereport(ERROR, (errcode(ERRCODE_PT_UNKNOWN), errmsg("unknown program")));
}

void
RefuseOtherContent(void)
{
	ereport(ERROR, (errcode(ERRCODE_PT_CONFLICT), errmsg("key was used with other content"),
	                errhint("Give what is another thing a key of its own.")));
}

static int
limit_of(Datum value, bool isnull)
{
	return isnull ? NO_LIMIT : DatumGetInt32(value);
}

static CivilDay
day_of(Datum value, bool isnull)
{
	return isnull ? CIVIL_NONE : DatumGetDateADT(value);
}

static const int32_t *
numbers_of(Datum value, int *count)
{
	ArrayType *array = DatumGetArrayTypePCopy(value);

	/* the table's checks keep NULLs and further dimensions out */
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const int32_t *) ARR_DATA_PTR(array);
}

/* The table's checks know no other words than these. */
static OncePer
once_per_of(Datum value)
{
	const char *word = TextDatumGetCString(value);

	if (strcmp(word, "day") == 0)
		return ONCE_PER_DAY;
	if (strcmp(word, "fiscal_year") == 0)
		return ONCE_PER_FISCAL_YEAR;
	return strcmp(word, "ever") == 0 ? ONCE_EVER : ONCE_PER_EVENT;
}

static LotRounding
rounding_of(Datum value)
{
	const char *word = TextDatumGetCString(value);

	if (strcmp(word, "month") == 0)
		return LOT_ENDS_WITH_MONTH;
	if (strcmp(word, "fiscal_year") == 0)
		return LOT_ENDS_WITH_FISCAL_YEAR;
	return strcmp(word, "calendar_year") == 0 ? LOT_ENDS_WITH_CALENDAR_YEAR : LOT_ENDS_BY_DAY;
}
