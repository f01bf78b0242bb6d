/*
 * SIGHUP opens all anew from the file, beside what is there: the new generation
 * takes the queues over, and the older one lives on, with its keys, until the
 * requests that it began are over.  A file that is not good opens nothing, and
 * nothing has changed.
 */
#include "generation.h"

#include <stdlib.h>

/* generation_open reads the settings and opens their channels; NULL after logging what is wrong. */
struct generation *
generation_open(const char *path, struct tally tallies[CHANNELS])
{
	struct generation *generation = calloc(1, sizeof(*generation));

	if (generation == NULL)
		return NULL;
	if (config_read(&generation->config, path))
	{
		generation->count = channel_open_all(generation->channels, &generation->config, tallies);
		if (generation->count > 0)
			return generation;
		generation->count = 0;
	}
	generation_close(generation);
	return NULL;
}

/*
 * generation_inherit moves what an older one has not begun to the channels of the
 * same name; what there is no channel for any more stays where it is.
 */
void
generation_inherit(struct generation *generation, struct generation *older)
{
	for (int i = 0; i < older->count; i++)
		for (int j = 0; j < generation->count; j++)
			if (older->channels[i].provider == generation->channels[j].provider)
				channel_inherit(&generation->channels[j], &older->channels[i]);
}

/* generation_is_over tells whether no request that it began is under way. */
bool
generation_is_over(const struct generation *generation)
{
	for (int i = 0; i < generation->count; i++)
		if (channel_is_busy(&generation->channels[i]))
			return false;
	return true;
}

/* generation_channel returns the channel of a provider, NULL if it is none of these. */
struct channel *
generation_channel(struct generation *generation, void *self)
{
	for (int i = 0; i < generation->count; i++)
		if (generation->channels[i].self == self)
			return &generation->channels[i];
	return NULL;
}

/* generation_close forgets it and what is still queued: the leases return that. */
void
generation_close(struct generation *generation)
{
	for (int i = 0; i < generation->count; i++)
		channel_close(&generation->channels[i]);
	config_free(&generation->config);
	free(generation);
}
