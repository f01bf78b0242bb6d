/* The bounds of the wait before a next try. */
#include "outbox/backoff.c"

#include "check.h"

#include <math.h>

static const struct
{
	const char *name;
	int attempt, asked;
	double jitter, seconds;
} cases[] = {
    {"first try", 1, 0, 0, 1},
    {"first try, most jitter", 1, 0, 1, 1.5},
    {"second try", 2, 0, 0, 2},
    {"sixth try", 6, 0, 0, 32},
    {"thirteenth try: an hour", 13, 0, 0, 3600},
    {"a million tries: an hour", 1000000, 0, 1, 5400},
    {"none yet", 0, 0, 0, 1},
    {"asked goes before", 9, 2, 0, 2},
    {"never sooner than asked", 1, 60, 0.5, 63},
    {"asked for years", 1, 2000000000, 0, 86400},
    {"asked for less than nothing", 1, -5, 0, 1},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		double got = BackoffSeconds(cases[i].attempt, cases[i].asked, cases[i].jitter);
		bool good = fabs(got - cases[i].seconds) < 1e-9;

		Check(good, cases[i].name);
		if (!good)
			printf("# got %f\n", got);
	}
	return FinishChecks();
}
