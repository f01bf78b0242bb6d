/* The work of passport-push: claim, send, record. */
#ifndef PUSH_SENDER_H
#define PUSH_SENDER_H

#include "config.h"

#include <stdbool.h>

/* How the program ends (documented in passport-push.1). */
enum exit_code
{
	EXIT_GOOD = 0,
	EXIT_INTERNAL = 1,
	EXIT_CONFIGURATION = 2,
	EXIT_DATABASE = 3,
	EXIT_VERSION = 4,
	EXIT_PROVIDER = 5
};

extern enum exit_code sender_run(const struct config *config, bool once);
extern enum exit_code sender_check(const struct config *config);

#endif
