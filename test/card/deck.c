/*
 * A deck of cards.  Keys and signatures are what costs: both are made on two
 * threads, and the files written after.
 */
#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate.h"
#include "deck.h"
#include "keys.h"
#include "output.h"
#include "validity.h"

/* Younger people get no certificate for signature. */
#define SIGNATURE_AGE 15

typedef struct Card
{
	const Person *person;
	int generation;
	uint64_t serial;
	X509 *certificates[PURPOSES]; /* NULL: none */
	EVP_PKEY *keys[PURPOSES];     /* the deck's */
	unsigned char signatures[PURPOSES][256];
} Card;

typedef struct Deck
{
	const Terms *terms;
	bool sign_messages;
	Card *cards;
	size_t count;
	EVP_PKEY **keys;
	size_t key_count;
} Deck;

static const char *const file_names[PURPOSES] = {"sign", "auth"};

static bool make_cards(Deck *deck, const People *people, uint64_t first_serial);
static bool make_key_of_deck(size_t i, void *deck);
static bool make_card(size_t i, void *deck);
static bool make_card_certificate(const Deck *deck, Card *card, Purpose purpose, time_t limit);
static bool sign_message(Card *card, Purpose purpose);
static bool write_card(const Deck *deck, const Card *card, const char *directory);
static bool write_certificate(const char *folder, const char *name, X509 *certificate);
static bool write_key(const char *folder, const char *name, EVP_PKEY *key);
static bool write_sheet(const Card *card, FILE *sheet);
static void write_hex(FILE *sheet, const unsigned char *bytes, size_t length);
static size_t message_of(const Card *card, char *message, size_t size);
static bool add_to_index(const Card *card, Index *index);
static void free_deck(Deck *deck);

bool
make_deck(const Terms *terms, const People *people, const char *directory, FILE *sheet,
          Index *index, char *problem, size_t problem_size)
{
	Deck deck = {.terms = terms, .sign_messages = sheet != NULL, .count = people->count};
	bool good = make_cards(&deck, people, index_next_serial(index));

	if (!good)
		snprintf(problem, problem_size, "the certificates cannot be made");
	for (size_t i = 0; good && i < deck.count; i++)
	{
		good = (sheet != NULL ? write_sheet(&deck.cards[i], sheet)
		                      : write_card(&deck, &deck.cards[i], directory)) &&
		       add_to_index(&deck.cards[i], index);
		if (!good)
			snprintf(problem, problem_size, "card %s cannot be written", deck.cards[i].person->key);
	}
	free_deck(&deck);
	return good;
}

static bool
make_cards(Deck *deck, const People *people, uint64_t first_serial)
{
	deck->key_count = deck->terms->key_pool > 0 ? deck->terms->key_pool : deck->count * PURPOSES;
	deck->keys = calloc(deck->key_count + 1, sizeof(*deck->keys));
	deck->cards = calloc(deck->count + 1, sizeof(*deck->cards));
	if (deck->keys == NULL || deck->cards == NULL ||
	    !run_in_threads("keys", deck->key_count, make_key_of_deck, deck))
		return false;
	for (size_t i = 0; i < deck->count; i++)
	{
		Card *card = &deck->cards[i];

		card->person = &people->rows[i];
		card->serial = first_serial + i;
		card->generation = card->person->generation == NULL ? deck->terms->generations
		                                                    : atoi(card->person->generation);
		if (card->generation < 1 || card->generation > deck->terms->generations)
			return false;
		for (size_t purpose = 0; purpose < PURPOSES; purpose++)
			card->keys[purpose] = deck->keys[(i * PURPOSES + purpose) % deck->key_count];
	}
	return run_in_threads("cards", deck->count, make_card, deck);
}

static bool
make_key_of_deck(size_t i, void *data)
{
	Deck *deck = data;

	return (deck->keys[i] = make_key()) != NULL;
}

/* make_card: the certificate for signature ends with the one for authentication at the latest. */
static bool
make_card(size_t i, void *data)
{
	const Deck *deck = data;
	Card *card = &deck->cards[i];
	const Person *person = card->person;
	time_t limit = 0, issued = deck->terms->issued;
	int age;

	if (person->card_expires != NULL && !parse_time(person->card_expires, END_OF_DAY, &limit))
		return false;
	if (person->issued != NULL && !parse_time(person->issued, MORNING, &issued))
		return false;
	age = age_at(issued, person->birth);
	return make_card_certificate(deck, card, PURPOSE_AUTHENTICATION, limit) &&
	       ((age >= 0 && age < SIGNATURE_AGE) ||
	        make_card_certificate(deck, card, PURPOSE_SIGNATURE, limit));
}

static bool
make_card_certificate(const Deck *deck, Card *card, Purpose purpose, time_t limit)
{
	const Terms *terms = deck->terms;
	Issue issue = {.authority = &terms->authorities[purpose][card->generation - 1],
	               .person = card->person,
	               .serial = card->serial,
	               .sequence = card->serial % 100000,
	               .issued = terms->issued,
	               .key = card->keys[purpose]};

	if (card->person->issued != NULL)
		parse_time(card->person->issued, MORNING, &issue.issued);
	issue.not_before = terms->not_before[purpose] != 0 ? terms->not_before[purpose] : issue.issued;
	issue.not_after = terms->not_after[purpose] != 0
	                      ? terms->not_after[purpose]
	                      : certificate_end(issue.issued, card->person->birth, limit);
	card->certificates[purpose] = make_certificate(&issue);
	return card->certificates[purpose] != NULL &&
	       (!deck->sign_messages || sign_message(card, purpose));
}

static bool
sign_message(Card *card, Purpose purpose)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	char message[128];
	size_t message_length = message_of(card, message, sizeof(message));
	size_t length = sizeof(card->signatures[purpose]);
	bool made = context != NULL &&
	            EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, card->keys[purpose]) == 1 &&
	            EVP_DigestSign(context, card->signatures[purpose], &length,
	                           (unsigned char *) message, message_length) == 1;

	EVP_MD_CTX_free(context);
	return made;
}

/* write_card fills a card directory as card.h reads it; what an earlier card left there goes. */
static bool
write_card(const Deck *deck, const Card *card, const char *directory)
{
	static const char *const left[] = {"sign.der", "sign.key",    "sign-ca.der", "auth.der",
	                                   "auth.key", "auth-ca.der", "tries",       "token"};
	char folder[PATH_MAX], path[PATH_MAX + 32];
	bool written = true;

	snprintf(folder, sizeof(folder), "%s/cards/%s", directory, card->person->key);
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return false;
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
	{
		snprintf(path, sizeof(path), "%s/%s", folder, left[i]);
		unlink(path);
	}
	for (size_t purpose = 0; written && purpose < PURPOSES; purpose++)
	{
		const Authority *authority = &deck->terms->authorities[purpose][card->generation - 1];
		char root[64];

		if (card->certificates[purpose] == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s-ca.der", folder, file_names[purpose]);
		snprintf(root, sizeof(root), "../../%s-root%s.der", purpose_names[purpose],
		         authority->suffix);
		written = symlink(root, path) == 0 &&
		          write_certificate(folder, file_names[purpose], card->certificates[purpose]) &&
		          write_key(folder, file_names[purpose], card->keys[purpose]);
	}
	return written;
}

static bool
write_certificate(const char *folder, const char *name, X509 *certificate)
{
	FILE *file = output_open(folder, "w", "%s.der", name);
	bool written = file != NULL && i2d_X509_fp(file, certificate) == 1;

	return file != NULL && fclose(file) == 0 && written;
}

static bool
write_key(const char *folder, const char *name, EVP_PKEY *key)
{
	FILE *file = output_open(folder, "w", "%s.key", name);
	bool written = file != NULL && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;

	return file != NULL && fclose(file) == 0 && written;
}

/* write_sheet writes key, purpose, certificate, message and signature in COPY's text format. */
static bool
write_sheet(const Card *card, FILE *sheet)
{
	char message[128];
	size_t message_length = message_of(card, message, sizeof(message));

	for (size_t purpose = 0; purpose < PURPOSES; purpose++)
	{
		unsigned char *der = NULL;
		int length;

		if (card->certificates[purpose] == NULL)
			continue;
		length = i2d_X509(card->certificates[purpose], &der);
		if (length <= 0)
			return false;
		fprintf(sheet, "%s\t%s\t", card->person->key, purpose_names[purpose]);
		write_hex(sheet, der, (size_t) length);
		fputc('\t', sheet);
		write_hex(sheet, (unsigned char *) message, message_length);
		fputc('\t', sheet);
		write_hex(sheet, card->signatures[purpose], sizeof(card->signatures[purpose]));
		fputc('\n', sheet);
		OPENSSL_free(der);
	}
	return ferror(sheet) == 0;
}

static void
write_hex(FILE *sheet, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	fputs("\\\\x", sheet);
	for (size_t i = 0; i < length; i++)
	{
		fputc(digits[bytes[i] >> 4], sheet);
		fputc(digits[bytes[i] & 15], sheet);
	}
}

static size_t
message_of(const Card *card, char *message, size_t size)
{
	return (size_t) snprintf(message, size, "message of %s", card->person->key);
}

static bool
add_to_index(const Card *card, Index *index)
{
	IndexRow row = {.generation = card->generation};

	snprintf(row.key, sizeof(row.key), "%s", card->person->key);
	snprintf(row.prefecture, sizeof(row.prefecture), "%s", card->person->prefecture);
	snprintf(row.city, sizeof(row.city), "%s", card->person->city);
	for (size_t purpose = 0; purpose < PURPOSES; purpose++)
		row.serials[purpose] = card->certificates[purpose] == NULL ? 0 : card->serial;
	return index_add(index, &row);
}

static void
free_deck(Deck *deck)
{
	for (size_t i = 0; deck->cards != NULL && i < deck->count; i++)
		for (size_t purpose = 0; purpose < PURPOSES; purpose++)
			X509_free(deck->cards[i].certificates[purpose]);
	for (size_t i = 0; deck->keys != NULL && i < deck->key_count; i++)
		EVP_PKEY_free(deck->keys[i]);
	free(deck->cards);
	free(deck->keys);
}
