/*
 * Faults that every provider here has, by the name of who is sent to:
 *
 *   slow-N-X       answered after N milliseconds
 *   hang-X         never answered
 *   reset-N-X      RST_STREAM (INTERNAL_ERROR) for the first N tries
 *   calm-N-X       RST_STREAM (ENHANCE_YOUR_CALM) for the first N tries
 *   goaway-N-X     GOAWAY after the answer, for the first N tries; what else is under way on the
 *                  connection is not answered
 *   lame-N-X       GOAWAY after the answer, for the first N tries; what else is under way is
 *                  answered
 *   storm-N-X      GOAWAY (ENHANCE_YOUR_CALM) instead of an answer, for the first N tries
 *   oversize-X     a body of 2 MiB
 *   cut-N-X        a body that ends before its length, for the first N tries
 *   S.CODE.N.R     status S with the provider's CODE for the first N tries (0: each), with
 *                  Retry-After: R seconds, or, where R begins with d, the date in so many
 */
#ifndef GATEWAY_FAULT_H
#define GATEWAY_FAULT_H

#include "request.h"

/* A fault of the last form. */
struct scripted
{
	int status;
	char code[60];
};

extern int fault_apply(struct request *request, const char *name);
extern bool fault_scripted(struct request *request, const char *name, struct scripted *fault);
extern int fault_count(const char *name);
extern void fault_answer(struct request *request, int delay);

#endif
