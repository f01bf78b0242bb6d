/* An errand: a row that the database gave us, the request that it asks for, and what came of it. */
#ifndef BRIDGE_ERRAND_H
#define BRIDGE_ERRAND_H

#include "curl.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#define ERRAND_VALIDATOR 512 /* an ETag that is longer is not worth keeping */

/* The rows of one claim, alive while an errand of them is. */
struct claim
{
	PGresult *rows;
	int users;
	long long lease_until; /* by loop_now() */
};

struct errand
{
	struct errand *next;
	struct claim *claim;
	int row;
	struct curl_slist *headers; /* of the request, to be freed as body */
	char *body;
	/* the answer */
	long status;         /* 0: none came */
	const char *failure; /* why, in a word */
	long retry_after;
	bool cut;
	char *answer;
	size_t length;
	char etag[ERRAND_VALIDATOR], last_modified[ERRAND_VALIDATOR]; /* "": none */
};

extern struct errand *errand_new(struct claim *claim, int row);
extern const char *errand_value(const struct errand *errand, int column);
extern bool errand_add_header(struct errand *errand, const char *name, const char *value);
extern void errand_take_answer(struct errand *errand, struct http *http,
                               const struct http_answer *answer);
extern void errand_free(struct errand *errand);
extern void claim_release(struct claim *claim);

#endif
