/*
 * A configuration file: lines of "key = value"; # begins a comment.  A program
 * says in a table which keys there are and where in its structure they go.  A
 * variable of the environment comes before the file: of passport-push's key
 * fcm.rate it is PASSPORT_PUSH_FCM_RATE.
 */
#ifndef BRIDGE_CONFIG_H
#define BRIDGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct config_key
{
	const char *key;
	enum
	{
		CONFIG_TEXT,   /* char *, NULL when it is not given */
		CONFIG_NUMBER, /* int, within its bounds */
		CONFIG_SWITCH, /* bool, yes or no */
		CONFIG_LEVEL   /* enum log_level */
	} kind;
	size_t at;
	int standard, least, most;
};

extern bool config_load(void *config, const struct config_key *keys, size_t count,
                        const char *program, const char *path);
extern bool config_hides(const char *conninfo, const char *path);
extern bool config_refuse(const char *reason);
extern void config_clear(void *config, const struct config_key *keys, size_t count);

#endif
