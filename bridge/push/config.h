/* The configuration file of passport-push. */
#ifndef PUSH_CONFIG_H
#define PUSH_CONFIG_H

#include <stdbool.h>

struct config
{
	char *database;        /* libpq connection string */
	char *service_account; /* file */
	char *endpoint;        /* of FCM; tests have their own */
	char *ca_file;         /* NULL: the system's */
	int batch;             /* deliveries a claim */
	int in_flight;         /* requests at a time */
	int connections;       /* to FCM */
	int lease;             /* seconds */
	int poll;              /* seconds between claims when nothing wakes us */
	int timeout;           /* seconds a request */
	int drain;             /* seconds to finish after SIGTERM */
	int drill;             /* 1: drills to test devices, 0: residents' messages */
};

extern bool config_read(struct config *config, const char *path);
extern void config_free(struct config *config);
extern char *config_read_secret(const char *path);

#endif
