/*
 * How long certificates hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "validity.h"

#define JST_OFFSET (9 * 3600)
#define BIRTHDAYS 5

typedef struct Birth
{
	int year, month, day; /* 0: unknown */
} Birth;

static Birth read_birth(const char *birth);
static struct tm civil_time(time_t at);
static bool is_leap_year(int year);

bool
parse_time(const char *text, int second_of_day, time_t *at)
{
	struct tm civil = {.tm_sec = second_of_day};
	int read = 0, year, month;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &civil.tm_mday, &read) != 3 || year < 1950)
		return false;
	text += read;
	if (*text == 'T')
		civil.tm_sec = 0;
	if (*text != '\0' &&
	    (sscanf(text, "T%2d:%2d:%2d%n", &civil.tm_hour, &civil.tm_min, &civil.tm_sec, &read) != 3 ||
	     text[read] != '\0'))
		return false;
	civil.tm_year = year - 1900;
	civil.tm_mon = month - 1;
	*at = timegm(&civil) - JST_OFFSET;
	return true;
}

time_t
certificate_end(time_t issued, const char *birth, time_t card_end)
{
	struct tm day = civil_time(issued);
	Birth born = read_birth(birth);
	int month = born.month > 0 ? born.month - 1 : day.tm_mon;
	int date = born.month > 0 && born.day > 0 ? born.day : day.tm_mday;
	int year = day.tm_year + BIRTHDAYS;
	time_t end;

	/* This year's birthday counts only when it is still to come. */
	if (month > day.tm_mon || (month == day.tm_mon && date > day.tm_mday))
		year--;
	if (month == 1 && date == 29 && !is_leap_year(year + 1900))
		date = 28;
	end = timegm(&(struct tm){.tm_year = year,
	                          .tm_mon = month,
	                          .tm_mday = date,
	                          .tm_hour = 23,
	                          .tm_min = 59,
	                          .tm_sec = 59}) -
	      JST_OFFSET;
	return card_end != 0 && card_end < end ? card_end : end;
}

int
age_at(time_t at, const char *birth)
{
	struct tm day = civil_time(at);
	Birth born = read_birth(birth);
	int age = day.tm_year + 1900 - born.year;

	if (born.year == 0)
		return -1;
	if (born.month > day.tm_mon + 1 || (born.month == day.tm_mon + 1 && born.day > day.tm_mday))
		age--;
	return age;
}

/* read_birth reads EYYYYMMDD; the era digit in front says nothing that the year does not. */
static Birth
read_birth(const char *birth)
{
	Birth born = {0, 0, 0};

	sscanf(birth + 1, "%4d%2d%2d", &born.year, &born.month, &born.day);
	return born;
}

static struct tm
civil_time(time_t at)
{
	struct tm civil;

	at += JST_OFFSET;
	gmtime_r(&at, &civil);
	return civil;
}

static bool
is_leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}
