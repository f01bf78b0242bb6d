/* Checks of a test without a database: each prints a line of TAP, and FinishChecks the plan. */
#ifndef TEST_UNIT_CHECK_H
#define TEST_UNIT_CHECK_H

#include <stdbool.h>
#include <stdio.h>

static int checks = 0;
static int failed_checks = 0;

static void
Check(bool good, const char *what)
{
	failed_checks += !good;
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++checks, what);
}

/* FinishChecks returns the program's exit status. */
static int
FinishChecks(void)
{
	printf("1..%d\n", checks);
	return failed_checks > 0;
}

#endif
