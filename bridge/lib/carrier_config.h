/* The configuration file of a carrier. */
#ifndef BRIDGE_CARRIER_CONFIG_H
#define BRIDGE_CARRIER_CONFIG_H

#include "carrier.h"
#include "log.h"

#include <stdbool.h>

struct carrier_config
{
	char *database;     /* libpq connection string */
	char *ca_file;      /* NULL: the system's */
	bool allow_private; /* addresses of private networks */
	int in_flight;      /* requests at a time */
	int lease;          /* seconds */
	int poll;           /* seconds between claims */
	int timeout;        /* seconds a request */
	int drain;          /* seconds to finish after SIGTERM */
	enum log_level log_level;
};

extern bool carrier_config_read(struct carrier_config *config, const struct trade *trade,
                                const char *path);
extern void carrier_config_free(struct carrier_config *config, const struct trade *trade);

#endif
