/*
 * What the actions of all tables mean, in seconds and verdicts.  No I/O here nor
 * in the tables: tested and fuzzed alone.
 */
#include "classify.h"

#include <string.h>

#define QUOTA_WAIT 60 /* least wait after a quota's end without Retry-After */
#define QUOTA_LONGEST 3600
#define MENDING_WAIT 300 /* until somebody may have mended a configuration */
#define RETRY_LONGEST 86400
#define UNKNOWN_TRIES 5 /* an error that says nothing is tried so often */

static int bounded(long seconds);
static int quota_wait(const struct reply *reply);

/* classify_act says what an action comes to for a delivery. */
void
classify_act(const struct error_class *meaning, const struct reply *reply,
             struct classification *result)
{
	memset(result, 0, sizeof(*result));
	result->verdict = VERDICT_RETRY;
	result->detail = meaning->code;
	switch (meaning->action)
	{
		case ACTION_DELIVERED:
			result->verdict = VERDICT_DELIVERED;
			result->detail = NULL;
			break;
		case ACTION_RETIRE:
			result->verdict = VERDICT_RETIRED;
			break;
		case ACTION_FAIL_ALARM:
			result->alarm = true;
			/* fall through */
		case ACTION_FAIL:
			result->verdict = VERDICT_FAILED;
			break;
		case ACTION_RETRY_SOME:
			if (reply->attempt >= UNKNOWN_TRIES)
			{
				result->verdict = VERDICT_FAILED;
				break;
			}
			/* fall through */
		case ACTION_RETRY:
			result->retry_seconds = bounded(reply->retry_after);
			break;
		case ACTION_QUOTA_ALL:
			result->stop_seconds = quota_wait(reply);
			/* fall through */
		case ACTION_QUOTA:
			result->retry_seconds = quota_wait(reply);
			break;
		case ACTION_RENEW:
			result->retry_seconds = 1;
			result->stale_token = true;
			break;
		case ACTION_MEND_ALL:
			/* the channel waits, not the delivery: who has mended it, or has no such fault, sends
			 * at once */
			result->stop_seconds = MENDING_WAIT;
			result->retry_seconds = 1;
			result->alarm = true;
			break;
		case ACTION_MEND:
			result->retry_seconds = MENDING_WAIT;
			result->alarm = true;
			break;
	}
}

/* classify_code decides by the provider's own code; false: the table does not have it. */
bool
classify_code(const struct error_class *table, size_t count, const char *code,
              const struct reply *reply, struct classification *result)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].code, code) == 0)
		{
			classify_act(&table[i], reply, result);
			return true;
		}
	return false;
}

/* classify_status decides by the status; the last line of a table has all that no other has. */
void
classify_status(const struct status_class *table, size_t count, const struct reply *reply,
                struct classification *result)
{
	for (size_t i = 0; i < count; i++)
		if ((reply->status >= table[i].first && reply->status <= table[i].last) || i == count - 1)
		{
			classify_act(&table[i].meaning, reply, result);
			return;
		}
}

static int
bounded(long seconds)
{
	return seconds <= 0 ? 0 : seconds < RETRY_LONGEST ? (int) seconds : RETRY_LONGEST;
}

/* quota_wait returns the seconds asked for, or a minute, doubled with each try. */
static int
quota_wait(const struct reply *reply)
{
	int wait = QUOTA_WAIT;

	if (reply->retry_after > 0)
		return bounded(reply->retry_after);
	for (int i = 1; i < reply->attempt && wait < QUOTA_LONGEST; i++)
		wait *= 2;
	return wait < QUOTA_LONGEST ? wait : QUOTA_LONGEST;
}
