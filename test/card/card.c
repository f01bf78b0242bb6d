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
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "store.h"

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

struct Card
{
	Store store;
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

static bool parse_command(const uint8_t *bytes, size_t length, Command *command);
static uint16_t select_file(Card *card, const Command *command);
static uint16_t read_binary(Card *card, const Command *command, uint8_t *data, size_t *length);
static uint16_t verify_pin(Card *card, const Command *command);
static uint16_t sign(Card *card, const Command *command, uint8_t *data, size_t *length);
static void forget_pins(Card *card);

Card *
card_load(const char *directory, char *problem, size_t problem_size)
{
	Card *card = calloc(1, sizeof(Card));

	if (card == NULL || !store_load(&card->store, directory))
	{
		snprintf(problem, problem_size, "the directory holds no card");
		free(card);
		return NULL;
	}
	return card;
}

void
card_free(Card *card)
{
	if (card != NULL)
		store_clear(&card->store);
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
	bool known = card->selected && store_find(&card->store, file) != NULL;

	for (int i = 0; card->selected && i < 2; i++)
		known = known || (card->store.functions[i].key != NULL &&
		                  (file == card->store.functions[i].key_file ||
		                   file == card->store.functions[i].pin_file));
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
	content = store_find(&card->store, card->current_file);
	if (content == NULL)
		return SW_WRONG_FILE_TYPE;
	if (content == &card->store.functions[1].certificate && !card->store.functions[1].verified)
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
		if (card->current_file == card->store.functions[i].pin_file)
			function = &card->store.functions[i];
	if (function == NULL)
		return SW_WRONG_FILE_TYPE;
	if (command->data_length == 0)
		return SW_WRONG_PIN | function->tries;
	if (function->tries == 0)
		return SW_BLOCKED;

	function->verified = command->data_length == strlen(function->pin) &&
	                     memcmp(command->data, function->pin, command->data_length) == 0;
	function->tries = function->verified ? function->max_tries : function->tries - 1;
	store_save_tries(&card->store);
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
		if (card->current_file == card->store.functions[i].key_file)
			function = &card->store.functions[i];
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

static void
forget_pins(Card *card)
{
	card->store.functions[0].verified = false;
	card->store.functions[1].verified = false;
}
