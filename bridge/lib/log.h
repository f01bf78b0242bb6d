/*
 * The log: one JSON object a line on standard error, or a readable line where
 * that is a terminal.  Never a token, a name, an address or a message in it.
 */
#ifndef BRIDGE_LOG_H
#define BRIDGE_LOG_H

#include <stdbool.h>

enum log_level
{
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR
};

extern void log_open(const char *program);
extern void log_from(enum log_level level);
extern bool log_read_level(const char *name, enum log_level *level);
extern void log_event(enum log_level level, const char *event, const char *format, ...);

#define log_info(...) log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_event(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
