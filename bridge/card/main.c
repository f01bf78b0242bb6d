/*
 * passport-card: a resident's card, in a PC/SC reader, registers, logs in, and
 * comes to a shelter.
 *
 * It carries: the database gives the challenge and decides, the card signs.
 * A PIN is read from the terminal or a file descriptor, never from the command
 * line, goes to the card only and is wiped after.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ceremony.h"
#include "lib/jpki.h"
#include "options.h"
#include "lib/log.h"
#include "lib/pcsc.h"
#include "lib/secret.h"
#include "lib/pg.h"
#include "pin.h"
#include "text.h"

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

static int run(Session *session, const char *command);
static int info(Session *session);
static int register_card(Session *session);
static int log_in_card(Session *session);
static int tap_card(Session *session, bool leaving);
static int say_tap(const Verdict *verdict);
static int open_card(Session *session);
static int explain_reader(const Session *session, PcscResult result);
static int check_tries(Session *session, JpkiPurpose purpose);
static int connect_database(Session *session);
static int open_challenge(Session *session, const char *purpose);
static int ask_pin(Session *session, JpkiPurpose purpose);
static int prove(Session *session, JpkiPurpose purpose);
static int explain(const Session *session, JpkiPurpose purpose, JpkiResult result, int tries);
static void show_message(const Challenge *challenge);
static int say(int status, Text which, ...);
static void end_session(Session *session);

int
main(int argc, char **argv)
{
	static Session session;
	int status;

	secret_guard();
	text_choose_language();
	log_open("passport-card");
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
	if (strcmp(command, "check-in") == 0 && session->options.shelter != NULL)
		return tap_card(session, false);
	if (strcmp(command, "check-out") == 0 && session->options.shelter != NULL)
		return tap_card(session, true);
	print_usage(stderr);
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
		status = say(EXIT_REFUSED, TEXT_REFUSED, verdict.detail != NULL ? verdict.detail : "");
	verdict_free(&verdict);
	return status;
}

/*
 * tap_card needs no PIN: the authentication certificate is free to read, and
 * people queue.  The database is reached while the card is still on its way.
 */
static int
tap_card(Session *session, bool leaving)
{
	Proof *proof = &session->proofs[JPKI_AUTHENTICATION];
	char problem[CEREMONY_PROBLEM_MAX];
	JpkiResult result;
	Verdict verdict;
	int status;

	if ((status = connect_database(session)) != EXIT_DONE ||
	    (status = open_card(session)) != EXIT_DONE)
		return status;
	result = jpki_read_certificate(&session->card, JPKI_AUTHENTICATION, proof->certificate,
	                               &proof->certificate_length);
	if (result != JPKI_OK)
		return explain(session, JPKI_AUTHENTICATION, result, 0);
	pcsc_close(&session->pcsc);

	if (!tap_at_shelter(session->connection, leaving, session->options.shelter, proof, &verdict,
	                    problem))
		return say(EXIT_DATABASE, TEXT_DATABASE, problem);
	status = say_tap(&verdict);
	verdict_free(&verdict);
	return status;
}

/* say_tap prints whose card it was on standard output, for a program that goes on with it. */
static int
say_tap(const Verdict *verdict)
{
	const char *word = verdict->verdict != NULL ? verdict->verdict : "";

	if (verdict->resident_id == NULL)
		return say(EXIT_REFUSED, TEXT_UNKNOWN_CARD);
	puts(verdict->resident_id);
	if (strcmp(word, "not_in") == 0)
		return say(EXIT_REFUSED, TEXT_NOT_IN);
	if (strcmp(word, "checked_out") == 0)
		return say(EXIT_DONE, TEXT_CHECKED_OUT);
	if (verdict->missing != NULL && strcmp(verdict->missing, "0") != 0)
		say(EXIT_DONE, TEXT_MISSING, verdict->missing);
	return say(EXIT_DONE, TEXT_CHECKED_IN);
}

/*
 * open_card connects to the card and selects its applet.  A card that is being
 * put down, or taken away, may answer once and then not: that is tried again
 * until the time is over.
 */
static int
open_card(Session *session)
{
	static const struct timespec pause = {.tv_nsec = 250 * 1000 * 1000};
	time_t deadline = time(NULL) + session->options.wait_seconds;
	PcscResult opened = pcsc_open(&session->pcsc, session->options.reader, 0);
	JpkiResult result = opened == PCSC_OK ? jpki_select(&session->card) : JPKI_LINK_FAILED;
	bool said = false;

	while (result == JPKI_LINK_FAILED && time(NULL) < deadline && opened != PCSC_NO_SERVICE &&
	       opened != PCSC_MANY_CARDS)
	{
		if (!said)
			say(EXIT_DONE, TEXT_WAITING);
		said = true;
		pcsc_close(&session->pcsc);
		nanosleep(&pause, NULL);
		opened = pcsc_open(&session->pcsc, session->options.reader, (int) (deadline - time(NULL)));
		if (opened == PCSC_OK)
			result = jpki_select(&session->card);
	}
	if (opened != PCSC_OK)
		return explain_reader(session, opened);
	return result == JPKI_OK ? EXIT_DONE : explain(session, JPKI_AUTHENTICATION, result, 0);
}

static int
explain_reader(const Session *session, PcscResult result)
{
	switch (result)
	{
		case PCSC_NO_SERVICE:
			return say(EXIT_NO_CARD, TEXT_NO_SERVICE, session->pcsc.problem);
		case PCSC_NO_READER:
			return say(EXIT_NO_CARD, TEXT_NO_READER);
		case PCSC_NO_CARD:
			return say(EXIT_NO_CARD, TEXT_NO_CARD);
		case PCSC_MANY_CARDS:
			return say(EXIT_NO_CARD, TEXT_MANY_CARDS);
		default:
			return say(EXIT_NO_CARD, TEXT_READER_FAILED, session->pcsc.problem);
	}
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

static int
connect_database(Session *session)
{
	session->connection = pg_connect(session->options.database, "passport-card");
	return session->connection != NULL ? EXIT_DONE : say(EXIT_DATABASE, TEXT_NO_DATABASE);
}

/* open_challenge shows what will be signed before any PIN is asked for. */
static int
open_challenge(Session *session, const char *purpose)
{
	char problem[CEREMONY_PROBLEM_MAX];
	int status = connect_database(session);

	if (status != EXIT_DONE)
		return status;
	if (!begin_challenge(session->connection, purpose, session->options.audience,
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
