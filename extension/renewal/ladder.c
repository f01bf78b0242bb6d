/* Which reminder of an expiry is due on which day: see ladder.h. */
#include "renewal/ladder.h"

static RenewalDates cut_by_stay(const RenewalDates *dates);
static bool first_after(const RenewalDates *dates, CivilDay from, RenewalWhat *what);
static int climb(const LadderStep *steps, int count, CivilDay from, CivilDay expires_on,
                 RenewalWhat what, LadderItem *items);

/*
 * StepDay gives the day of a step.  Where the month has no such day, its last
 * one is meant; the window opens on the day after, which is then the first of
 * the next month, as the rule says.
 */
CivilDay
StepDay(const LadderStep *step, CivilDay expires_on)
{
	return CivilAddMonths(expires_on, -step->months) - step->days + (step->opens_window ? 1 : 0);
}

/*
 * PlanLadder lists the reminders that are due from a day on, if nothing changes
 * until then, in the order of their days, and returns how many there are.
 * items has room for LADDER_ITEMS.  What is due on the day itself is the first
 * item, if its day is that day.
 */
int
PlanLadder(const RenewalDates *dates, const LadderStep *steps, int count, CivilDay from,
           LadderItem *items)
{
	RenewalDates cut = cut_by_stay(dates);
	RenewalWhat what;
	int planned = 0;

	if (count > LADDER_STEPS)
		count = LADDER_STEPS;
	while (first_after(&cut, from, &what))
	{
		planned += climb(steps, count, from, cut.last[what], what, items + planned);
		from = cut.last[what] + 1;
	}
	return planned;
}

/*
 * RenewalReason says why a date counts, in codes: which one comes first, and
 * that J-LIS sends no notice of its own to people with a period of stay.
 */
const char *
RenewalReason(const RenewalDates *dates, RenewalWhat what)
{
	bool has_stay = dates->last[RENEW_STAY] != CIVIL_NONE;

	switch (what)
	{
		case RENEW_STAY:
			return "stay_ends_first,no_jlis_notice";
		case RENEW_CARD:
			return has_stay ? "card_ends_first,no_jlis_notice" : "card_ends_first";
		case RENEW_AUTHENTICATION:
			return has_stay ? "certificates_end_first,no_jlis_notice" : "certificates_end_first";
		case RENEW_SIGNATURE:
			return has_stay ? "signature_certificate_ends_first,no_jlis_notice"
			                : "signature_certificate_ends_first";
	}
	return "";
}

/* cut_by_stay ends everything with the period of stay at the latest. */
static RenewalDates
cut_by_stay(const RenewalDates *dates)
{
	RenewalDates cut = *dates;

	for (int i = 0; i < RENEWAL_DATES; i++)
	{
		if (cut.last[i] != CIVIL_NONE && cut.last[i] > cut.last[RENEW_STAY])
			cut.last[i] = cut.last[RENEW_STAY];
	}
	return cut;
}

/* first_after finds which of the dates comes first, on a day or after it. */
static bool
first_after(const RenewalDates *dates, CivilDay from, RenewalWhat *what)
{
	CivilDay first = CIVIL_NONE;

	for (int i = 0; i < RENEWAL_DATES; i++)
	{
		if (dates->last[i] >= from && dates->last[i] < first)
		{
			first = dates->last[i];
			*what = (RenewalWhat) i;
		}
	}
	return first != CIVIL_NONE;
}

/* climb lists the steps to one date: the last one that has passed, and those to come. */
static int
climb(const LadderStep *steps, int count, CivilDay from, CivilDay expires_on, RenewalWhat what,
      LadderItem *items)
{
	int passed = -1;
	int planned = 0;

	for (int i = 0; i < count; i++)
	{
		if (StepDay(&steps[i], expires_on) <= from &&
		    (passed < 0 || StepDay(&steps[i], expires_on) > StepDay(&steps[passed], expires_on)))
			passed = i;
	}
	for (int i = 0; i < count; i++)
	{
		LadderItem item = {StepDay(&steps[i], expires_on), what, expires_on, i};
		int place = planned;

		if (i == passed)
			item.due_on = from;
		else if (item.due_on <= from || item.due_on > expires_on)
			continue;
		for (; place > 0 && items[place - 1].due_on > item.due_on; place--)
			items[place] = items[place - 1];
		items[place] = item;
		planned++;
	}
	return planned;
}
