/*
 * The point rules, the lots, the civil calendar and the ladder by themselves,
 * without a database.  Prints TAP; test/t/unit.pl builds it with the
 * sanitizers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "points/lot.h"
#include "points/rule.h"
#include "renewal/ladder.h"
#include "renewal/validity.h"

#define TODAY (CivilDayOf(2026, 7, 1))

static int
Random(int low, int high)
{
	return low + rand() % (high - low + 1);
}

/* Every day that is reckoned with, counted one by one. */
static void
CheckCalendar(void)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	CivilDate date = {1, 1, 1};
	bool same = true;

	for (CivilDay day = CIVIL_FIRST; day <= CIVIL_LAST; day++)
	{
		CivilDate found = CivilDateOf(day);
		bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;

		same &= found.year == date.year && found.month == date.month && found.day == date.day &&
		        CivilDayOf(date.year, date.month, date.day) == day;
		if (++date.day > lengths[date.month - 1] + (leap && date.month == 2))
		{
			date.day = 1;
			if (++date.month > 12)
			{
				date.month = 1;
				date.year++;
			}
		}
	}
	Check(same && date.year == 10000, "every day from the year 1 to 9999 has its date");
	Check(CivilDayOf(2000, 1, 1) == 0, "2000-01-01 is day 0");
	Check(CivilAddMonths(CivilDayOf(2024, 1, 31), 1) == CivilDayOf(2024, 2, 29) &&
	          CivilAddMonths(CivilDayOf(2024, 3, 31), -1) == CivilDayOf(2024, 2, 29) &&
	          CivilAddMonths(CivilDayOf(2024, 1, 15), -1) == CivilDayOf(2023, 12, 15) &&
	          CivilAddMonths(CivilDayOf(2023, 11, 30), 3) == CivilDayOf(2024, 2, 29),
	      "months are added with the last day where there is none");
	Check(CivilFiscalYearStart(CivilDayOf(2026, 3, 31), 0) == CivilDayOf(2025, 4, 1) &&
	          CivilFiscalYearStart(CivilDayOf(2026, 4, 1), 1) == CivilDayOf(2027, 4, 1),
	      "fiscal years begin in April");
	Check(CivilAge(CivilDayOf(2008, 7, 1), TODAY) == 18 &&
	          CivilAge(CivilDayOf(2008, 7, 2), TODAY) == 17 &&
	          CivilAge(CivilDayOf(2008, 2, 29), CivilDayOf(2026, 2, 27)) == 17 &&
	          CivilAge(CivilDayOf(2008, 2, 29), CivilDayOf(2026, 2, 28)) == 18,
	      "ages change on birthdays");
}

static AwardRule
RandomRule(int32_t *from, int32_t *points)
{
	AwardRule rule = {.has_tiers = Random(0, 1),
	                  .points_per_unit = Random(1, 1000) * INT64_C(1000000),
	                  .tier_from = from,
	                  .tier_points = points,
	                  .tiers = Random(1, 5),
	                  .cap_per_day = Random(0, 2) ? Random(0, 50) : NO_LIMIT,
	                  .cap_per_year = Random(0, 2) ? Random(0, 200) : NO_LIMIT,
	                  .cap_by_fiscal_year = Random(0, 1),
	                  .once_per = (OncePer) Random(0, 3),
	                  .earn_from = Random(0, 1) ? CIVIL_NONE : TODAY - Random(0, 60),
	                  .earn_until = Random(0, 1) ? CIVIL_NONE : TODAY - Random(0, 60),
	                  .accept_until = Random(0, 1) ? CIVIL_NONE : TODAY + Random(-5, 60),
	                  .late_days = Random(0, 1) ? NO_LIMIT : Random(0, 60),
	                  .minimum_age = Random(0, 3) ? 0 : Random(1, 80),
	                  .lot_months = Random(-1, 36),
	                  .lot_rounding = (LotRounding) Random(0, 3)};

	for (int i = 0; i < rule.tiers; i++)
	{
		from[i] = i * 1000 + Random(0, 999);
		points[i] = Random(0, 40);
	}
	return rule;
}

/* What must hold of any decision, whatever the rule. */
static void
CheckDecisions(void)
{
	bool capped = true, refused = true, lives = true, once = true;
	int seen[3] = {0};

	for (int i = 0; i < 300000; i++)
	{
		int32_t from[5], points[5];
		AwardRule rule = RandomRule(from, points);
		AwardCase award = {.quantity = Random(1, 6000000),
		                   .occurred_on = TODAY - Random(0, 90),
		                   .today = TODAY,
		                   .birth = Random(0, 5) ? TODAY - Random(1, 36000) : CIVIL_NONE,
		                   .is_resident = Random(0, 9) > 0,
		                   .points_of_day = Random(0, 60),
		                   .points_of_year = Random(0, 220),
		                   .awards_of_period = Random(0, 3) == 0};
		AwardDecision decision = DecideAward(&rule, &award);

		seen[decision.verdict]++;
		if (decision.points > 0)
		{
			capped &= rule.cap_per_day == NO_LIMIT ||
			          decision.points + award.points_of_day <= rule.cap_per_day;
			capped &= rule.cap_per_year == NO_LIMIT ||
			          decision.points + award.points_of_year <= rule.cap_per_year;
			lives &= decision.ends_on > award.today && decision.ends_on > award.occurred_on;
			once &= rule.once_per == ONCE_PER_EVENT || award.awards_of_period == 0;
			refused &= award.is_resident && decision.verdict != AWARD_REFUSED;
		}
		refused &= (decision.verdict == AWARD_AWARDED) == (decision.reason[0] == '\0');
		refused &=
		    decision.points >= 0 && (decision.verdict != AWARD_AWARDED || decision.points > 0);
	}
	Check(seen[0] > 1000 && seen[1] > 1000 && seen[2] > 1000, "random rules award, cap and refuse");
	Check(capped, "no award exceeds a cap");
	Check(refused, "what is not awarded in full has its reason");
	Check(lives, "no award has expired when it is made");
	Check(once, "once is once");
}

static void
CheckLots(void)
{
	bool right = true;

	for (int i = 0; i < 100000; i++)
	{
		int32_t held[8], taken[8];
		int lots = Random(0, 8), used, sum = 0, all = 0;
		int32_t points = Random(1, 60);

		for (int n = 0; n < lots; n++)
			all += held[n] = Random(1, 15);
		used = TakeFromLots(held, lots, points, taken);
		for (int n = 0; n < used; n++)
		{
			sum += taken[n];
			right &= taken[n] > 0 && (n == used - 1 ? taken[n] <= held[n] : taken[n] == held[n]);
		}
		right &= used == 0 ? all < points : sum == points;
	}
	Check(right, "points are taken from the first lots, each emptied before the next");
}

/* The plan is what day by day would be sent, each (date, step) once. */
static bool
PlanIsWhatHappens(const RenewalDates *dates, const LadderStep *steps, int count)
{
	LadderItem plan[LADDER_ITEMS], today[LADDER_ITEMS];
	int planned = PlanLadder(dates, steps, count, TODAY, plan);
	int sent = 0;

	for (CivilDay day = TODAY; day < TODAY + 900; day++)
	{
		int due = PlanLadder(dates, steps, count, day, today);

		if (due == 0 || today[0].due_on != day)
			continue;
		/* the step that has passed stays due: it was sent on an earlier day */
		if (sent > 0 && plan[sent - 1].step == today[0].step &&
		    plan[sent - 1].expires_on == today[0].expires_on)
			continue;
		if (sent == planned || memcmp(&plan[sent], &today[0], sizeof(LadderItem)) != 0)
			return false;
		sent++;
	}
	return sent == planned;
}

static void
CheckLadder(void)
{
	static const LadderStep steps[] = {
	    {3, 0, true}, {1, 0, false}, {0, 14, false}, {0, 7, false}, {0, 1, false}};
	RenewalDates dates = {{CIVIL_NONE, CIVIL_NONE, CIVIL_NONE, CIVIL_NONE}};
	LadderItem items[LADDER_ITEMS];
	bool same = true, stay = true;

	Check(StepDay(&steps[0], CivilDayOf(2023, 7, 7)) == CivilDayOf(2023, 4, 8) &&
	          StepDay(&steps[0], CivilDayOf(2023, 5, 28)) == CivilDayOf(2023, 3, 1) &&
	          StepDay(&steps[0], CivilDayOf(2024, 5, 30)) == CivilDayOf(2024, 3, 1),
	      "the window opens as Nerima says");
	Check(PlanLadder(&dates, steps, 5, TODAY, items) == 0, "no date, no reminder");
	for (int i = 0; i < 20000; i++)
	{
		for (int n = 0; n < RENEWAL_DATES; n++)
			dates.last[n] = Random(0, 3) ? TODAY + Random(-30, 500) : CIVIL_NONE;
		same &= PlanIsWhatHappens(&dates, steps, 5);
		for (int n = PlanLadder(&dates, steps, 5, TODAY, items); n-- > 0;)
			stay &= items[n].expires_on <= dates.last[RENEW_STAY];
	}
	Check(same, "the plan is what day by day would be sent");
	Check(stay, "nothing is announced beyond the end of the stay");
	dates = (RenewalDates){{TODAY + 40, TODAY + 40, TODAY + 40, TODAY + 40}};
	Check(PlanLadder(&dates, steps, 5, TODAY, items) == 5 && items[0].what == RENEW_STAY &&
	          items[0].step == 0,
	      "dates that fall together are one");
	Check(strcmp(RenewalReason(&dates, RENEW_CARD), "card_ends_first,no_jlis_notice") == 0,
	      "reasons name J-LIS");
}

static void
CheckValidity(void)
{
	CardRule rule = {18, 10, 5, 5, 15};
	bool ordered = true;

	for (int i = 0; i < 100000; i++)
	{
		CivilDay issued = TODAY - Random(0, 4000);
		CivilDay birth = issued - Random(0, 36000);
		CivilDay stay = Random(0, 1) ? CIVIL_NONE : issued + Random(1, 2000);
		CardDates dates = CardValidity(&rule, birth, issued, issued, stay);

		ordered &=
		    dates.card > issued && dates.card <= stay && dates.card <= CivilAddMonths(issued, 120);
		ordered &= dates.authentication > issued && dates.authentication <= dates.card &&
		           dates.authentication <= CivilAddMonths(issued, 60);
		ordered &=
		    dates.signature == (CivilAge(birth, issued) >= 15 ? dates.authentication : CIVIL_NONE);
		ordered &= CivilAge(birth, issued) >= 18 || dates.card <= CivilAddMonths(issued, 60);
	}
	Check(ordered, "no certificate outlives its card, no card its holder's stay");
}

int
main(void)
{
	srand(1);
	CheckCalendar();
	CheckDecisions();
	CheckLots();
	CheckLadder();
	CheckValidity();
	return FinishChecks();
}
