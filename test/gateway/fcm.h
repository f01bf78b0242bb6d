/* Answers as FCM HTTP v1 does, faults included. */
#ifndef GATEWAY_FCM_H
#define GATEWAY_FCM_H

#include "request.h"

extern void fcm_handle(struct request *request);

#endif
