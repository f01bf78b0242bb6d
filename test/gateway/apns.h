/* Answers as Apple's push service does, faults included. */
#ifndef GATEWAY_APNS_H
#define GATEWAY_APNS_H

#include "request.h"

#include <stdbool.h>

extern bool apns_open(const char *key_file);
extern void apns_handle(struct request *request);

#endif
