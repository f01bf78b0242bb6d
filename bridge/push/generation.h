/* The settings as they were read once, and the channels that they open. */
#ifndef PUSH_GENERATION_H
#define PUSH_GENERATION_H

#include "channel.h"

struct generation
{
	struct config config;
	struct channel channels[CHANNELS];
	int count;
};

extern struct generation *generation_open(const char *path, struct tally tallies[CHANNELS]);
extern void generation_inherit(struct generation *generation, struct generation *older);
extern bool generation_is_over(const struct generation *generation);
extern struct channel *generation_channel(struct generation *generation, void *self);
extern void generation_close(struct generation *generation);

#endif
