/*
 * Tests of the applet's commands (bridge/lib/jpki.c), without a reader.
 *
 *   applet-unit CARD_DIRECTORY     its PINs must be the usual ones and untried
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "lib/jpki.h"
#include "tap.h"

/* A card between which and the applet something happens to the answers. */
typedef struct Link
{
	Card *card;
	enum
	{
		AS_IT_IS,
		SHORT_READS,   /* at most 17 bytes at once */
		CHAINED,       /* 61xx, 100 bytes at once */
		EXACT_LENGTHS, /* 6Cxx instead of more than was left */
		DEAD,
		SCRIPTED, /* files can be selected, else always the same answer */
		RANDOM
	} manner;
	uint8_t script[JPKI_RESPONSE_MAX + 10];
	size_t script_length;
	uint8_t kept[JPKI_RESPONSE_MAX]; /* what CHAINED has not given yet */
	size_t kept_length;
	int commands;
} Link;

static void test_applet(const char *directory);
static void test_whole_ceremony(Jpki *applet, const char *manner);
static bool signature_is_good(const uint8_t *certificate, size_t certificate_length,
                              const char *message, const uint8_t *signature, size_t length);
static void test_hostile_answers(void);
static void test_random_answers(void);
static bool transmit(void *data, const uint8_t *command, size_t length, uint8_t *response,
                     size_t *response_length);
static void answer_by_script(const Link *link, uint8_t *response, size_t *length);
static void answer_at_random(uint8_t *response, size_t *length);
static void chain(Link *link, const uint8_t *command, uint8_t *response, size_t *length);
static Jpki scripted(Link *link, const char *hex);

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: applet-unit CARD_DIRECTORY\n");
		return 2;
	}
	test_applet(argv[1]);
	test_hostile_answers();
	test_random_answers();
	return finish_checks();
}

static void
test_applet(const char *directory)
{
	char problem[512], label[JPKI_LABEL_MAX + 1];
	Link link = {.card = card_load(directory, problem, sizeof(problem))};
	Jpki applet = {.transmit = transmit, .link = &link};
	uint8_t certificate[JPKI_CERTIFICATE_MAX];
	size_t length;
	int tries;

	check(jpki_select(&applet) == JPKI_OK, "jpki_select");
	check(jpki_read_label(&applet, label) == JPKI_OK && strcmp(label, "JPKIAPICCTOKEN2") == 0,
	      "jpki_read_label");
	check(jpki_count_tries(&applet, JPKI_SIGNATURE, &tries) == JPKI_OK && tries == 5,
	      "jpki_count_tries");
	check(jpki_read_certificate(&applet, JPKI_SIGNATURE, certificate, &length) == JPKI_NOT_ALLOWED,
	      "the signature certificate is refused without password");
	check(jpki_verify_pin(&applet, JPKI_AUTHENTICATION, "0000", &tries) == JPKI_WRONG_PIN &&
	          tries == 2,
	      "a wrong PIN tells the tries left");
	link.commands = 0;
	check(jpki_verify_pin(&applet, JPKI_AUTHENTICATION, "12345", &tries) == JPKI_MALFORMED &&
	          jpki_verify_pin(&applet, JPKI_AUTHENTICATION, "123a", &tries) == JPKI_MALFORMED &&
	          jpki_verify_pin(&applet, JPKI_SIGNATURE, "abc123", &tries) == JPKI_MALFORMED &&
	          link.commands == 0,
	      "a PIN that cannot be right is not sent");

	test_whole_ceremony(&applet, "as it is");
	link.manner = SHORT_READS;
	test_whole_ceremony(&applet, "short reads");
	link.manner = CHAINED;
	test_whole_ceremony(&applet, "answers in pieces (61xx)");
	link.manner = EXACT_LENGTHS;
	test_whole_ceremony(&applet, "lengths corrected (6Cxx)");
	link.manner = DEAD;
	check(jpki_select(&applet) == JPKI_LINK_FAILED, "a card that is gone");
	card_free(link.card);
}

static void
test_whole_ceremony(Jpki *applet, const char *manner)
{
	static const char *const pins[] = {"1234", "ABC123"};
	static const char message[] = "南牧村に登録します";
	uint8_t certificate[JPKI_CERTIFICATE_MAX], signature[JPKI_SIGNATURE_MAX];
	char name[128];

	for (JpkiPurpose purpose = JPKI_AUTHENTICATION; purpose <= JPKI_SIGNATURE; purpose++)
	{
		size_t certificate_length = 0, length = 0;
		int tries;
		bool good =
		    jpki_select(applet) == JPKI_OK &&
		    jpki_verify_pin(applet, purpose, pins[purpose], &tries) == JPKI_OK &&
		    jpki_read_certificate(applet, purpose, certificate, &certificate_length) == JPKI_OK &&
		    jpki_sign(applet, purpose, message, strlen(message), signature, &length) == JPKI_OK;

		snprintf(name, sizeof(name), "%s, %s", purpose == JPKI_SIGNATURE ? "sign" : "log in",
		         manner);
		check(good &&
		          signature_is_good(certificate, certificate_length, message, signature, length),
		      name);
	}
}

static bool
signature_is_good(const uint8_t *certificate, size_t certificate_length, const char *message,
                  const uint8_t *signature, size_t length)
{
	const unsigned char *at = certificate;
	X509 *x509 = d2i_X509(NULL, &at, (long) certificate_length);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good =
	    x509 != NULL && at == certificate + certificate_length &&
	    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x509)) == 1 &&
	    EVP_DigestVerify(context, signature, length, (const unsigned char *) message,
	                     strlen(message)) == 1;

	EVP_MD_CTX_free(context);
	X509_free(x509);
	return good;
}

static void
test_hostile_answers(void)
{
	uint8_t certificate[JPKI_CERTIFICATE_MAX], signature[JPKI_SIGNATURE_MAX];
	char label[JPKI_LABEL_MAX + 1];
	Link link;
	Jpki card;
	size_t length;
	int tries;

	card = scripted(&link, "");
	check(jpki_select(&card) == JPKI_NO_APPLET, "an empty answer");
	card = scripted(&link, "90");
	check(jpki_read_label(&card, label) == JPKI_MALFORMED, "an answer of one byte");
	card = scripted(&link, "9000");
	check(jpki_read_label(&card, label) == JPKI_MALFORMED, "a read that brings nothing");
	check(jpki_count_tries(&card, JPKI_SIGNATURE, &tries) == JPKI_MALFORMED,
	      "a counter that says 9000");
	check(jpki_sign(&card, JPKI_SIGNATURE, "", 0, signature, &length) == JPKI_MALFORMED,
	      "a signature of no bytes");
	card = scripted(&link, "6984");
	check(jpki_count_tries(&card, JPKI_SIGNATURE, &tries) == JPKI_OK && tries == 0,
	      "a blocked PIN has no tries");
	card = scripted(&link, "6100");
	check(jpki_select(&card) == JPKI_NO_APPLET && link.commands < 100, "61xx without end");
	card = scripted(&link, "6C10");
	check(jpki_read_label(&card, label) == JPKI_MALFORMED && link.commands < 100,
	      "6Cxx without end");
	card = scripted(&link, "3082FFFF9000");
	check(jpki_read_certificate(&card, JPKI_SIGNATURE, certificate, &length) == JPKI_MALFORMED &&
	          link.commands == 2,
	      "a certificate of 65,539 bytes is not read");
	card = scripted(&link, "308107009000");
	check(jpki_read_certificate(&card, JPKI_SIGNATURE, certificate, &length) == JPKI_MALFORMED,
	      "a file that is no certificate");
	card = scripted(&link, "3082010000009000");
	check(jpki_read_certificate(&card, JPKI_SIGNATURE, certificate, &length) == JPKI_MALFORMED,
	      "more bytes than asked for");
	card = scripted(&link, "4A504B491B5B324A9000");
	check(jpki_read_label(&card, label) == JPKI_MALFORMED, "a label with terminal commands");
	link.script_length = sizeof(link.script);
	check(jpki_select(&card) == JPKI_NO_APPLET, "an answer that is too long");
}

/* test_random_answers looks for a crash or an endless loop, under a sanitizer best. */
static void
test_random_answers(void)
{
	uint8_t certificate[JPKI_CERTIFICATE_MAX], signature[JPKI_SIGNATURE_MAX];
	char label[JPKI_LABEL_MAX + 1];
	Link link = {.manner = RANDOM};
	Jpki card = {.transmit = transmit, .link = &link};
	bool bounded = true;
	size_t length;
	int tries;

	srand(1);
	for (int i = 0; i < 20000; i++)
	{
		link.commands = 0;
		jpki_read_label(&card, label);
		jpki_count_tries(&card, JPKI_SIGNATURE, &tries);
		jpki_verify_pin(&card, JPKI_SIGNATURE, "ABC123", &tries);
		if (jpki_read_certificate(&card, JPKI_SIGNATURE, certificate, &length) == JPKI_OK)
			bounded = bounded && length <= sizeof(certificate);
		if (jpki_sign(&card, JPKI_SIGNATURE, "", 0, signature, &length) == JPKI_OK)
			bounded = bounded && length <= sizeof(signature);
		bounded = bounded && link.commands < 200000;
	}
	check(bounded, "100,000 random conversations");
}

static bool
transmit(void *data, const uint8_t *command, size_t length, uint8_t *response,
         size_t *response_length)
{
	Link *link = data;
	uint8_t changed[300];
	bool read = command[1] == 0xB0;

	link->commands++;
	switch (link->manner)
	{
		case DEAD:
			return false;
		case SCRIPTED:
			if (command[1] == 0xA4 && command[2] == 0x02)
				*response_length = from_hex("9000", response);
			else
				answer_by_script(link, response, response_length);
			return true;
		case RANDOM:
			answer_at_random(response, response_length);
			return true;
		case EXACT_LENGTHS:
			if (read && command[4] == 0)
			{
				*response_length = from_hex("6CFF", response);
				return true;
			}
			break;
		case CHAINED:
			if (command[1] != 0xC0)
				*response_length = card_transmit(link->card, command, length, response);
			chain(link, command, response, response_length);
			return true;
		default:
			break;
	}
	memcpy(changed, command, length);
	if (link->manner == SHORT_READS && read && (command[4] == 0 || command[4] > 17))
		changed[4] = 17;
	*response_length = card_transmit(link->card, changed, length, response);
	return true;
}

/* answer_by_script may claim more than fits: a driver could. */
static void
answer_by_script(const Link *link, uint8_t *response, size_t *length)
{
	*length = link->script_length;
	memcpy(response, link->script,
	       link->script_length < JPKI_RESPONSE_MAX ? link->script_length : JPKI_RESPONSE_MAX);
}

/* answer_at_random makes some answers likely enough to get deeper into the conversation. */
static void
answer_at_random(uint8_t *response, size_t *length)
{
	static const uint8_t status[][2] = {{0x90, 0x00}, {0x61, 0x20}, {0x6C, 0x08}, {0x63, 0xC1}};

	*length = (size_t) rand() % (JPKI_RESPONSE_MAX + 2);
	for (size_t i = 0; i < *length && i < JPKI_RESPONSE_MAX; i++)
		response[i] = (uint8_t) rand();
	if (*length >= 6 && *length <= JPKI_RESPONSE_MAX && rand() % 8 > 0)
	{
		memcpy(response, "\x30\x82\x07", 3);
		memcpy(response + *length - 2, status[rand() % 9 % 4], 2);
	}
}

/* chain gives the first hundred bytes of an answer and keeps the rest for GET RESPONSE. */
static void
chain(Link *link, const uint8_t *command, uint8_t *response, size_t *length)
{
	size_t give = 100;

	if (command[1] == 0xC0)
	{
		memcpy(response, link->kept, link->kept_length);
		*length = link->kept_length;
	}
	if (*length <= give + 2)
		return;
	link->kept_length = *length - give;
	memcpy(link->kept, response + give, link->kept_length);
	response[give] = 0x61;
	response[give + 1] = (uint8_t) (link->kept_length - 2);
	*length = give + 2;
}

static Jpki
scripted(Link *link, const char *hex)
{
	memset(link, 0, sizeof(*link));
	link->manner = SCRIPTED;
	link->script_length = from_hex(hex, link->script);
	return (Jpki){.transmit = transmit, .link = link};
}
