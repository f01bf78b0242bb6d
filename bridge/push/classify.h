/*
 * What an answer of a provider means for the delivery it answers.  Each provider
 * has its table of error codes; what the actions in them mean is said once.
 */
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
#define VERDICTS (VERDICT_RETRY + 1)

struct classification
{
	enum verdict verdict;
	const char *detail;   /* the error code, one of a fixed set; NULL if delivered */
	int retry_seconds;    /* what the provider asks for, or 0 */
	int stop_seconds;     /* > 0: send nothing to anybody for so long */
	bool untaken;         /* certainly not taken: it may be sent as if it never had been */
	bool stale_token;     /* our access token is not good (any more) */
	bool alarm;           /* somebody has to mend something */
	long long dead_since; /* by the provider's clock, seconds since 1970, 0: it does not say */
};

/* What a provider answered to the attempt-th try, 1 the first. */
struct reply
{
	long status;
	const char *body;
	size_t length;
	long retry_after; /* seconds from the header, 0 if there was none */
	int attempt;
};

enum action
{
	ACTION_DELIVERED,
	ACTION_RETIRE,     /* the token is dead */
	ACTION_FAIL,       /* this message will never be taken */
	ACTION_FAIL_ALARM, /* nor will others until somebody mends something */
	ACTION_RETRY,      /* after Retry-After, or a wait that grows */
	ACTION_RETRY_SOME, /* an error that says nothing is tried a few times */
	ACTION_QUOTA,      /* after Retry-After, or a minute, doubled with each try */
	ACTION_QUOTA_ALL,  /* and nobody else is sent to meanwhile */
	ACTION_RENEW,      /* with a new access token */
	ACTION_MEND,       /* when somebody may have mended a configuration */
	ACTION_MEND_ALL    /* and no other delivery would fare better meanwhile */
};

/* A provider's own code and what it asks for; the code is the detail that is kept. */
struct error_class
{
	const char *code;
	enum action action;
};

/* What a status asks for where the body says nothing. */
struct status_class
{
	int first, last;
	struct error_class meaning;
};

extern void classify_fcm(const struct reply *reply, struct classification *result);
extern void classify_apns(const struct reply *reply, struct classification *result);
extern void classify_webpush(const struct reply *reply, struct classification *result);
extern void classify_line(const struct reply *reply, struct classification *result);
extern void classify_smtp(const struct reply *reply, struct classification *result);

extern void classify_act(const struct error_class *meaning, const struct reply *reply,
                         struct classification *result);
extern bool classify_code(const struct error_class *table, size_t count, const char *code,
                          const struct reply *reply, struct classification *result);
extern void classify_status(const struct status_class *table, size_t count,
                            const struct reply *reply, struct classification *result);

#define CLASSES(table) (table), sizeof(table) / sizeof(*(table))

#endif
