/*
 * Civil dates as counts of days, and the arithmetic of calendars: months,
 * birthdays, years of account.  Pure C.  A CivilDay is the number of days since
 * 2000-01-01, which is what a date is inside PostgreSQL.
 */
#ifndef PASSPORT_CIVIL_H
#define PASSPORT_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

typedef int32_t CivilDay;

/* No such day; it sorts after every real one. */
#define CIVIL_NONE INT32_MAX

/* The days that are reckoned with: from the year 1 to the year 9999. */
#define CIVIL_FIRST (-730119)
#define CIVIL_LAST 2921939

typedef struct CivilDate
{
	int year;
	int month;
	int day;
} CivilDate;

extern CivilDay CivilDayOf(int year, int month, int day);
extern CivilDate CivilDateOf(CivilDay day);
extern bool CivilDayIsReal(CivilDay day);
extern CivilDay CivilAddMonths(CivilDay day, int months);
extern CivilDay CivilFiscalYearStart(CivilDay day, int years);
extern CivilDay CivilCalendarYearStart(CivilDay day, int years);
extern CivilDay CivilMonthStart(CivilDay day, int months);
extern CivilDay CivilBirthdayAfter(CivilDay birth, CivilDay day, int count);
extern int CivilAge(CivilDay birth, CivilDay day);

#endif
