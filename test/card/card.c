/*
 * The emulated JPKI card.
 *
 * Elementary files (EF) of the applet: 0001 and 000A are the certificates for
 * signature and authentication, 0002 and 000B those of their CAs, 0006 the
 * token label, 0008 which certificates exist; 001B and 0018 are the PINs, 001A
 * and 0017 the keys.  A PIN that was verified opens its own key (and 0001)
 * until the applet is selected again or the card loses power; wrong tries are
 * counted in the card directory and survive both.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"

#define FILE_MAX 4096
#define PIN_MAX 16

/* Status words */
#define SW_OK 0x9000
#define SW_WRONG_PIN 0x63C0 /* | tries left */
#define SW_WRONG_LENGTH 0x6700
#define SW_WRONG_FILE_TYPE 0x6981
#define SW_NOT_ALLOWED 0x6982
#define SW_BLOCKED 0x6984
#define SW_NO_FILE_SELECTED 0x6986
#define SW_BAD_DATA 0x6A80
#define SW_NOT_FOUND 0x6A82
#define SW_WRONG_P1P2 0x6A86
#define SW_PAST_END 0x6B00
#define SW_NO_INSTRUCTION 0x6D00
#define SW_NO_CLASS 0x6E00

typedef struct Content
{
	uint8_t bytes[FILE_MAX];
	size_t length; /* 0: the card has no such file */
} Content;

/* One of the two functions of the card: its PIN, its key, its certificates. */
typedef struct Function
{
	uint16_t certificate_file, ca_file, key_file, pin_file;
	const char *certificate_name, *ca_name, *key_name;
	int max_tries;
	Content certificate, ca;
	EVP_PKEY *key;
	char pin[PIN_MAX + 1];
	int tries;
	bool verified;
} Function;

struct Card
{
	char *directory;
	Function functions[2]; /* authentication, signature */
	Content label, directory_file;
	bool selected;         /* the applet */
	uint16_t current_file; /* 0: none */
};

/* A command in parts; data is NULL when there is none. */
typedef struct Command
{
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t data_length;
	size_t expected; /* 0: no response data wanted */
} Command;

static const uint8_t applet_id[] = {0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01};

static const Function blank_functions[2] = {
    {.certificate_file = 0x000A,
     .ca_file = 0x000B,
     .key_file = 0x0017,
     .pin_file = 0x0018,
     .certificate_name = "auth.der",
     .ca_name = "auth-ca.der",
     .key_name = "auth.key",
     .max_tries = 3,
     .pin = "1234"},
    {.certificate_file = 0x0001,
     .ca_file = 0x0002,
     .key_file = 0x001A,
     .pin_file = 0x001B,
     .certificate_name = "sign.der",
     .ca_name = "sign-ca.der",
     .key_name = "sign.key",
     .max_tries = 5,
     .pin = "ABC123"},
};

static bool load_function(Card *card, Function *function);
static bool load_content(const Card *card, const char *name, Content *content);
static EVP_PKEY *load_key(const Card *card, const char *name);
static void load_pins(Card *card);
static void load_tries(Card *card);
static void save_tries(const Card *card);
static FILE *open_file(const Card *card, const char *name, const char *mode);
static bool parse_command(const uint8_t *bytes, size_t length, Command *command);
static uint16_t select_file(Card *card, const Command *command);
static uint16_t read_binary(Card *card, const Command *command, uint8_t *data, size_t *length);
static uint16_t verify_pin(Card *card, const Command *command);
static uint16_t sign(Card *card, const Command *command, uint8_t *data, size_t *length);
static const Content *find_content(Card *card, uint16_t file);
static void forget_pins(Card *card);

Card *
card_load(const char *directory, char *problem, size_t problem_size)
{
	Card *card = calloc(1, sizeof(Card));

	if (card == NULL || (card->directory = strdup(directory)) == NULL)
	{
		snprintf(problem, problem_size, "out of memory");
		free(card);
		return NULL;
	}
	memcpy(card->functions, blank_functions, sizeof(blank_functions));
	if (!load_function(card, &card->functions[0]) || !load_function(card, &card->functions[1]) ||
	    (card->functions[0].key == NULL && card->functions[1].key == NULL))
	{
		snprintf(problem, problem_size, "%s holds no card", directory);
		card_free(card);
		return NULL;
	}
	load_pins(card);
	load_tries(card);

	memset(card->label.bytes, ' ', 32);
	memcpy(card->label.bytes, "JPKIAPICCTOKEN2", 15);
	card->label.length = 160;
	card->directory_file.length = 3;
	for (int i = 0; i < 2; i++)
		card->directory_file.bytes[1 - i] = card->functions[i].key == NULL ? 0x00 : 0x8F;
	return card;
}

void
card_free(Card *card)
{
	if (card == NULL)
		return;
	for (int i = 0; i < 2; i++)
		EVP_PKEY_free(card->functions[i].key);
	free(card->directory);
	OPENSSL_cleanse(card, sizeof(*card));
	free(card);
}

void
card_reset(Card *card)
{
	card->selected = false;
	card->current_file = 0;
	forget_pins(card);
}

size_t
card_transmit(Card *card, const uint8_t *bytes, size_t length, uint8_t response[CARD_RESPONSE_MAX])
{
	Command command;
	size_t data_length = 0;
	uint16_t status;

	if (!parse_command(bytes, length, &command))
		status = SW_WRONG_LENGTH;
	else if (command.cla != 0x00 && command.cla != 0x80)
		status = SW_NO_CLASS;
	else if (command.cla == 0x00 && command.ins == 0xA4)
		status = select_file(card, &command);
	else if (command.cla == 0x00 && command.ins == 0xB0)
		status = read_binary(card, &command, response, &data_length);
	else if (command.cla == 0x00 && command.ins == 0x20)
		status = verify_pin(card, &command);
	else if (command.cla == 0x80 && command.ins == 0x2A)
		status = sign(card, &command, response, &data_length);
	else
		status = SW_NO_INSTRUCTION;

	response[data_length] = status >> 8;
	response[data_length + 1] = status & 0xFF;
	return data_length + 2;
}

/* card_atr returns the answer to reset of a card that OpenSC has no table for. */
const uint8_t *
card_atr(size_t *length)
{
	static const uint8_t atr[] = {0x3B, 0x88, 0x80, 0x01, 0x00, 0x73, 0xC8,
	                              0x40, 0x13, 0x00, 0x90, 0x00, 0x71};

	*length = sizeof(atr);
	return atr;
}

/*
 * load_function loads key and certificates of one function.  A card without
 * one of the two functions is a card (children have no signature certificate);
 * a certificate without its key is not.
 */
static bool
load_function(Card *card, Function *function)
{
	function->tries = function->max_tries;
	if (!load_content(card, function->certificate_name, &function->certificate))
		return true;
	load_content(card, function->ca_name, &function->ca);
	function->key = load_key(card, function->key_name);
	return function->key != NULL;
}

/*
 * load_content loads an elementary file.  The filler behind the data is what
 * real cards have: readers must go by the length in the DER header.
 */
static bool
load_content(const Card *card, const char *name, Content *content)
{
	FILE *file = open_file(card, name, "rb");
	size_t length;

	if (file == NULL)
		return false;
	length = fread(content->bytes, 1, FILE_MAX, file);
	fclose(file);
	if (length == 0 || length == FILE_MAX)
		return false;
	content->length = (length + 255) / 256 * 256;
	memset(content->bytes + length, 0xFF, content->length - length);
	return true;
}

static EVP_PKEY *
load_key(const Card *card, const char *name)
{
	FILE *file = open_file(card, name, "rb");
	EVP_PKEY *key;

	if (file == NULL)
		return NULL;
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return key;
}

/* load_pins reads other PINs than the usual ones, where the directory has them. */
static void
load_pins(Card *card)
{
	char authentication[PIN_MAX + 1], signature[PIN_MAX + 1];
	FILE *file = open_file(card, "pins", "r");

	if (file == NULL)
		return;
	if (fscanf(file, "%16s %16s", authentication, signature) == 2)
	{
		strcpy(card->functions[0].pin, authentication);
		strcpy(card->functions[1].pin, signature);
	}
	fclose(file);
}

static void
load_tries(Card *card)
{
	int authentication, signature;
	FILE *file = open_file(card, "tries", "r");

	if (file == NULL)
		return;
	if (fscanf(file, "%d %d", &authentication, &signature) == 2 && authentication >= 0 &&
	    authentication <= card->functions[0].max_tries && signature >= 0 &&
	    signature <= card->functions[1].max_tries)
	{
		card->functions[0].tries = authentication;
		card->functions[1].tries = signature;
	}
	fclose(file);
}

static void
save_tries(const Card *card)
{
	FILE *file = open_file(card, "tries", "w");

	if (file == NULL)
		return;
	fprintf(file, "%d %d\n", card->functions[0].tries, card->functions[1].tries);
	fclose(file);
}

static FILE *
open_file(const Card *card, const char *name, const char *mode)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", card->directory, name) >= (int) sizeof(path))
		return NULL;
	return fopen(path, mode);
}

/* parse_command splits a short APDU of any of the four cases of ISO 7816-3. */
static bool
parse_command(const uint8_t *bytes, size_t length, Command *command)
{
	if (length < 4)
		return false;
	*command = (Command){.cla = bytes[0], .ins = bytes[1], .p1 = bytes[2], .p2 = bytes[3]};
	if (length == 4)
		return true;
	if (length == 5)
	{
		command->expected = bytes[4] == 0 ? 256 : bytes[4];
		return true;
	}
	command->data = bytes + 5;
	command->data_length = bytes[4];
	if (bytes[4] == 0 || length < 5u + bytes[4] || length > 6u + bytes[4])
		return false;
	if (length == 6u + bytes[4])
		command->expected = bytes[length - 1] == 0 ? 256 : bytes[length - 1];
	return true;
}

/* select_file selects the applet by its name, or one of its files by number. */
static uint16_t
select_file(Card *card, const Command *command)
{
	if (command->p1 == 0x04)
	{
		if (command->data_length != sizeof(applet_id) ||
		    memcmp(command->data, applet_id, sizeof(applet_id)) != 0)
			return SW_NOT_FOUND;
		card_reset(card);
		card->selected = true;
		return SW_OK;
	}
	if (command->p1 != 0x02 || command->p2 != 0x0C)
		return SW_WRONG_P1P2;
	if (command->data_length != 2)
		return SW_BAD_DATA;

	uint16_t file = (uint16_t) (command->data[0] << 8 | command->data[1]);
	bool known = card->selected && find_content(card, file) != NULL;

	for (int i = 0; card->selected && i < 2; i++)
		known = known || (card->functions[i].key != NULL && (file == card->functions[i].key_file ||
		                                                     file == card->functions[i].pin_file));
	if (!known)
		return SW_NOT_FOUND;
	card->current_file = file;
	return SW_OK;
}

static uint16_t
read_binary(Card *card, const Command *command, uint8_t *data, size_t *length)
{
	size_t offset = (size_t) command->p1 << 8 | command->p2;
	const Content *content;

	if (command->p1 & 0x80) /* a short file number: not offered here */
		return SW_WRONG_P1P2;
	if (card->current_file == 0)
		return SW_NO_FILE_SELECTED;
	content = find_content(card, card->current_file);
	if (content == NULL)
		return SW_WRONG_FILE_TYPE;
	if (content == &card->functions[1].certificate && !card->functions[1].verified)
		return SW_NOT_ALLOWED;
	if (command->expected == 0 || command->data_length > 0)
		return SW_WRONG_LENGTH;
	if (offset >= content->length)
		return SW_PAST_END;
	*length = command->expected;
	if (*length > content->length - offset)
		*length = content->length - offset;
	memcpy(data, content->bytes + offset, *length);
	return SW_OK;
}

/*
 * verify_pin compares a PIN, or without data tells the tries left: 63Cx then
 * even when the PIN is verified or blocked, as the real card does.
 */
static uint16_t
verify_pin(Card *card, const Command *command)
{
	Function *function = NULL;

	if (command->p1 != 0x00 || command->p2 != 0x80)
		return SW_WRONG_P1P2;
	if (card->current_file == 0)
		return SW_NO_FILE_SELECTED;
	for (int i = 0; i < 2; i++)
		if (card->current_file == card->functions[i].pin_file)
			function = &card->functions[i];
	if (function == NULL)
		return SW_WRONG_FILE_TYPE;
	if (command->data_length == 0)
		return SW_WRONG_PIN | function->tries;
	if (function->tries == 0)
		return SW_BLOCKED;

	function->verified = command->data_length == strlen(function->pin) &&
	                     memcmp(command->data, function->pin, command->data_length) == 0;
	function->tries = function->verified ? function->max_tries : function->tries - 1;
	save_tries(card);
	return function->verified ? SW_OK : SW_WRONG_PIN | function->tries;
}

/* sign pads what it is given as PKCS#1 v1.5 type 1 and applies the selected key. */
static uint16_t
sign(Card *card, const Command *command, uint8_t *data, size_t *length)
{
	Function *function = NULL;
	EVP_PKEY_CTX *context;
	bool good;

	if (command->p1 != 0x00 || command->p2 != 0x80)
		return SW_WRONG_P1P2;
	if (card->current_file == 0)
		return SW_NO_FILE_SELECTED;
	for (int i = 0; i < 2; i++)
		if (card->current_file == card->functions[i].key_file)
			function = &card->functions[i];
	if (function == NULL)
		return SW_WRONG_FILE_TYPE;
	if (!function->verified)
		return SW_NOT_ALLOWED;
	if (command->data_length == 0 || command->data_length > 245 || command->expected != 256)
		return SW_WRONG_LENGTH;

	*length = command->expected;
	context = EVP_PKEY_CTX_new(function->key, NULL);
	good = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_sign(context, data, length, command->data, command->data_length) == 1;
	EVP_PKEY_CTX_free(context);
	if (!good)
		*length = 0;
	return good ? SW_OK : SW_BAD_DATA;
}

/* find_content returns the readable file of that number, NULL when there is none. */
static const Content *
find_content(Card *card, uint16_t file)
{
	const Content *content = NULL;

	if (file == 0x0006)
		content = &card->label;
	else if (file == 0x0008)
		content = &card->directory_file;
	for (int i = 0; i < 2; i++)
	{
		if (file == card->functions[i].certificate_file)
			content = &card->functions[i].certificate;
		else if (file == card->functions[i].ca_file)
			content = &card->functions[i].ca;
	}
	return content == NULL || content->length == 0 ? NULL : content;
}

static void
forget_pins(Card *card)
{
	card->functions[0].verified = false;
	card->functions[1].verified = false;
}
