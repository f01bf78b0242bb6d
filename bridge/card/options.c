/*
 * Command line of passport-card.
 */
#include <getopt.h>
#include <stdlib.h>

#include "options.h"

static const char usage[] =
    "usage: passport-card [OPTION]... info|register|log-in|check-in|check-out\n"
    "  info       the card's kind and the PIN tries left; needs no PIN\n"
    "  register   opens an account with both certificates of the card\n"
    "  log-in     prints an ID token; needs the authentication certificate only\n"
    "  check-in   says that the card came to a shelter; needs no PIN\n"
    "  check-out  says that it left\n"
    "\n"
    "  -d, --database CONNINFO        of libpq; PGHOST and the like count too\n"
    "  -r, --reader NAME              the reader whose name contains this\n"
    "  -w, --wait SECONDS             for a card (30)\n"
    "  -a, --audience NAME            for whom the token is (passport)\n"
    "  -s, --shelter ID               where check-in and check-out are\n"
    "      --authentication-pin-fd N  read the PIN from file descriptor N, one line,\n"
    "      --signature-pin-fd N       instead of the terminal; with the same N for both,\n"
    "                                 the authentication PIN comes first\n"
    "      --last-try                 try a PIN though a wrong one would block it\n"
    "  -h, --help     -V, --version\n"
    "\n"
    "Exit status: 0 done, 1 refused, 2 usage, 3 no reader or card, 4 not a card of\n"
    "this kind or it fails, 5 wrong PIN, 6 PIN blocked or one try left, 7 database,\n"
    "8 received and queued for the staff.\n";

enum
{
	AUTHENTICATION_PIN = 256,
	SIGNATURE_PIN,
	LAST_TRY
};

static const struct option known[] = {{"database", 1, NULL, 'd'},
                                      {"reader", 1, NULL, 'r'},
                                      {"wait", 1, NULL, 'w'},
                                      {"audience", 1, NULL, 'a'},
                                      {"shelter", 1, NULL, 's'},
                                      {"authentication-pin-fd", 1, NULL, AUTHENTICATION_PIN},
                                      {"signature-pin-fd", 1, NULL, SIGNATURE_PIN},
                                      {"last-try", 0, NULL, LAST_TRY},
                                      {"help", 0, NULL, 'h'},
                                      {"version", 0, NULL, 'V'},
                                      {NULL, 0, NULL, 0}};

static int read_number(const char *argument);

void
read_options(int argc, char **argv, Options *options)
{
	int option;

	*options = (Options){
	    .database = "", .audience = "passport", .wait_seconds = 30, .pin_descriptors = {-1, -1}};
	while ((option = getopt_long(argc, argv, "d:r:w:a:s:hV", known, NULL)) != -1)
		switch (option)
		{
			case 'd':
				options->database = optarg;
				break;
			case 'r':
				options->reader = optarg;
				break;
			case 'w':
				options->wait_seconds = read_number(optarg);
				break;
			case 'a':
				options->audience = optarg;
				break;
			case 's':
				options->shelter = optarg;
				break;
			case AUTHENTICATION_PIN:
				options->pin_descriptors[JPKI_AUTHENTICATION] = read_number(optarg);
				break;
			case SIGNATURE_PIN:
				options->pin_descriptors[JPKI_SIGNATURE] = read_number(optarg);
				break;
			case LAST_TRY:
				options->last_try = true;
				break;
			case 'h':
				print_usage(stdout);
				exit(EXIT_DONE);
			case 'V':
				puts("passport-card " PASSPORT_VERSION);
				exit(EXIT_DONE);
			default:
				print_usage(stderr);
				exit(EXIT_USAGE);
		}
	if (optind + 1 != argc)
	{
		print_usage(stderr);
		exit(EXIT_USAGE);
	}
}

void
print_usage(FILE *out)
{
	fputs(usage, out);
}

static int
read_number(const char *argument)
{
	char *end;
	long number = strtol(argument, &end, 10);

	if (end == argument || *end != '\0' || number < 0 || number > 86400)
	{
		fprintf(stderr, "passport-card: \"%s\" is not a number\n", argument);
		exit(EXIT_USAGE);
	}
	return (int) number;
}
