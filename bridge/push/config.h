/* The configuration file of passport-push. */
#ifndef PUSH_CONFIG_H
#define PUSH_CONFIG_H

#include "lib/log.h"

#include <stdbool.h>

struct config
{
	char *database; /* libpq connection string */
	char *ca_file;  /* NULL: the system's */
	char *metrics;  /* file; NULL: none */
	/* each channel is used if its first setting is there; endpoints: tests have their own */
	char *fcm_service_account, *fcm_endpoint;
	char *apns_key_file, *apns_key_id, *apns_team_id, *apns_topic;
	char *apns_endpoint, *apns_sandbox_endpoint;
	char *webpush_key_file, *webpush_subject;
	bool webpush_allow_private; /* endpoints in private networks */
	char *line_token_file, *line_endpoint;
	char *smtp_url, *smtp_from, *smtp_user, *smtp_password_file;
	int fcm_rate, apns_rate, webpush_rate, line_rate, smtp_rate; /* a second; 0: no limit */
	int batch;                                                   /* deliveries a claim */
	int in_flight;                                               /* requests at a time */
	int connections;                                             /* to one host */
	int lease;                                                   /* seconds */
	int poll;    /* seconds between claims when nothing wakes us */
	int timeout; /* seconds a request */
	int drain;   /* seconds to finish after SIGTERM */
	bool drill;  /* drills to test devices, instead of residents' messages */
	enum log_level log_level;
};

extern bool config_read(struct config *config, const char *path);
extern void config_free(struct config *config);

#endif
