/*
 * Command line and exit status of passport-card.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/jpki.h"

enum
{
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_CARD = 3,
	EXIT_BAD_CARD = 4,
	EXIT_WRONG_PIN = 5,
	EXIT_BLOCKED = 6,
	EXIT_DATABASE = 7,
	EXIT_QUEUED = 8
};

#define PURPOSES 2 /* of JpkiPurpose */

typedef struct Options
{
	const char *database, *reader, *audience, *shelter;
	int wait_seconds;
	int pin_descriptors[PURPOSES]; /* -1: the terminal */
	bool last_try;
} Options;

/* Reads the options, or exits with the usage; argv[optind] is the command then. */
extern void read_options(int argc, char **argv, Options *options);
extern void print_usage(FILE *out);

#endif
