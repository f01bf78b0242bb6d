/* The database's side: deliveries are claimed from it and given back to it. */
#ifndef PUSH_OUTBOX_H
#define PUSH_OUTBOX_H

#include "classify.h"
#include "config.h"

#include <stdbool.h>
#include <stddef.h>

/* One delivery that is ours for now. */
struct delivery
{
	struct delivery *next;
	long long resident_id, delivery_id;
	int attempt;
	long long lease_until; /* by loop_now() */
	char *message;         /* the request's body, to be freed */
	size_t length;
	struct fcm_credential *credential; /* while it is under way */
};

struct outbox;

extern struct outbox *outbox_open(const struct config *config);
extern bool outbox_check(struct outbox *outbox);
extern void outbox_turn(struct outbox *outbox, bool want);
extern int outbox_socket(const struct outbox *outbox);
extern struct delivery *outbox_next(struct outbox *outbox);
extern int outbox_queued(const struct outbox *outbox);
extern int outbox_unfinished(const struct outbox *outbox);
extern bool outbox_empty(const struct outbox *outbox);
extern void outbox_complete(struct outbox *outbox, struct delivery *delivery, enum verdict verdict,
                            const char *detail, int retry_seconds);
extern void outbox_let_lapse(struct outbox *outbox, struct delivery *delivery);
extern bool outbox_connected(const struct outbox *outbox);
extern void outbox_close(struct outbox *outbox);

#endif
