/* What an answer of FCM means for the delivery it answers. */
#ifndef PUSH_CLASSIFY_H
#define PUSH_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>

enum verdict
{
	VERDICT_DELIVERED,
	VERDICT_RETIRED, /* the token is dead */
	VERDICT_FAILED,  /* this message will never be taken */
	VERDICT_RETRY
};

struct classification
{
	enum verdict verdict;
	const char *detail; /* the error code, one of a fixed set; NULL if delivered */
	int retry_seconds;  /* what the provider asks for, or 0 */
	int stop_seconds;   /* > 0: send nothing to anybody for so long */
	bool stale_token;   /* our access token is not good (any more) */
	bool alarm;         /* somebody has to mend something */
};

extern void classify_answer(long status, const char *body, size_t length, long retry_after,
                            int attempt, struct classification *result);

#endif
