/* Options, usage and version. */
#include "command.h"

#include "log.h"
#include "secret.h"

#include <getopt.h>
#include <stdio.h>

static void print_usage(const struct command *command, FILE *stream);

/* command_read opens the log and reads the options; false: the program ends now, with this code. */
bool
command_read(const struct command *command, int argc, char **argv, struct command_line *line,
             enum exit_code *code)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'}, {"once", no_argument, NULL, 'o'},
	    {"check", no_argument, NULL, 'k'},        {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
	int option;

	secret_guard();
	log_open(command->name);
	*line = (struct command_line){.config = command->config};
	*code = EXIT_GOOD;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option)
		{
			case 'c':
				line->config = optarg;
				break;
			case 'o':
				line->once = true;
				break;
			case 'k':
				line->check = true;
				break;
			case 'v':
				printf("%s %s\n", command->name, PASSPORT_VERSION);
				return false;
			case 'h':
				print_usage(command, stdout);
				return false;
			default:
				*code = EXIT_CONFIGURATION;
				break;
		}
	if (*code == EXIT_GOOD && optind == argc && !(line->once && line->check))
		return true;
	*code = EXIT_CONFIGURATION;
	print_usage(command, stderr);
	return false;
}

static void
print_usage(const struct command *command, FILE *stream)
{
	fprintf(stream,
	        "usage: %s [--config FILE] [--once | --check]\n"
	        "\n"
	        "  --config FILE  settings (%s)\n"
	        "  --once         %s, and ends\n"
	        "  --check        checks %s; sends nothing\n"
	        "  --version      prints the version\n",
	        command->name, command->config, command->once, command->check);
}
