/* The work of passport-push: claim, send, record. */
#ifndef PUSH_SENDER_H
#define PUSH_SENDER_H

#include "config.h"
#include "lib/command.h"

#include <stdbool.h>

extern enum exit_code sender_run(const struct config *config, bool once);
extern enum exit_code sender_check(const struct config *config);

#endif
