/* Deliveries that go back to the database: lists, each of which says why. */
#ifndef PUSH_SETBACK_H
#define PUSH_SETBACK_H

#include "channel.h"

#include <stdbool.h>

extern bool setback_spares(struct channel *channel, struct delivery *delivery);
extern struct delivery *setback_sweep(struct channel *channel);
extern struct delivery *setback_recall(struct channel *channel, const unsigned long long *key);
extern struct delivery *setback_all(struct channel *channel, const char *setback, int seconds);

#endif
