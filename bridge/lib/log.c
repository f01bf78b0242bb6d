/* Writes events, each with its fields, as lines (jansson builds the JSON). */
#include "log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *program_name = "passport";
static enum log_level least = LOG_LEVEL_INFO;
static const char *const level_names[] = {"info", "warning", "error"};

static void write_person(enum log_level level, const char *event, json_t *fields);
static void write_machine(enum log_level level, const char *event, json_t *fields);

/* log_open names the program in all that follows. */
void
log_open(const char *program)
{
	program_name = program;
}

/* log_from leaves out what is below a level. */
void
log_from(enum log_level level)
{
	least = level;
}

/* log_read_level finds a level by its name; false: there is none of that name. */
bool
log_read_level(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++)
		if (strcmp(level_names[i], name) == 0)
		{
			*level = i;
			return true;
		}
	return false;
}

/*
 * log_event writes an event, a few words in lower case.  format is one of
 * json_pack() that makes an object of scalars, such as "{s:i}", or NULL.
 */
void
log_event(enum log_level level, const char *event, const char *format, ...)
{
	json_t *fields = NULL;

	if (level < least)
		return;
	if (format != NULL)
	{
		va_list arguments;

		va_start(arguments, format);
		fields = json_vpack_ex(NULL, 0, format, arguments);
		va_end(arguments);
	}
	if (isatty(STDERR_FILENO))
		write_person(level, event, fields);
	else
		write_machine(level, event, fields);
	json_decref(fields);
}

/* write_person writes "program: event (field value, ...)". */
static void
write_person(enum log_level level, const char *event, json_t *fields)
{
	const char *key, *separator = " (";
	json_t *value;

	fprintf(stderr, "%s: %s%s", program_name, level == LOG_LEVEL_INFO ? "" : level_names[level],
	        level == LOG_LEVEL_INFO ? "" : ": ");
	fputs(event, stderr);
	json_object_foreach(fields, key, value)
	{
		char *text = json_dumps(value, JSON_ENCODE_ANY);

		fprintf(stderr, "%s%s %s", separator, key, text ? text : "?");
		free(text);
		separator = ", ";
	}
	fputs(json_object_size(fields) ? ")\n" : "\n", stderr);
}

/* write_machine writes one JSON object, in one write: lines of processes do not mix. */
static void
write_machine(enum log_level level, const char *event, json_t *fields)
{
	struct timespec now;
	struct tm utc;
	char time[40], stamp[64];
	json_t *line;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(stamp, sizeof(stamp), "%s.%03ldZ", time, now.tv_nsec / 1000000);
	line = json_pack("{s:s, s:s, s:s, s:s}", "time", stamp, "level", level_names[level], "program",
	                 program_name, "event", event);
	if (line != NULL && fields != NULL)
		json_object_update(line, fields);
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text != NULL)
		fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(line);
}
