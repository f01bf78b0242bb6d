/*
 * Reads lines of "key = value"; # begins a comment.  A file with a secret in it
 * must be its owner's alone: who can read the service account can write to
 * every resident's phone.
 */
#include "config.h"

#include "lib/log.h"
#include "lib/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES 65536

static const struct
{
	const char *key;
	size_t at;
} texts[] = {{"database", offsetof(struct config, database)},
             {"fcm.service_account", offsetof(struct config, service_account)},
             {"fcm.endpoint", offsetof(struct config, endpoint)},
             {"ca_file", offsetof(struct config, ca_file)}};

static const struct
{
	const char *key;
	size_t at;
	int standard, least, most;
} numbers[] = {{"batch", offsetof(struct config, batch), 1000, 1, 10000},
               {"in_flight", offsetof(struct config, in_flight), 200, 1, 1000},
               {"connections", offsetof(struct config, connections), 2, 1, 32},
               {"lease", offsetof(struct config, lease), 120, 2, 3600},
               {"poll", offsetof(struct config, poll), 1, 1, 3600},
               {"timeout", offsetof(struct config, timeout), 30, 1, 600},
               {"drain", offsetof(struct config, drain), 20, 1, 600}};

static bool read_line(struct config *config, char *line, int number);
static bool set_value(struct config *config, const char *key, const char *value, int number);
static bool is_complete(struct config *config, const char *path);
static bool refuse(const char *reason, int line);
static char *trimmed(char *text);

/* config_read reads and checks a file; false after logging what is wrong. */
bool
config_read(struct config *config, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	bool good = true;

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		*(int *) ((char *) config + numbers[i].at) = numbers[i].standard;
	if (file == NULL)
	{
		log_error("could not open the configuration", "{s:s, s:s}", "file", path, "reason",
		          strerror(errno));
		return false;
	}
	for (int number = 1; good && fgets(line, sizeof(line), file) != NULL; number++)
		good = read_line(config, line, number);
	fclose(file);
	if (good && config->endpoint == NULL)
		config->endpoint = strdup("https://fcm.googleapis.com");
	return good && is_complete(config, path);
}

/* read_line takes one line, empty, comment or setting. */
static bool
read_line(struct config *config, char *line, int number)
{
	char *value = strchr(line, '=');
	char *key = trimmed(line);

	if (*key == '\0' || *key == '#')
		return true;
	if (value == NULL)
		return refuse("a line is: key = value", number);
	*value = '\0';
	return set_value(config, trimmed(key), trimmed(value + 1), number);
}

/* set_value stores a setting under its key. */
static bool
set_value(struct config *config, const char *key, const char *value, int number)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(key, texts[i].key) == 0)
		{
			char **place = (char **) ((char *) config + texts[i].at);

			if (*place != NULL)
				return refuse("the key stands there twice", number);
			*place = *value ? strdup(value) : NULL;
			return true;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(key, numbers[i].key) == 0)
		{
			char *end;
			long given = strtol(value, &end, 10);

			if (*value == '\0' || *end != '\0' || given < numbers[i].least ||
			    given > numbers[i].most)
				return refuse("the number is out of its range", number);
			*(int *) ((char *) config + numbers[i].at) = (int) given;
			return true;
		}
	return refuse("there is no such key", number);
}

/* is_complete checks what one line alone does not show. */
static bool
is_complete(struct config *config, const char *path)
{
	struct stat file;
	size_t length = config->endpoint ? strlen(config->endpoint) : 0;

	if (config->database == NULL || config->service_account == NULL)
		return refuse("database and fcm.service_account are needed", 0);
	if (strncmp(config->endpoint, "https://", 8) != 0)
		return refuse("fcm.endpoint begins with https://", 0);
	if (config->endpoint[length - 1] == '/')
		config->endpoint[length - 1] = '\0';
	/* a claim must outlive the request that it is for */
	if (config->lease <= config->timeout)
		return refuse("lease has to be longer than timeout", 0);
	if (pg_holds_password(config->database) && stat(path, &file) == 0 && (file.st_mode & 077) != 0)
		return refuse("with a password in it the file must be its owner's alone (chmod 600)", 0);
	return true;
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
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(*(char **) ((char *) config + texts[i].at));
	memset(config, 0, sizeof(*config));
}

static bool
refuse(const char *reason, int line)
{
	if (line > 0)
		log_error("the configuration is not good", "{s:s, s:i}", "reason", reason, "line", line);
	else
		log_error("the configuration is not good", "{s:s}", "reason", reason);
	return false;
}

/* trimmed returns a text without white space around it, changing it. */
static char *
trimmed(char *text)
{
	char *end;

	text += strspn(text, " \t\r\n");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]) != NULL)
		*--end = '\0';
	return text;
}
