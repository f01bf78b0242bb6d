/* The record: every request, a line of JSON each, and whether its answer was lost. */
#ifndef GATEWAY_RECORD_H
#define GATEWAY_RECORD_H

#include "request.h"

#include <stdbool.h>

extern bool record_open(const char *path);
extern void record_flush(void);
extern void record_write(struct request *request, json_t *fields);
extern void record_lost(const struct request *request);

#endif
