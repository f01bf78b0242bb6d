/*
 * The file appears whole or not at all: it is written beside its place and then
 * renamed.  A disk that is full costs the metrics, and nothing else.
 */
#include "metrics.h"

#include "lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Seconds; each bucket holds the requests that took no longer. */
const double metrics_bounds[LATENCIES] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                          0.1,   0.25,   0.5,   1,    5,     30};

static const char *const verdicts[VERDICTS] = {"delivered", "retired", "failed", "retry"};

static void write_all(FILE *file, const struct channel *channels, int count, bool connected,
                      const char *ages);
static void write_latency(FILE *file, const struct channel *channel);

/* metrics_write writes the file anew; false after logging why not. */
bool
metrics_write(const char *path, const struct channel *channels, int count, bool connected,
              const char *ages)
{
	char fresh[4200];
	FILE *file;
	bool good;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int) sizeof(fresh))
		return false;
	file = fopen(fresh, "we");
	good = file != NULL;
	if (good)
	{
		write_all(file, channels, count, connected, ages);
		good = fflush(file) == 0 && !ferror(file);
		good = fclose(file) == 0 && good && rename(fresh, path) == 0;
	}
	if (!good)
	{
		log_warning("the metrics could not be written", "{s:s, s:s}", "file", path, "reason",
		            strerror(errno));
		unlink(fresh);
	}
	return good;
}

static void
write_all(FILE *file, const struct channel *channels, int count, bool connected, const char *ages)
{
	fputs("# HELP passport_push_deliveries_total Tries of deliveries, by what became of them.\n"
	      "# TYPE passport_push_deliveries_total counter\n",
	      file);
	for (int i = 0; i < count; i++)
		for (int verdict = 0; verdict < VERDICTS; verdict++)
			fprintf(file, "passport_push_deliveries_total{channel=\"%s\",outcome=\"%s\"} %lld\n",
			        channels[i].provider->channel, verdicts[verdict],
			        channels[i].tally->verdicts[verdict]);
	fputs("# HELP passport_push_alarms_total Answers that somebody has to see to.\n"
	      "# TYPE passport_push_alarms_total counter\n",
	      file);
	for (int i = 0; i < count; i++)
		fprintf(file, "passport_push_alarms_total{channel=\"%s\"} %lld\n",
		        channels[i].provider->channel, channels[i].tally->alarms);
	fputs("# HELP passport_push_stopped Whether sending rests.\n"
	      "# TYPE passport_push_stopped gauge\n",
	      file);
	for (int i = 0; i < count; i++)
		fprintf(file, "passport_push_stopped{channel=\"%s\"} %d\n", channels[i].provider->channel,
		        channel_stop_seconds(&channels[i]) > 0);
	fputs("# HELP passport_push_request_seconds How long requests took.\n"
	      "# TYPE passport_push_request_seconds histogram\n",
	      file);
	for (int i = 0; i < count; i++)
		write_latency(file, &channels[i]);
	fprintf(file,
	        "# HELP passport_push_connected Whether there is a connection to the database.\n"
	        "# TYPE passport_push_connected gauge\npassport_push_connected %d\n",
	        connected);
	if (ages != NULL)
		fprintf(file,
		        "# HELP passport_push_queue_age_seconds Age of the oldest unfinished delivery.\n"
		        "# TYPE passport_push_queue_age_seconds gauge\n%s\n",
		        ages);
}

/* write_latency writes a histogram: each bucket counts those below it, too. */
static void
write_latency(FILE *file, const struct channel *channel)
{
	const char *name = channel->provider->channel;
	long long sum = 0;

	for (int i = 0; i < LATENCIES; i++)
	{
		sum += channel->tally->latencies[i];
		fprintf(file, "passport_push_request_seconds_bucket{channel=\"%s\",le=\"%g\"} %lld\n", name,
		        metrics_bounds[i], sum);
	}
	fprintf(file, "passport_push_request_seconds_bucket{channel=\"%s\",le=\"+Inf\"} %lld\n", name,
	        channel->tally->requests);
	fprintf(file, "passport_push_request_seconds_sum{channel=\"%s\"} %f\n", name,
	        channel->tally->seconds);
	fprintf(file, "passport_push_request_seconds_count{channel=\"%s\"} %lld\n", name,
	        channel->tally->requests);
}
