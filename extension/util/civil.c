/* Civil dates: see civil.h. */
#include "util/civil.h"

/* 2000-01-01 in days since 0000-03-01, from which the cycles below count */
#define DAYS_TO_2000 730425
#define DAYS_OF_400_YEARS 146097

static int days_of_month(int year, int month);

/* CivilDayIsReal tells a day that can be reckoned with from none and infinity. */
bool
CivilDayIsReal(CivilDay day)
{
	return day >= CIVIL_FIRST && day <= CIVIL_LAST;
}

/*
 * CivilDayOf counts the days to a date of the Gregorian calendar.  Years are
 * taken to begin in March, so that the leap day is the last of its year and
 * months have lengths that one line computes.
 */
CivilDay
CivilDayOf(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_OF_400_YEARS + day_of_era - DAYS_TO_2000;
}

/* CivilDateOf is the inverse of CivilDayOf. */
CivilDate
CivilDateOf(CivilDay day)
{
	int days = day + DAYS_TO_2000;
	int era = (days >= 0 ? days : days - (DAYS_OF_400_YEARS - 1)) / DAYS_OF_400_YEARS;
	int day_of_era = days - era * DAYS_OF_400_YEARS;
	int year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (5 * day_of_year + 2) / 153;
	CivilDate date;

	date.day = day_of_year - (153 * month + 2) / 5 + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = year_of_era + era * 400 + (date.month <= 2);
	return date;
}

/* CivilAddMonths adds months, and takes the month's last day where there is no such day. */
CivilDay
CivilAddMonths(CivilDay day, int months)
{
	CivilDate date = CivilDateOf(day);
	int month = date.year * 12 + date.month - 1 + months;
	int last;

	date.year = month / 12;
	date.month = month % 12 + 1;
	last = days_of_month(date.year, date.month);
	return CivilDayOf(date.year, date.month, date.day < last ? date.day : last);
}

/* CivilFiscalYearStart gives the first of April on or before a day, and so many years on. */
CivilDay
CivilFiscalYearStart(CivilDay day, int years)
{
	CivilDate date = CivilDateOf(day);

	return CivilDayOf((date.month >= 4 ? date.year : date.year - 1) + years, 4, 1);
}

/* CivilCalendarYearStart gives the first of January on or before a day, and so many years on. */
CivilDay
CivilCalendarYearStart(CivilDay day, int years)
{
	return CivilDayOf(CivilDateOf(day).year + years, 1, 1);
}

/* CivilMonthStart gives the first day of a day's month, and so many months on. */
CivilDay
CivilMonthStart(CivilDay day, int months)
{
	CivilDate date = CivilDateOf(day);

	return CivilAddMonths(CivilDayOf(date.year, date.month, 1), months);
}

/*
 * CivilBirthdayAfter gives somebody's count-th birthday after a day.  Who was
 * born on a 29th of February has it on the 28th in a common year: the earlier
 * of the two days that one could take, so that nobody comes a day too late.
 */
CivilDay
CivilBirthdayAfter(CivilDay birth, CivilDay day, int count)
{
	CivilDate born = CivilDateOf(birth);
	int years = CivilDateOf(day).year - born.year;

	if (CivilAddMonths(birth, years * 12) <= day)
		years++;
	return CivilAddMonths(birth, (years + count - 1) * 12);
}

/* CivilAge gives somebody's age in years on a day, by birthdays as above. */
int
CivilAge(CivilDay birth, CivilDay day)
{
	int years = CivilDateOf(day).year - CivilDateOf(birth).year;

	return CivilAddMonths(birth, years * 12) <= day ? years : years - 1;
}

static int
days_of_month(int year, int month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
