/*
 * The work of a program that carries errands: each is claimed from the
 * database under a lease, done as one HTTP request, and completed there.  A
 * trade says what one program's errands are; all the rest is the same.
 */
#ifndef BRIDGE_CARRIER_H
#define BRIDGE_CARRIER_H

#include "command.h"
#include "errand.h"

#define COMPLETION_VALUES 9

/* The parameters of a completion, and room for those that are numbers. */
struct completion
{
	const char *values[COMPLETION_VALUES];
	int lengths[COMPLETION_VALUES], formats[COMPLETION_VALUES];
	char numbers[2][24];
};

struct trade
{
	struct command command;
	const char *protocols; /* as libcurl names them */
	/* what the settings are where the file does not say */
	int in_flight, lease, poll, timeout;
	/* the longest lease for which a claim is good */
	int longest_lease;
	const char *claim_sql; /* of worker, batch and lease; a row an errand, its number first */
	/* of worker ($1) and what report() gives; returns what became of it, and whether that is good
	 */
	const char *complete_sql;
	int values;
	const char *check_sql, *check_failed; /* whether this role may do both, and what it may not */
	/* makes the request, but for its context; false: out of memory */
	bool (*prepare)(struct errand *errand, struct http_request *request);
	/* writes the parameters from $2 on */
	void (*report)(const struct errand *errand, struct completion *completion);
};

extern int carrier_main(const struct trade *trade, int argc, char **argv);

#endif
