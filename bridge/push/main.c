/* passport-push: carries deliveries from the outbox to FCM. */
#include "config.h"
#include "lib/log.h"
#include "sender.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_CONFIG "/etc/passport/push.conf"

static const char *const usage =
    "usage: passport-push [--config FILE] [--once | --check]\n"
    "\n"
    "  --config FILE  settings (" DEFAULT_CONFIG ")\n"
    "  --once         sends what can be sent now, and ends\n"
    "  --check        checks settings, credentials and the database; sends nothing\n"
    "  --version      prints the version\n";

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'}, {"once", no_argument, NULL, 'o'},
	    {"check", no_argument, NULL, 'k'},        {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
	const char *path = DEFAULT_CONFIG;
	bool once = false, check = false;
	struct config config;
	enum exit_code code = EXIT_CONFIGURATION;
	int option;

	log_open("passport-push");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option)
		{
			case 'c':
				path = optarg;
				break;
			case 'o':
				once = true;
				break;
			case 'k':
				check = true;
				break;
			case 'v':
				puts("passport-push " PASSPORT_VERSION);
				return EXIT_GOOD;
			case 'h':
				fputs(usage, stdout);
				return EXIT_GOOD;
			default:
				fputs(usage, stderr);
				return EXIT_CONFIGURATION;
		}
	if (optind < argc || (once && check))
	{
		fputs(usage, stderr);
		return EXIT_CONFIGURATION;
	}
	if (config_read(&config, path))
		code = check ? sender_check(&config) : sender_run(&config, once);
	config_free(&config);
	return code;
}
