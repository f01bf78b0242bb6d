/*
 * The back-off rule of FCM's guide to scale: 1, 2, 4, 8, ... seconds with
 * jitter, and what the provider asks for (Retry-After) goes before.  No server
 * header here: the rule is tested alone.
 */
#include "backoff.h"

/*
 * BackoffSeconds returns the seconds to wait after the given number of tries.
 * jitter lies in [0, 1) and only ever lengthens the wait: a thousand
 * deliveries that failed together must not come back together, nor any of
 * them sooner than it was asked to.
 */
double
BackoffSeconds(int attempt, int asked, double jitter)
{
	double base = 1;

	if (asked > 0)
	{
		base = asked < BACKOFF_LONGEST_ASKED ? asked : BACKOFF_LONGEST_ASKED;
		return base + base * 0.1 * jitter;
	}
	for (int i = 1; i < attempt && base < BACKOFF_LONGEST; i++)
		base *= 2;
	if (base > BACKOFF_LONGEST)
		base = BACKOFF_LONGEST;
	return base + base * 0.5 * jitter;
}
