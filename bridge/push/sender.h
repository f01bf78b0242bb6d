/* The work of passport-push: claim, send, record. */
#ifndef PUSH_SENDER_H
#define PUSH_SENDER_H

#include "lib/command.h"

#include <stdbool.h>

extern enum exit_code sender_run(const char *path, bool once);
extern enum exit_code sender_check(const char *path);

#endif
