/* The settings of passport-push. */
#include "config.h"

#include "lib/config.h"

#include <stddef.h>
#include <string.h>

#define TEXT(key, member)                                          \
	{                                                              \
		key, CONFIG_TEXT, offsetof(struct config, member), 0, 0, 0 \
	}
#define NUMBER(key, member, standard, least, most)                                 \
	{                                                                              \
		key, CONFIG_NUMBER, offsetof(struct config, member), standard, least, most \
	}

static const struct config_key keys[] = {
    TEXT("database", database),
    TEXT("ca_file", ca_file),
    TEXT("metrics", metrics),
    TEXT("fcm.service_account", fcm_service_account),
    TEXT("fcm.endpoint", fcm_endpoint),
    NUMBER("fcm.rate", fcm_rate, 0, 0, 100000),
    TEXT("apns.key_file", apns_key_file),
    TEXT("apns.key_id", apns_key_id),
    TEXT("apns.team_id", apns_team_id),
    TEXT("apns.topic", apns_topic),
    TEXT("apns.endpoint", apns_endpoint),
    TEXT("apns.sandbox_endpoint", apns_sandbox_endpoint),
    NUMBER("apns.rate", apns_rate, 0, 0, 100000),
    TEXT("webpush.key_file", webpush_key_file),
    TEXT("webpush.subject", webpush_subject),
    {"webpush.allow_private", CONFIG_SWITCH, offsetof(struct config, webpush_allow_private), 0, 0,
     0},
    NUMBER("webpush.rate", webpush_rate, 0, 0, 100000),
    TEXT("line.token_file", line_token_file),
    TEXT("line.endpoint", line_endpoint),
    NUMBER("line.rate", line_rate, 150, 0, 100000),
    TEXT("smtp.url", smtp_url),
    TEXT("smtp.from", smtp_from),
    TEXT("smtp.user", smtp_user),
    TEXT("smtp.password_file", smtp_password_file),
    NUMBER("smtp.rate", smtp_rate, 20, 0, 100000),
    NUMBER("batch", batch, 1000, 1, 10000),
    NUMBER("in_flight", in_flight, 200, 2, 1000),
    NUMBER("connections", connections, 2, 1, 32),
    NUMBER("lease", lease, 120, 2, 3600),
    NUMBER("poll", poll, 1, 1, 3600),
    NUMBER("timeout", timeout, 30, 1, 600),
    NUMBER("drain", drain, 20, 1, 600),
    {"log_level", CONFIG_LEVEL, offsetof(struct config, log_level), 0, 0, 0},
    {"drill", CONFIG_SWITCH, offsetof(struct config, drill), 0, 0, 0}};

/* What stands there where the file does not say. */
static const struct
{
	size_t at;
	const char *value;
} standards[] = {
    {offsetof(struct config, fcm_endpoint), "https://fcm.googleapis.com"},
    {offsetof(struct config, apns_endpoint), "https://api.push.apple.com"},
    {offsetof(struct config, apns_sandbox_endpoint), "https://api.sandbox.push.apple.com"},
    {offsetof(struct config, line_endpoint), "https://api.line.me"},
};

#define KEYS (sizeof(keys) / sizeof(*keys))

static bool is_endpoint(char *text);
static bool is_complete(struct config *config, const char *path);

/* config_read reads and checks a file; false after logging what is wrong. */
bool
config_read(struct config *config, const char *path)
{
	memset(config, 0, sizeof(*config));
	if (!config_load(config, keys, KEYS, "passport-push", path))
		return false;
	for (size_t i = 0; i < sizeof(standards) / sizeof(*standards); i++)
	{
		char **text = (char **) ((char *) config + standards[i].at);

		if (*text == NULL)
			*text = strdup(standards[i].value);
		if (!is_endpoint(*text))
			return config_refuse("an endpoint begins with https://");
	}
	return is_complete(config, path);
}

/* is_endpoint tells whether a text is where paths can be added to, and makes it so. */
static bool
is_endpoint(char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (length <= 8 || strncmp(text, "https://", 8) != 0)
		return false;
	if (text[length - 1] == '/')
		text[length - 1] = '\0';
	return true;
}

/* is_complete checks what one line alone does not show. */
static bool
is_complete(struct config *config, const char *path)
{
	if (config->database == NULL)
		return config_refuse("database is needed");
	if (config->fcm_service_account == NULL && config->apns_key_file == NULL &&
	    config->webpush_key_file == NULL && config->line_token_file == NULL &&
	    config->smtp_url == NULL)
		return config_refuse("no channel is set up: fcm.service_account, apns.key_file, "
		                     "webpush.key_file, line.token_file or smtp.url is needed");
	/* a claim must outlive the request that it is for */
	if (config->lease <= config->timeout)
		return config_refuse("lease has to be longer than timeout");
	return config_hides(config->database, path);
}

void
config_free(struct config *config)
{
	config_clear(config, keys, KEYS);
	memset(config, 0, sizeof(*config));
}
