/*
 * passport-card: a resident's card, in a PC/SC reader, registers and logs in.
 *
 * It carries: the database gives the challenge and decides, the card signs.
 * A PIN is read from the terminal or a file descriptor, never from the command
 * line, goes to the card only and is wiped after.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "ceremony.h"
#include "jpki.h"
#include "pcsc.h"
#include "pin.h"
#include "text.h"

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
	const char *database, *reader, *audience;
	int wait_seconds;
	int pin_descriptors[PURPOSES]; /* -1: the terminal */
	bool last_try;
} Options;

/* What a command holds; end_session lets go of all of it. */
typedef struct Session
{
	Options options;
	Pcsc pcsc;
	Jpki card;
	PGconn *connection;
	Challenge challenge;
	Pin pins[PURPOSES];
	Proof proofs[PURPOSES];
} Session;

static const char usage[] =
    "usage: passport-card [OPTION]... info|register|log-in\n"
    "  info       the card's kind and the PIN tries left; needs no PIN\n"
    "  register   opens an account with both certificates of the card\n"
    "  log-in     prints an ID token; needs the authentication certificate only\n"
    "\n"
    "  -d, --database CONNINFO        of libpq; PGHOST and the like count too\n"
    "  -r, --reader NAME              the reader whose name contains this\n"
    "  -w, --wait SECONDS             for a card (30)\n"
    "  -a, --audience NAME            for whom the token is (passport)\n"
    "      --authentication-pin-fd N  read the PIN from file descriptor N, one line,\n"
    "      --signature-pin-fd N       instead of the terminal; with the same N for both,\n"
    "                                 the authentication PIN comes first\n"
    "      --last-try                 try a PIN though a wrong one would block it\n"
    "  -h, --help     -V, --version\n"
    "\n"
    "Exit status: 0 done, 1 refused, 2 usage, 3 no reader or card, 4 not a card of\n"
    "this kind or it fails, 5 wrong PIN, 6 PIN blocked or one try left, 7 database,\n"
    "8 received and queued for the staff.\n";

static int run(Session *session, const char *command);
static int info(Session *session);
static int register_card(Session *session);
static int log_in_card(Session *session);
static int open_card(Session *session);
static int check_tries(Session *session, JpkiPurpose purpose);
static int open_challenge(Session *session, const char *purpose);
static int ask_pin(Session *session, JpkiPurpose purpose);
static int prove(Session *session, JpkiPurpose purpose);
static int explain(const Session *session, JpkiPurpose purpose, JpkiResult result, int tries);
static void show_message(const Challenge *challenge);
static int say(int status, Text which, ...);
static void end_session(Session *session);
static void read_options(int argc, char **argv, Options *options);
static int read_number(const char *argument);

int
main(int argc, char **argv)
{
	static Session session;
	int status;

	/* No core file and no debugger of the same user sees a PIN. */
	prctl(PR_SET_DUMPABLE, 0);
	text_choose_language();
	read_options(argc, argv, &session.options);
	session.card = (Jpki){.transmit = pcsc_transmit, .link = &session.pcsc};
	status = run(&session, argv[optind]);
	end_session(&session);
	return status;
}

static int
run(Session *session, const char *command)
{
	if (strcmp(command, "info") == 0)
		return info(session);
	if (strcmp(command, "register") == 0)
		return register_card(session);
	if (strcmp(command, "log-in") == 0)
		return log_in_card(session);
	fputs(usage, stderr);
	return EXIT_USAGE;
}

static int
info(Session *session)
{
	static const Text lines[PURPOSES] = {
	    [JPKI_AUTHENTICATION] = TEXT_TRIES_AUTHENTICATION, [JPKI_SIGNATURE] = TEXT_TRIES_SIGNATURE};
	char label[JPKI_LABEL_MAX + 1];
	int status = open_card(session);
	JpkiResult result;

	if (status != EXIT_DONE)
		return status;
	result = jpki_read_label(&session->card, label);
	if (result != JPKI_OK)
		return explain(session, JPKI_AUTHENTICATION, result, 0);
	printf(text(TEXT_LABEL), label);
	putchar('\n');
	for (JpkiPurpose purpose = JPKI_AUTHENTICATION; purpose <= JPKI_SIGNATURE; purpose++)
	{
		int tries;

		result = jpki_count_tries(&session->card, purpose, &tries);
		if (result == JPKI_NOT_THERE)
			continue;
		if (result != JPKI_OK)
			return explain(session, purpose, result, 0);
		printf(text(lines[purpose]), tries);
		putchar('\n');
	}
	return EXIT_DONE;
}

/* register_card signs one challenge with both keys: both certificates are one person's. */
static int
register_card(Session *session)
{
	char problem[CEREMONY_PROBLEM_MAX];
	Verdict verdict;
	int status;

	if ((status = open_card(session)) != EXIT_DONE ||
	    (status = check_tries(session, JPKI_AUTHENTICATION)) != EXIT_DONE ||
	    (status = check_tries(session, JPKI_SIGNATURE)) != EXIT_DONE ||
	    (status = open_challenge(session, "register")) != EXIT_DONE ||
	    (status = ask_pin(session, JPKI_AUTHENTICATION)) != EXIT_DONE ||
	    (status = ask_pin(session, JPKI_SIGNATURE)) != EXIT_DONE ||
	    (status = prove(session, JPKI_AUTHENTICATION)) != EXIT_DONE ||
	    (status = prove(session, JPKI_SIGNATURE)) != EXIT_DONE)
		return status;
	pcsc_close(&session->pcsc);

	if (!register_account(session->connection, &session->challenge,
	                      &session->proofs[JPKI_SIGNATURE], &session->proofs[JPKI_AUTHENTICATION],
	                      &verdict, problem))
		return say(EXIT_DATABASE, TEXT_DATABASE, problem);
	if (verdict.verdict != NULL && strcmp(verdict.verdict, "linked") == 0)
		status = say(EXIT_DONE, TEXT_REGISTERED);
	else if (verdict.verdict != NULL && strcmp(verdict.verdict, "queued") == 0)
		status = say(EXIT_QUEUED, TEXT_QUEUED);
	else
		status = say(EXIT_REFUSED, TEXT_REFUSED, verdict.detail != NULL ? verdict.detail : "");
	verdict_free(&verdict);
	return status;
}

static int
log_in_card(Session *session)
{
	char problem[CEREMONY_PROBLEM_MAX];
	Verdict verdict;
	int status;

	if ((status = open_card(session)) != EXIT_DONE ||
	    (status = check_tries(session, JPKI_AUTHENTICATION)) != EXIT_DONE ||
	    (status = open_challenge(session, "log_in")) != EXIT_DONE ||
	    (status = ask_pin(session, JPKI_AUTHENTICATION)) != EXIT_DONE ||
	    (status = prove(session, JPKI_AUTHENTICATION)) != EXIT_DONE)
		return status;
	pcsc_close(&session->pcsc);

	if (!log_in(session->connection, &session->challenge, &session->proofs[JPKI_AUTHENTICATION],
	            session->options.audience, &verdict, problem))
		return say(EXIT_DATABASE, TEXT_DATABASE, problem);
	if (verdict.token != NULL)
	{
		puts(verdict.token);
		status = say(EXIT_DONE, TEXT_LOGGED_IN);
	}
	else
		status = say(EXIT_REFUSED, TEXT_REFUSED, verdict.verdict != NULL ? verdict.verdict : "");
	verdict_free(&verdict);
	return status;
}

/* open_card connects to the card and selects its applet. */
static int
open_card(Session *session)
{
	const Options *options = &session->options;
	PcscResult opened = pcsc_open(&session->pcsc, options->reader, 0);
	JpkiResult result;

	if ((opened == PCSC_NO_CARD || opened == PCSC_NO_READER) && options->wait_seconds > 0)
	{
		pcsc_close(&session->pcsc);
		say(EXIT_DONE, TEXT_WAITING);
		opened = pcsc_open(&session->pcsc, options->reader, options->wait_seconds);
	}
	switch (opened)
	{
		case PCSC_OK:
			break;
		case PCSC_NO_SERVICE:
			return say(EXIT_NO_CARD, TEXT_NO_SERVICE, session->pcsc.problem);
		case PCSC_NO_READER:
			return say(EXIT_NO_CARD, TEXT_NO_READER);
		case PCSC_NO_CARD:
			return say(EXIT_NO_CARD, TEXT_NO_CARD);
		case PCSC_MANY_CARDS:
			return say(EXIT_NO_CARD, TEXT_MANY_CARDS);
		case PCSC_FAILED:
			return say(EXIT_NO_CARD, TEXT_READER_FAILED, session->pcsc.problem);
	}
	result = jpki_select(&session->card);
	return result == JPKI_OK ? EXIT_DONE : explain(session, JPKI_AUTHENTICATION, result, 0);
}

/* check_tries keeps the last try from being used without being told. */
static int
check_tries(Session *session, JpkiPurpose purpose)
{
	int tries;
	JpkiResult result = jpki_count_tries(&session->card, purpose, &tries);

	if (result != JPKI_OK)
		return explain(session, purpose, result, 0);
	if (tries == 0)
		return explain(session, purpose, JPKI_BLOCKED, 0);
	if (tries == 1 && !session->options.last_try)
		return say(EXIT_BLOCKED, TEXT_LAST_TRY);
	return EXIT_DONE;
}

/* open_challenge shows what will be signed before any PIN is asked for. */
static int
open_challenge(Session *session, const char *purpose)
{
	char problem[CEREMONY_PROBLEM_MAX];

	session->connection = ceremony_connect(session->options.database, problem);
	if (session->connection == NULL ||
	    !begin_challenge(session->connection, purpose, session->options.audience,
	                     &session->challenge, problem))
		return say(EXIT_DATABASE, TEXT_DATABASE, problem);
	say(EXIT_DONE, TEXT_SIGNING);
	show_message(&session->challenge);
	return EXIT_DONE;
}

static int
ask_pin(Session *session, JpkiPurpose purpose)
{
	bool signature = purpose == JPKI_SIGNATURE;
	Pin *pin = &session->pins[purpose];

	if (!pin_read(pin, session->options.pin_descriptors[purpose],
	              text(signature ? TEXT_ASK_SIGNATURE : TEXT_ASK_AUTHENTICATION)))
		return say(EXIT_WRONG_PIN, TEXT_NO_PIN);
	if (!jpki_pin_is_well_formed(purpose, pin->text))
		return say(EXIT_WRONG_PIN, signature ? TEXT_ODD_SIGNATURE : TEXT_ODD_AUTHENTICATION);
	return EXIT_DONE;
}

static int
prove(Session *session, JpkiPurpose purpose)
{
	int tries;
	JpkiResult result = make_proof(&session->card, purpose, session->pins[purpose].text,
	                               &session->challenge, &session->proofs[purpose], &tries);

	pin_wipe(&session->pins[purpose]);
	return result == JPKI_OK ? EXIT_DONE : explain(session, purpose, result, tries);
}

/* explain says what the card's answer means, and returns the exit status for it. */
static int
explain(const Session *session, JpkiPurpose purpose, JpkiResult result, int tries)
{
	switch (result)
	{
		case JPKI_LINK_FAILED:
			return say(EXIT_NO_CARD, TEXT_READER_FAILED, session->pcsc.problem);
		case JPKI_NO_APPLET:
			return say(EXIT_BAD_CARD, TEXT_NOT_JPKI);
		case JPKI_NOT_THERE:
			return say(EXIT_BAD_CARD, TEXT_NO_CERTIFICATE);
		case JPKI_WRONG_PIN:
			return say(EXIT_WRONG_PIN, TEXT_WRONG_PIN, tries);
		case JPKI_BLOCKED:
			return say(EXIT_BLOCKED, purpose == JPKI_SIGNATURE ? TEXT_BLOCKED_SIGNATURE
			                                                   : TEXT_BLOCKED_AUTHENTICATION);
		default:
			return say(EXIT_BAD_CARD, TEXT_CARD_FAILED, (unsigned) session->card.status);
	}
}

/* show_message prints the text to be signed, without what could command a terminal. */
static void
show_message(const Challenge *challenge)
{
	for (size_t i = 0; i < challenge->length; i++)
	{
		uint8_t c = challenge->message[i];

		fputc(c == '\n' || (c >= 0x20 && c != 0x7F) ? c : '?', stderr);
	}
	if (challenge->length == 0 || challenge->message[challenge->length - 1] != '\n')
		fputc('\n', stderr);
}

/* say prints a text to standard error, and returns the status given. */
static int
say(int status, Text which, ...)
{
	va_list arguments;

	va_start(arguments, which);
	vfprintf(stderr, text(which), arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return status;
}

static void
end_session(Session *session)
{
	for (int purpose = 0; purpose < PURPOSES; purpose++)
		pin_wipe(&session->pins[purpose]);
	pcsc_close(&session->pcsc);
	challenge_free(&session->challenge);
	PQfinish(session->connection);
}

static void
read_options(int argc, char **argv, Options *options)
{
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
	                                      {"authentication-pin-fd", 1, NULL, AUTHENTICATION_PIN},
	                                      {"signature-pin-fd", 1, NULL, SIGNATURE_PIN},
	                                      {"last-try", 0, NULL, LAST_TRY},
	                                      {"help", 0, NULL, 'h'},
	                                      {"version", 0, NULL, 'V'},
	                                      {NULL, 0, NULL, 0}};
	int option;

	*options = (Options){
	    .database = "", .audience = "passport", .wait_seconds = 30, .pin_descriptors = {-1, -1}};
	while ((option = getopt_long(argc, argv, "d:r:w:a:hV", known, NULL)) != -1)
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
				fputs(usage, stdout);
				exit(EXIT_DONE);
			case 'V':
				puts("passport-card " PASSPORT_VERSION);
				exit(EXIT_DONE);
			default:
				fputs(usage, stderr);
				exit(EXIT_USAGE);
		}
	if (optind + 1 != argc)
	{
		fputs(usage, stderr);
		exit(EXIT_USAGE);
	}
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
