/* One channel at work: its provider, its lanes, its limits, and how it has fared. */
#ifndef PUSH_CHANNEL_H
#define PUSH_CHANNEL_H

#include "lanes.h"
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
	int held; /* deliveries claimed whose outcome the database does not know */
};

struct channel
{
	const struct provider *provider;
	void *self;
	const struct config *config;
	struct lanes lanes; /* claimed, not yet under way */
	int under_way;
	struct delivery *repeated; /* requests for many that are sent again as they are */
	int drained;      /* the last claim found no more of lanes up to this one; -1: it did */
	int rate;         /* requests a second, 0: no limit */
	double allowance; /* requests that may begin now */
	long long filled_at, swept_at;
	bool serial; /* it speaks HTTP/1.1: a connection carries one request at a time */
	long long stop_until, alarmed_at;
	const char *alarm;
	bool stopped_by_alarm;
	int failures; /* in a row */
	struct patience patience;
	struct tally *tally; /* longer than the channel: counters never go back */
};

/* What to claim: so many deliveries, of lanes up to this one. */
struct claim
{
	int rows, lane;
};

extern int channel_open_all(struct channel channels[CHANNELS], const struct config *config,
                            struct tally tallies[CHANNELS]);
extern void channel_inherit(struct channel *channel, struct channel *older);
extern bool channel_is_busy(const struct channel *channel);
extern void channel_close(struct channel *channel);
extern bool channel_is(const struct channel *channel, const char *name);
extern void channel_put(struct channel *channel, struct delivery *delivery);
extern bool channel_wants(const struct channel *channel, struct claim *claim);
extern bool channel_is_drained(const struct channel *channel);
extern bool channel_blocked(const struct channel *channel);
extern bool channel_may_send(const struct channel *channel);
extern struct delivery *channel_next(struct channel *channel);
extern bool channel_begin(struct channel *channel, struct delivery *delivery, struct http *http);
extern void channel_judge(struct channel *channel, const struct http_answer *answer,
                          struct delivery *delivery, struct classification *result);
extern int channel_stop_seconds(const struct channel *channel);

#endif
