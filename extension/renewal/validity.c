/* How long cards are good: see validity.h. */
#include "renewal/validity.h"

static CivilDay earlier(CivilDay a, CivilDay b);

/*
 * CardValidity gives the last days of a card issued on a day and of the
 * certificates issued with it.  Birthdays count from the day after the issue;
 * nothing outlives the holder's period of stay (CIVIL_NONE: none), and no
 * certificate its card.
 */
CardDates
CardValidity(const CardRule *rule, CivilDay birth, CivilDay applied_on, CivilDay issued_on,
             CivilDay stay_until)
{
	int birthdays = CivilAge(birth, applied_on) >= rule->adult_age ? rule->adult_birthdays
	                                                               : rule->minor_birthdays;
	CardDates dates;

	dates.card = earlier(CivilBirthdayAfter(birth, issued_on, birthdays), stay_until);
	dates.authentication =
	    earlier(CivilBirthdayAfter(birth, issued_on, rule->certificate_birthdays), dates.card);
	dates.signature =
	    CivilAge(birth, issued_on) >= rule->signature_age ? dates.authentication : CIVIL_NONE;
	return dates;
}

static CivilDay
earlier(CivilDay a, CivilDay b)
{
	return a < b ? a : b;
}
