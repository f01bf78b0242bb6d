/* Messages of Web Push are encrypted in threads beside the loop. */
#ifndef PUSH_SEALER_H
#define PUSH_SEALER_H

#include "lib/webpush_crypto.h"

#include <stdbool.h>
#include <stddef.h>

/* One message on its way to be encrypted, or encrypted. */
struct seal;

extern bool sealer_open(void);
extern void sealer_close(void);
extern struct seal *seal_begin(const struct webpush_receiver *receiver, const char *text,
                               size_t length);
extern bool seal_is_done(const struct seal *seal);
extern char *seal_take(struct seal *seal);
extern void seal_drop(struct seal *seal);

#endif
