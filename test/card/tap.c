/*
 * Test Anything Protocol for the unit tests.
 */
#include <stdio.h>
#include <string.h>

#include "tap.h"

static int tests, failures;

void
check(bool good, const char *name)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++tests, name);
	failures += !good;
}

int
finish_checks(void)
{
	printf("1..%d\n", tests);
	return failures > 0;
}

size_t
from_hex(const char *hex, uint8_t *bytes)
{
	size_t length = strlen(hex) / 2;

	for (size_t i = 0; i < length; i++)
	{
		unsigned byte;

		sscanf(hex + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t) byte;
	}
	return length;
}
