/* Reads a configuration file line by line; the first fault ends it, and is logged with its place.
 */
#include "config.h"

#include "log.h"
#include "pg.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE_BYTES 80

static bool read_file(void *config, const struct config_key *keys, size_t count, const char *path);
static const char *read_line(void *config, const struct config_key *keys, size_t count, char *line);
static bool read_environment(void *config, const struct config_key *keys, size_t count,
                             const char *program);
static const char *read_variable(void *config, const struct config_key *keys, size_t count,
                                 const char *prefix, const char *variable);
static void write_name(char name[VARIABLE_BYTES], const char *text);
static const char *set_value(void *place, const struct config_key *key, const char *value);
static char *trimmed(char *text);

/*
 * config_load fills a structure that is all zeros from a file and a program's
 * variables; false after logging what is wrong.
 */
bool
config_load(void *config, const struct config_key *keys, size_t count, const char *program,
            const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].kind == CONFIG_NUMBER)
			*(int *) ((char *) config + keys[i].at) = keys[i].standard;
	return read_file(config, keys, count, path) && read_environment(config, keys, count, program);
}

static bool
read_file(void *config, const struct config_key *keys, size_t count, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	const char *fault = NULL;

	if (file == NULL)
	{
		log_error("could not open the configuration", "{s:s, s:s}", "file", path, "reason",
		          strerror(errno));
		return false;
	}
	for (int number = 1; fault == NULL && fgets(line, sizeof(line), file) != NULL; number++)
	{
		fault = read_line(config, keys, count, line);
		if (fault != NULL)
			log_error("the configuration is not good", "{s:s, s:i}", "reason", fault, "line",
			          number);
	}
	fclose(file);
	return fault == NULL;
}

/* read_line takes one line, empty, comment or setting, and returns what is wrong with it. */
static const char *
read_line(void *config, const struct config_key *keys, size_t count, char *line)
{
	char *value = strchr(line, '=');
	char *key = trimmed(line);

	if (*key == '\0' || *key == '#')
		return NULL;
	if (value == NULL)
		return "a line is: key = value";
	*value = '\0';
	key = trimmed(key);
	for (size_t i = 0; i < count; i++)
		if (strcmp(key, keys[i].key) == 0)
		{
			void *place = (char *) config + keys[i].at;
			if (keys[i].kind == CONFIG_TEXT && *(char **) place != NULL)
				return "the key stands there twice";
			return set_value(place, &keys[i], trimmed(value + 1));
		}
	return "there is no such key";
}

/* read_environment takes the variables that are named after a program and its keys. */
static bool
read_environment(void *config, const struct config_key *keys, size_t count, const char *program)
{
	char prefix[VARIABLE_BYTES];
	const char *fault = NULL;

	write_name(prefix, program);
	for (char **variable = environ; fault == NULL && *variable != NULL; variable++)
	{
		/* systemctl show, for one, tells everybody a service's environment */
		if (strncmp(*variable, "PGPASSWORD=", 11) == 0)
			fault = "a password does not belong into the environment: use libpq's passfile";
		else if (strncmp(*variable, prefix, strlen(prefix)) == 0 &&
		         (*variable)[strlen(prefix)] == '_')
			fault = read_variable(config, keys, count, prefix, *variable);
		if (fault != NULL)
			log_error("the environment is not good", "{s:s, s:o}", "reason", fault, "variable",
			          json_stringn(*variable, strcspn(*variable, "=")));
	}
	return fault == NULL;
}

/* read_variable takes one, "PASSPORT_PUSH_FCM_RATE=10", and returns what is wrong with it. */
static const char *
read_variable(void *config, const struct config_key *keys, size_t count, const char *prefix,
              const char *variable)
{
	const char *value = variable + strcspn(variable, "=") + 1;
	const char *rest = variable + strlen(prefix) + 1;
	char name[VARIABLE_BYTES];

	for (size_t i = 0; i < count; i++)
	{
		char *place = (char *) config + keys[i].at;

		write_name(name, keys[i].key);
		if (strlen(name) != (size_t) (value - 1 - rest) || strncmp(rest, name, strlen(name)) != 0)
			continue;
		if (pg_holds_password(value))
			return "a password does not belong into the environment: use libpq's passfile";
		if (keys[i].kind == CONFIG_TEXT)
			free(*(char **) place);
		return set_value(place, &keys[i], value);
	}
	return "there is no such key";
}

/* write_name writes a name as variables have it: in capitals and underscores. */
static void
write_name(char name[VARIABLE_BYTES], const char *text)
{
	size_t at = 0;

	for (; at < VARIABLE_BYTES - 1 && text[at] != '\0'; at++)
		name[at] = isalnum((unsigned char) text[at]) ? toupper((unsigned char) text[at]) : '_';
	name[at] = '\0';
}

/* set_value stores a setting, and returns what is wrong with it. */
static const char *
set_value(void *place, const struct config_key *key, const char *value)
{
	char *end;
	long given;

	switch (key->kind)
	{
		case CONFIG_TEXT:
			*(char **) place = *value ? strdup(value) : NULL;
			return NULL;
		case CONFIG_NUMBER:
			given = strtol(value, &end, 10);
			if (*value == '\0' || *end != '\0' || given < key->least || given > key->most)
				return "the number is out of its range";
			*(int *) place = (int) given;
			return NULL;
		case CONFIG_SWITCH:
			*(bool *) place = strcmp(value, "yes") == 0;
			return *(bool *) place || strcmp(value, "no") == 0 ? NULL : "the value is yes or no";
		case CONFIG_LEVEL:
			return log_read_level(value, place) ? NULL : "the value is info, warning or error";
	}
	return "there is no such key";
}

/* config_hides refuses a connection string with a password in a file that others can read. */
bool
config_hides(const char *conninfo, const char *path)
{
	struct stat file;

	if (pg_holds_password(conninfo) && stat(path, &file) == 0 && (file.st_mode & 077) != 0)
		return config_refuse(
		    "with a password in it the file must be its owner's alone (chmod 600)");
	return true;
}

/* config_refuse logs what is wrong with the settings as a whole. */
bool
config_refuse(const char *reason)
{
	log_error("the configuration is not good", "{s:s}", "reason", reason);
	return false;
}

/* config_clear frees what was read, and wipes it: a connection string can hold a password. */
void
config_clear(void *config, const struct config_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		char *text = keys[i].kind == CONFIG_TEXT ? *(char **) ((char *) config + keys[i].at) : NULL;

		if (text != NULL)
			explicit_bzero(text, strlen(text));
		free(text);
	}
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
