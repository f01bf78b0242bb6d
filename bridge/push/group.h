/* Requests that carry one message to many. */
#ifndef PUSH_GROUP_H
#define PUSH_GROUP_H

#include "channel.h"

extern void group_gather(struct channel *channel, struct delivery *first);
extern bool group_repeat(struct channel *channel, struct delivery *delivery,
                         const struct classification *result);
extern bool group_split(struct channel *channel, struct delivery *delivery,
                        const struct classification *result);
extern struct delivery *group_take_due(struct channel *channel);

#endif
