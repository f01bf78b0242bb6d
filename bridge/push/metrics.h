/* Metrics for Prometheus, as a text file for the node exporter to read. */
#ifndef PUSH_METRICS_H
#define PUSH_METRICS_H

#include "channel.h"

extern const double metrics_bounds[LATENCIES];

extern bool metrics_write(const char *path, const struct channel *channels, int count,
                          bool connected, const char *ages);

#endif
