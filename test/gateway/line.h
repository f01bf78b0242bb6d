/* Answers as LINE's Messaging API does, faults included. */
#ifndef GATEWAY_LINE_H
#define GATEWAY_LINE_H

#include "request.h"

#include <stdbool.h>

extern bool line_open(const char *token_file);
extern void line_handle(struct request *request);

#endif
