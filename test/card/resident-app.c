/*
 * Plays residents' phones: for each card directory a registration, and on
 * request a log-in, with the card in this process and the applet's commands in
 * between, as through a reader.
 *
 *   resident-app [OPTION]... CARD_DIRECTORY...
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "ceremony.h"
#include "lib/jpki.h"
#include "lib/log.h"
#include "lib/pg.h"

#define PATH_SIZE 4096
#define COMPLAINTS_MAX 5

typedef struct Options
{
	const char *database, *audience;
	bool register_first, log_in, verbose;
} Options;

typedef struct Tally
{
	int residents, linked, queued, refused, logged_in, failed;
} Tally;

/* The PINs of a card: those of its directory's file pins, or the usual ones. */
typedef struct Pins
{
	char authentication[JPKI_PIN_MAX + 1], signature[JPKI_PIN_MAX + 1];
} Pins;

static const char usage[] =
    "usage: resident-app [OPTION]... CARD_DIRECTORY...\n"
    "  -d, --database CONNINFO   of libpq\n"
    "  -a, --audience NAME       for whom tokens are (passport)\n"
    "  -l, --log-in              after registering, log in and keep the ID token in the\n"
    "                            card directory's file token\n"
    "  -o, --only-log-in         do not register\n"
    "  -v, --verbose             say of each card what came of it\n"
    "Exit status: 0 when the database answered for every card, even if it refused.\n";

static void play(PGconn *connection, const char *directory, const Options *options, Tally *tally);
static bool play_registration(PGconn *connection, Jpki *card, const Pins *pins,
                              const char *directory, const Options *options, Tally *tally);
static bool play_log_in(PGconn *connection, Jpki *card, const Pins *pins, const char *directory,
                        const Options *options, Tally *tally);
static bool prove(Jpki *card, JpkiPurpose purpose, const char *pin, const Challenge *challenge,
                  Proof *proof, const char *directory);
static bool transmit(void *link, const uint8_t *command, size_t length, uint8_t *response,
                     size_t *response_length);
static Pins read_pins(const char *directory);
static void complain(const char *directory, const char *problem);
static bool write_token(const char *directory, const char *token);
static void report(const Tally *tally, int count, const Options *options, FILE *out);
static void read_options(int argc, char **argv, Options *options);

int
main(int argc, char **argv)
{
	PGconn *connection;
	Options options;
	Tally tally = {0};
	time_t said = time(NULL);

	read_options(argc, argv, &options);
	log_open("resident-app");
	connection = pg_connect(options.database, "resident-app");
	if (connection == NULL)
		return 1;
	for (int i = optind; i < argc; i++)
	{
		play(connection, argv[i], &options, &tally);
		if (time(NULL) > said)
		{
			said = time(NULL);
			report(&tally, argc - optind, &options, stderr);
		}
	}
	report(&tally, argc - optind, &options, stdout);
	PQfinish(connection);
	return tally.failed == 0 ? 0 : 1;
}

static void
play(PGconn *connection, const char *directory, const Options *options, Tally *tally)
{
	char problem[512];
	Card *card = card_load(directory, problem, sizeof(problem));
	Jpki applet = {.transmit = transmit, .link = card};
	Pins pins = read_pins(directory);
	bool good = true;

	tally->residents++;
	if (card == NULL)
	{
		complain(directory, problem);
		tally->failed++;
		return;
	}
	if (options->register_first)
		good = play_registration(connection, &applet, &pins, directory, options, tally);
	if (good && options->log_in)
		good = play_log_in(connection, &applet, &pins, directory, options, tally);
	tally->failed += !good;
	card_free(card);
}

/* play_registration is false when something failed, not when the database refused. */
static bool
play_registration(PGconn *connection, Jpki *card, const Pins *pins, const char *directory,
                  const Options *options, Tally *tally)
{
	static Proof signature, authentication;
	char problem[CEREMONY_PROBLEM_MAX];
	Challenge challenge;
	Verdict verdict;
	bool good;

	if (!begin_challenge(connection, "register", options->audience, &challenge, problem))
	{
		complain(directory, problem);
		return false;
	}
	good = jpki_select(card) == JPKI_OK &&
	       prove(card, JPKI_AUTHENTICATION, pins->authentication, &challenge, &authentication,
	             directory) &&
	       prove(card, JPKI_SIGNATURE, pins->signature, &challenge, &signature, directory);
	if (good &&
	    !register_account(connection, &challenge, &signature, &authentication, &verdict, problem))
	{
		complain(directory, problem);
		good = false;
	}
	else if (good)
	{
		const char *state = verdict.verdict != NULL ? verdict.verdict : "";

		tally->linked += strcmp(state, "linked") == 0;
		tally->queued += strcmp(state, "queued") == 0;
		tally->refused += strcmp(state, "refused") == 0;
		if (options->verbose)
			fprintf(stderr, "%s: %s %s\n", directory, state,
			        verdict.detail != NULL ? verdict.detail : "");
		verdict_free(&verdict);
	}
	challenge_free(&challenge);
	return good;
}

static bool
play_log_in(PGconn *connection, Jpki *card, const Pins *pins, const char *directory,
            const Options *options, Tally *tally)
{
	static Proof authentication;
	char problem[CEREMONY_PROBLEM_MAX];
	Challenge challenge;
	Verdict verdict;
	bool good;

	if (!begin_challenge(connection, "log_in", options->audience, &challenge, problem))
	{
		complain(directory, problem);
		return false;
	}
	good = jpki_select(card) == JPKI_OK && prove(card, JPKI_AUTHENTICATION, pins->authentication,
	                                             &challenge, &authentication, directory);
	if (good &&
	    !log_in(connection, &challenge, &authentication, options->audience, &verdict, problem))
	{
		complain(directory, problem);
		good = false;
	}
	else if (good)
	{
		if (verdict.token != NULL && (good = write_token(directory, verdict.token)))
			tally->logged_in++;
		if (options->verbose)
			fprintf(stderr, "%s: %s\n", directory, verdict.verdict != NULL ? verdict.verdict : "");
		verdict_free(&verdict);
	}
	challenge_free(&challenge);
	return good;
}

static bool
prove(Jpki *card, JpkiPurpose purpose, const char *pin, const Challenge *challenge, Proof *proof,
      const char *directory)
{
	int tries;
	JpkiResult result = make_proof(card, purpose, pin, challenge, proof, &tries);

	if (result != JPKI_OK)
	{
		char problem[64];

		snprintf(problem, sizeof(problem), "the card answers %04X", card->status);
		complain(directory, problem);
	}
	return result == JPKI_OK;
}

/* transmit is a reader without a reader. */
static bool
transmit(void *link, const uint8_t *command, size_t length, uint8_t *response,
         size_t *response_length)
{
	*response_length = card_transmit(link, command, length, response);
	return true;
}

static Pins
read_pins(const char *directory)
{
	Pins pins = {"1234", "ABC123"}, other;
	char path[PATH_SIZE];
	FILE *file;

	snprintf(path, sizeof(path), "%s/pins", directory);
	file = fopen(path, "r");
	if (file == NULL)
		return pins;
	if (fscanf(file, "%16s %16s", other.authentication, other.signature) == 2)
		pins = other;
	fclose(file);
	return pins;
}

/* complain names the first few: what fails for one often fails for all. */
static void
complain(const char *directory, const char *problem)
{
	static int complaints;

	if (++complaints <= COMPLAINTS_MAX)
		fprintf(stderr, "resident-app: %s: %s\n", directory, problem);
	else if (complaints == COMPLAINTS_MAX + 1)
		fprintf(stderr, "resident-app: and so on; they are only counted from here\n");
}

/* write_token keeps the token where its owner's card is, for its owner only. */
static bool
write_token(const char *directory, const char *token)
{
	char path[PATH_SIZE];
	int file;
	bool written;

	snprintf(path, sizeof(path), "%s/token", directory);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		return false;
	written = write(file, token, strlen(token)) == (ssize_t) strlen(token);
	return close(file) == 0 && written;
}

static void
report(const Tally *tally, int count, const Options *options, FILE *out)
{
	fprintf(out, "%d of %d residents", tally->residents, count);
	if (options->register_first)
		fprintf(out, ", %d linked, %d queued, %d refused", tally->linked, tally->queued,
		        tally->refused);
	if (options->log_in)
		fprintf(out, ", %d logged in", tally->logged_in);
	fprintf(out, ", %d failed\n", tally->failed);
	fflush(out);
}

static void
read_options(int argc, char **argv, Options *options)
{
	static const struct option known[] = {{"database", 1, NULL, 'd'}, {"audience", 1, NULL, 'a'},
	                                      {"log-in", 0, NULL, 'l'},   {"only-log-in", 0, NULL, 'o'},
	                                      {"verbose", 0, NULL, 'v'},  {NULL, 0, NULL, 0}};
	int option;

	*options = (Options){.database = "", .audience = "passport", .register_first = true};
	while ((option = getopt_long(argc, argv, "d:a:lov", known, NULL)) != -1)
	{
		if (option == 'd')
			options->database = optarg;
		else if (option == 'a')
			options->audience = optarg;
		else if (option == 'l' || option == 'o')
			options->log_in = true;
		else if (option == 'v')
			options->verbose = true;
		if (option == 'o')
			options->register_first = false;
		if (option == '?')
			optind = argc;
	}
	if (optind >= argc)
	{
		fputs(usage, stderr);
		exit(2);
	}
}
