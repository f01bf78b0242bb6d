/* Answers as push services of browsers do (RFC 8030), faults included. */
#ifndef GATEWAY_WEBPUSH_H
#define GATEWAY_WEBPUSH_H

#include "request.h"

extern void webpush_handle(struct request *request);

#endif
