/*
 * The settings of passport-push.  A file with a secret in it must be its
 * owner's alone: who can read the service account can write to every
 * resident's phone.
 */
#include "config.h"

#include "lib/config.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES 65536

static const struct config_key keys[] = {
    {"database", CONFIG_TEXT, offsetof(struct config, database), 0, 0, 0},
    {"fcm.service_account", CONFIG_TEXT, offsetof(struct config, service_account), 0, 0, 0},
    {"fcm.endpoint", CONFIG_TEXT, offsetof(struct config, endpoint), 0, 0, 0},
    {"ca_file", CONFIG_TEXT, offsetof(struct config, ca_file), 0, 0, 0},
    {"batch", CONFIG_NUMBER, offsetof(struct config, batch), 1000, 1, 10000},
    {"in_flight", CONFIG_NUMBER, offsetof(struct config, in_flight), 200, 1, 1000},
    {"connections", CONFIG_NUMBER, offsetof(struct config, connections), 2, 1, 32},
    {"lease", CONFIG_NUMBER, offsetof(struct config, lease), 120, 2, 3600},
    {"poll", CONFIG_NUMBER, offsetof(struct config, poll), 1, 1, 3600},
    {"timeout", CONFIG_NUMBER, offsetof(struct config, timeout), 30, 1, 600},
    {"drain", CONFIG_NUMBER, offsetof(struct config, drain), 20, 1, 600},
    {"drill", CONFIG_NUMBER, offsetof(struct config, drill), 0, 0, 1}};

#define KEYS (sizeof(keys) / sizeof(*keys))

static bool is_complete(struct config *config, const char *path);

/* config_read reads and checks a file; false after logging what is wrong. */
bool
config_read(struct config *config, const char *path)
{
	memset(config, 0, sizeof(*config));
	if (!config_load(config, keys, KEYS, path))
		return false;
	if (config->endpoint == NULL)
		config->endpoint = strdup("https://fcm.googleapis.com");
	return is_complete(config, path);
}

/* is_complete checks what one line alone does not show. */
static bool
is_complete(struct config *config, const char *path)
{
	size_t length = config->endpoint ? strlen(config->endpoint) : 0;

	if (config->database == NULL || config->service_account == NULL)
		return config_refuse("database and fcm.service_account are needed");
	if (strncmp(config->endpoint, "https://", 8) != 0)
		return config_refuse("fcm.endpoint begins with https://");
	if (config->endpoint[length - 1] == '/')
		config->endpoint[length - 1] = '\0';
	/* a claim must outlive the request that it is for */
	if (config->lease <= config->timeout)
		return config_refuse("lease has to be longer than timeout");
	return config_hides(config->database, path);
}

/*
 * config_read_secret returns the contents of a file that only its owner can
 * read, to be freed; NULL after logging why not.
 */
char *
config_read_secret(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	char *content = NULL;
	ssize_t length = -1;

	if (file < 0 || fstat(file, &stat) != 0)
		log_error("could not open a secret", "{s:s, s:s}", "file", path, "reason", strerror(errno));
	else if (!S_ISREG(stat.st_mode) || (stat.st_mode & 077) != 0 ||
	         (stat.st_uid != geteuid() && stat.st_uid != 0))
		log_error("a secret must be its owner's alone", "{s:s, s:s}", "file", path, "hint",
		          "Use chown and chmod 600.");
	else if (stat.st_size == 0 || stat.st_size >= SECRET_BYTES)
		log_error("a secret has an odd size", "{s:s}", "file", path);
	else if ((content = calloc(1, SECRET_BYTES)) != NULL)
		length = read(file, content, SECRET_BYTES - 1);
	if (file >= 0)
		close(file);
	if (length > 0)
		return content;
	free(content);
	return NULL;
}

void
config_free(struct config *config)
{
	config_clear(config, keys, KEYS);
	memset(config, 0, sizeof(*config));
}
