/* The command line of the programs that carry, and how they end. */
#ifndef BRIDGE_COMMAND_H
#define BRIDGE_COMMAND_H

#include <stdbool.h>

/* How a program ends (documented in the manual pages). */
enum exit_code
{
	EXIT_GOOD = 0,
	EXIT_INTERNAL = 1,
	EXIT_CONFIGURATION = 2,
	EXIT_DATABASE = 3,
	EXIT_VERSION = 4,
	EXIT_PROVIDER = 5
};

/* What a program is called and does. */
struct command
{
	const char *name;   /* passport-push */
	const char *config; /* the file that is read if none is given */
	const char *once;   /* what --once does, for the usage */
	const char *check;  /* what --check looks at */
};

struct command_line
{
	const char *config;
	bool once, check;
};

extern bool command_read(const struct command *command, int argc, char **argv,
                         struct command_line *line, enum exit_code *code);

#endif
