/* The settings that all carriers have; their trade says what is usual. */
#include "carrier_config.h"

#include "config.h"

#include <stddef.h>
#include <string.h>

#define KEYS 9

static void list_keys(struct config_key keys[KEYS], const struct trade *trade);

/* carrier_config_read reads and checks the settings; false after logging what is wrong. */
bool
carrier_config_read(struct carrier_config *config, const struct trade *trade, const char *path)
{
	struct config_key keys[KEYS];

	memset(config, 0, sizeof(*config));
	list_keys(keys, trade);
	if (!config_load(config, keys, KEYS, trade->command.name, path))
		return false;
	if (config->database == NULL)
		return config_refuse("database is needed");
	/* a claim must outlive the request that it is for */
	if (config->lease <= config->timeout)
		return config_refuse("lease has to be longer than timeout");
	return config_hides(config->database, path);
}

void
carrier_config_free(struct carrier_config *config, const struct trade *trade)
{
	struct config_key keys[KEYS];

	list_keys(keys, trade);
	config_clear(config, keys, KEYS);
}

static void
list_keys(struct config_key keys[KEYS], const struct trade *trade)
{
	const struct config_key all[KEYS] = {
	    {"database", CONFIG_TEXT, offsetof(struct carrier_config, database), 0, 0, 0},
	    {"ca_file", CONFIG_TEXT, offsetof(struct carrier_config, ca_file), 0, 0, 0},
	    {"allow_private", CONFIG_SWITCH, offsetof(struct carrier_config, allow_private), 0, 0, 0},
	    {"in_flight", CONFIG_NUMBER, offsetof(struct carrier_config, in_flight), trade->in_flight,
	     1, 16},
	    {"lease", CONFIG_NUMBER, offsetof(struct carrier_config, lease), trade->lease, 2,
	     trade->longest_lease},
	    {"poll", CONFIG_NUMBER, offsetof(struct carrier_config, poll), trade->poll, 1, 3600},
	    {"timeout", CONFIG_NUMBER, offsetof(struct carrier_config, timeout), trade->timeout, 1,
	     3600},
	    {"drain", CONFIG_NUMBER, offsetof(struct carrier_config, drain), 20, 1, 600},
	    {"log_level", CONFIG_LEVEL, offsetof(struct carrier_config, log_level), 0, 0, 0}};

	for (int i = 0; i < KEYS; i++)
		keys[i] = all[i];
}
