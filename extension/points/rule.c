/* How many points something is worth: see rule.h. */
#include <stddef.h>

#include "points/rule.h"

static const char *refusal(const AwardRule *rule, const AwardCase *award);
static int64_t worth(const AwardRule *rule, int64_t quantity);
static void apply_cap(AwardDecision *decision, int32_t cap, int64_t used, const char *reason);

/*
 * DecideAward answers one case by one rule.  What is forbidden altogether comes
 * before what is worth nothing, and that before the caps, so that the reason
 * given is the one that a resident can do something about.
 */
AwardDecision
DecideAward(const AwardRule *rule, const AwardCase *award)
{
	AwardDecision decision = {AWARD_REFUSED, "", 0, CIVIL_NONE};
	int64_t points;

	decision.reason = refusal(rule, award);
	if (decision.reason[0] != '\0')
		return decision;
	decision.ends_on = LotEnd(rule, award->occurred_on);
	if (decision.ends_on <= award->today)
	{
		decision.reason = "already_expired";
		return decision;
	}
	points = worth(rule, award->quantity);
	if (points <= 0)
	{
		decision.reason = "worth_nothing";
		return decision;
	}
	decision.verdict = AWARD_AWARDED;
	decision.points = points > POINTS_MOST ? POINTS_MOST : (int32_t) points;
	apply_cap(&decision, rule->cap_per_day, award->points_of_day, "cap_per_day");
	apply_cap(&decision, rule->cap_per_year, award->points_of_year, "cap_per_year");
	return decision;
}

/*
 * LotEnd gives the first day on which the points of a day are gone.  The
 * lifetime ends with the period in which its last day falls: a lifetime of no
 * months and rounding to the fiscal year lasts until the 31st of March.
 */
CivilDay
LotEnd(const AwardRule *rule, CivilDay occurred_on)
{
	CivilDay end;

	if (rule->lot_months == NO_LIMIT)
		return CIVIL_NONE;
	end = CivilAddMonths(occurred_on, rule->lot_months);
	switch (rule->lot_rounding)
	{
		case LOT_ENDS_WITH_MONTH:
			return CivilMonthStart(end, 1);
		case LOT_ENDS_WITH_FISCAL_YEAR:
			return CivilFiscalYearStart(end, 1);
		case LOT_ENDS_WITH_CALENDAR_YEAR:
			return CivilCalendarYearStart(end, 1);
		case LOT_ENDS_BY_DAY:
			break;
	}
	return end;
}

/* SpansOfRule says which earlier awards count for an award of a day. */
RuleSpans
SpansOfRule(const AwardRule *rule, CivilDay occurred_on)
{
	CivilSpan none = {occurred_on, occurred_on};
	CivilSpan day = {occurred_on, occurred_on + 1};
	CivilSpan fiscal = {CivilFiscalYearStart(occurred_on, 0), CivilFiscalYearStart(occurred_on, 1)};
	CivilSpan calendar = {CivilCalendarYearStart(occurred_on, 0),
	                      CivilCalendarYearStart(occurred_on, 1)};
	CivilSpan ever = {CIVIL_FIRST, CIVIL_LAST};
	RuleSpans spans = {none, none, none, none};

	if (rule->cap_per_day != NO_LIMIT)
		spans.day = day;
	if (rule->cap_per_year != NO_LIMIT)
		spans.year = rule->cap_by_fiscal_year ? fiscal : calendar;
	if (rule->once_per == ONCE_PER_DAY)
		spans.once = day;
	else if (rule->once_per == ONCE_PER_FISCAL_YEAR)
		spans.once = fiscal;
	else if (rule->once_per == ONCE_EVER)
		spans.once = ever;
	spans.caps = spans.year.first < spans.year.end ? spans.year : spans.day;
	return spans;
}

/* refusal names what forbids an award whatever it is worth, or is "". */
static const char *
refusal(const AwardRule *rule, const AwardCase *award)
{
	if (!award->is_resident)
		return "not_resident";
	if (rule->earn_from != CIVIL_NONE && award->occurred_on < rule->earn_from)
		return "before_window";
	if (award->occurred_on > rule->earn_until)
		return "after_window";
	if (award->today > rule->accept_until)
		return "too_late";
	if (rule->late_days != NO_LIMIT && award->today - award->occurred_on > rule->late_days)
		return "too_late";
	if (rule->minimum_age > 0)
	{
		if (award->birth == CIVIL_NONE)
			return "age_unknown";
		if (CivilAge(award->birth, award->occurred_on) < rule->minimum_age)
			return "too_young";
	}
	if (award->awards_of_period > 0)
	{
		switch (rule->once_per)
		{
			case ONCE_PER_DAY:
				return "once_per_day";
			case ONCE_PER_FISCAL_YEAR:
				return "once_per_fiscal_year";
			case ONCE_EVER:
				return "once_ever";
			case ONCE_PER_EVENT:
				break;
		}
	}
	return "";
}

/* worth gives the points of a quantity before any cap: parts of a point are dropped. */
static int64_t
worth(const AwardRule *rule, int64_t quantity)
{
	int64_t points = 0;

	if (quantity <= 0 || quantity > QUANTITY_MOST)
		return 0;
	if (!rule->has_tiers)
	{
		if (rule->points_per_unit <= 0 || rule->points_per_unit > RATE_MOST)
			return 0;
		return quantity * rule->points_per_unit / ((int64_t) QUANTITY_SCALE * RATE_SCALE);
	}
	for (int i = 0; i < rule->tiers; i++)
	{
		if ((int64_t) rule->tier_from[i] * QUANTITY_SCALE <= quantity)
			points = rule->tier_points[i];
	}
	return points;
}

/* apply_cap lowers an award to what a cap leaves; with nothing left it is refused. */
static void
apply_cap(AwardDecision *decision, int32_t cap, int64_t used, const char *reason)
{
	int64_t left = cap - used;

	if (cap == NO_LIMIT || decision->points <= left)
		return;
	decision->points = left > 0 ? (int32_t) left : 0;
	decision->verdict = AWARD_CAPPED;
	decision->reason = reason;
}
