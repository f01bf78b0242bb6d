/* One channel at work: its provider, its queue, its limits, and how it has fared. */
#ifndef PUSH_CHANNEL_H
#define PUSH_CHANNEL_H

#include "lib/loop.h"
#include "provider.h"

#include <stdbool.h>

#define CHANNELS 5
#define LATENCIES 12

/* What has become of requests since the start, for the metrics and the database. */
struct tally
{
	long long verdicts[VERDICTS];
	long long latencies[LATENCIES + 1]; /* requests by how long they took, see metrics.c */
	double seconds;                     /* of all requests together */
	long long requests, alarms;
	int unrecorded; /* deliveries that are over, but the database does not know */
};

struct channel
{
	const struct provider *provider;
	void *self;
	const struct config *config;
	/* claimed, not yet under way: what is urgent stands apart, and goes first */
	struct delivery *first[2], **last[2];
	int queued[2], under_way;
	int held;                  /* deliveries claimed and not yet over, under way or not */
	struct delivery *repeated; /* requests for many that are sent again as they are */
	bool stuck;                /* requests are free, but no service of those queued takes more */
	bool drained;              /* the last claim found nothing more */
	int rate;                  /* a second, 0: no limit */
	double allowance;          /* requests that may begin now */
	long long filled_at;
	long long stop_until, alarmed_at;
	const char *alarm;
	bool stopped_by_alarm;
	int failures; /* in a row */
	struct patience patience;
	struct tally *tally; /* longer than the channel: counters never go back */
};

extern int channel_open_all(struct channel channels[CHANNELS], const struct config *config,
                            struct tally tallies[CHANNELS]);
extern void channel_inherit(struct channel *channel, struct channel *older);
extern bool channel_is_busy(const struct channel *channel);
extern void channel_close(struct channel *channel);
extern bool channel_is(const struct channel *channel, const char *name);
extern void channel_put(struct channel *channel, struct delivery *delivery);
extern struct delivery *channel_take(struct channel *channel);
extern struct delivery *channel_take_resting(struct channel *channel, int *seconds);
extern int channel_queued(const struct channel *channel);
extern bool channel_wants(const struct channel *channel, bool woken);
extern bool channel_blocked(const struct channel *channel);
extern bool channel_may_send(const struct channel *channel);
extern struct delivery *channel_next(struct channel *channel);
extern bool channel_begin(struct channel *channel, struct delivery *delivery, struct http *http);
extern void channel_judge(struct channel *channel, const struct http_answer *answer,
                          struct delivery *delivery, struct classification *result);
extern bool channel_repeat(struct channel *channel, struct delivery *delivery,
                           const struct classification *result);
extern bool channel_split(struct channel *channel, struct delivery *delivery,
                          const struct classification *result);
extern struct delivery *channel_take_repeated(struct channel *channel, bool all);
extern int channel_stop_seconds(const struct channel *channel);

#endif
