/* The database's side: deliveries are claimed from it and given back to it. */
#ifndef PUSH_OUTBOX_H
#define PUSH_OUTBOX_H

#include "channel.h"

#include <stdbool.h>

struct outbox;

extern struct outbox *outbox_open(const struct config *config, struct channel *channels, int count);
extern bool outbox_change(struct outbox *outbox, const struct config *config,
                          struct channel *channels, int count);
extern bool outbox_check(struct outbox *outbox);
extern void outbox_turn(struct outbox *outbox, bool want);
extern int outbox_socket(const struct outbox *outbox);
extern int outbox_unfinished(const struct outbox *outbox);
extern bool outbox_idle(const struct outbox *outbox);
extern void outbox_complete(struct outbox *outbox, struct delivery *delivery,
                            const struct classification *result);
extern void outbox_hand_back(struct outbox *outbox, struct delivery *delivery, const char *detail,
                             int retry_seconds);
extern void outbox_let_lapse(struct outbox *outbox, struct delivery *delivery);
extern bool outbox_connected(const struct outbox *outbox);
extern const char *outbox_ages(const struct outbox *outbox);
extern void outbox_close(struct outbox *outbox);

#endif
