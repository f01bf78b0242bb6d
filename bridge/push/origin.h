/* The origins that endpoints of Web Push lead to: each is a stranger to the others. */
#ifndef PUSH_ORIGIN_H
#define PUSH_ORIGIN_H

#include "delivery.h"
#include "lib/curl.h"
#include "lib/loop.h"

#include <stdbool.h>

#define ORIGIN_BYTES 300
#define ORIGINS 512

/* One push service. */
struct origin
{
	unsigned long long name; /* a digest of it; 0: nobody's place */
	char *token;             /* of VAPID, for it */
	long long token_ends_at; /* seconds since 1970 */
	int under_way;
	int failures;          /* in a row */
	bool answers;          /* it has answered since it was given a rest */
	bool serial;           /* by HTTP/1.1: a connection carries one request at a time */
	long long heard_at;    /* its last answer, or the first request with nothing under way before */
	long long asked_until; /* Retry-After */
	struct patience patience;
};

struct origins
{
	struct origin list[ORIGINS];
	int under_way, in_flight, connections;
	long long hanging; /* milliseconds without an answer after which one is given a rest */
};

extern bool origin_write(const char *url, char text[ORIGIN_BYTES]);
extern unsigned long long origin_name(const char *text);
extern struct origin *origins_find(struct origins *origins, unsigned long long name);
extern bool origins_admit(struct origins *origins, const struct origin *origin, bool urgent);
extern int origins_rest(const struct origins *origins, struct origin *origin);
extern void origins_begin(struct origins *origins, struct origin *origin);
extern void origins_hear(struct origin *origin, const struct http_answer *answer);
extern void origins_end(struct origins *origins, struct origin *origin);
extern void origins_close(struct origins *origins);

#endif
