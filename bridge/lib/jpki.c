/*
 * The JPKI applet's commands (short APDUs, ISO 7816-4).
 *
 * Every file has a number, and a PIN or a key is used by selecting its file.
 * Two status words are not an end: 61xx says that xx more bytes wait, 6Cxx that
 * the command must be sent again with that length.
 */
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "jpki.h"

#define FILE_LABEL 0x0006
#define INS_GET_RESPONSE 0xC0
/* Bounds the 61xx and 6Cxx of a card that never comes to an end */
#define ROUNDS_MAX 16
#define READ_CHUNK 256

typedef struct Files
{
	uint16_t certificate, key, pin;
	size_t pin_min, pin_max;
} Files;

static const Files files_of[] = {
    [JPKI_AUTHENTICATION] = {0x000A, 0x0017, 0x0018, 4, 4},
    [JPKI_SIGNATURE] = {0x0001, 0x001A, 0x001B, 6, JPKI_PIN_MAX},
};

/* What one exchange brought back: data without the status word. */
typedef struct Answer
{
	uint8_t data[JPKI_SIGNATURE_MAX];
	size_t length;
	uint16_t status;
} Answer;

static JpkiResult exchange(Jpki *card, const uint8_t *command, size_t length, Answer *answer);
static JpkiResult send_command(Jpki *card, const uint8_t *command, size_t length, Answer *answer);
static JpkiResult judge(uint16_t status);
static JpkiResult select_file(Jpki *card, uint16_t file);
static JpkiResult read_part(Jpki *card, size_t offset, size_t wanted, Answer *answer);

JpkiResult
jpki_select(Jpki *card)
{
	static const uint8_t command[] = {0x00, 0xA4, 0x04, 0x0C, 0x0A, 0xD3, 0x92, 0xF0,
	                                  0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01};
	Answer answer;
	JpkiResult result = exchange(card, command, sizeof(command), &answer);

	return result == JPKI_OK || result == JPKI_LINK_FAILED ? result : JPKI_NO_APPLET;
}

JpkiResult
jpki_read_label(Jpki *card, char label[JPKI_LABEL_MAX + 1])
{
	Answer answer;
	size_t length;
	JpkiResult result = select_file(card, FILE_LABEL);

	if (result == JPKI_OK)
		result = read_part(card, 0, JPKI_LABEL_MAX, &answer);
	if (result != JPKI_OK)
		return result;
	length = answer.length;
	while (length > 0 && answer.data[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++)
		if (answer.data[i] < 0x20 || answer.data[i] > 0x7E)
			return JPKI_MALFORMED;
	memcpy(label, answer.data, length);
	label[length] = '\0';
	return JPKI_OK;
}

JpkiResult
jpki_count_tries(Jpki *card, JpkiPurpose purpose, int *tries)
{
	/* Exactly four bytes: with a length the card would count a wrong PIN. */
	static const uint8_t command[] = {0x00, 0x20, 0x00, 0x80};
	Answer answer;
	JpkiResult result = select_file(card, files_of[purpose].pin);

	if (result == JPKI_OK)
		result = exchange(card, command, sizeof(command), &answer);
	if (result == JPKI_BLOCKED)
	{
		*tries = 0;
		return JPKI_OK;
	}
	if (result != JPKI_WRONG_PIN) /* what a card always answers to the question */
		return result == JPKI_OK ? JPKI_MALFORMED : result;
	*tries = answer.status & 0x0F;
	return JPKI_OK;
}

bool
jpki_pin_is_well_formed(JpkiPurpose purpose, const char *pin)
{
	size_t length = strlen(pin);

	if (length < files_of[purpose].pin_min || length > files_of[purpose].pin_max)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!(pin[i] >= '0' && pin[i] <= '9') &&
		    !(purpose == JPKI_SIGNATURE && pin[i] >= 'A' && pin[i] <= 'Z'))
			return false;
	return true;
}

JpkiResult
jpki_verify_pin(Jpki *card, JpkiPurpose purpose, const char *pin, int *tries)
{
	uint8_t command[5 + JPKI_PIN_MAX] = {0x00, 0x20, 0x00, 0x80};
	size_t length = strlen(pin);
	Answer answer;
	JpkiResult result;

	*tries = 0;
	/* A PIN that cannot be right would only cost a try. */
	if (!jpki_pin_is_well_formed(purpose, pin))
		return JPKI_MALFORMED;
	result = select_file(card, files_of[purpose].pin);
	if (result != JPKI_OK)
		return result;
	command[4] = (uint8_t) length;
	memcpy(command + 5, pin, length);
	result = exchange(card, command, 5 + length, &answer);
	OPENSSL_cleanse(command, sizeof(command));
	if (result == JPKI_WRONG_PIN)
		*tries = answer.status & 0x0F;
	return result == JPKI_WRONG_PIN && *tries == 0 ? JPKI_BLOCKED : result;
}

/*
 * jpki_read_certificate reads as much as the DER header says: behind it the
 * file may hold filler.
 */
JpkiResult
jpki_read_certificate(Jpki *card, JpkiPurpose purpose, uint8_t certificate[JPKI_CERTIFICATE_MAX],
                      size_t *length)
{
	Answer answer;
	size_t total, done = 0;
	JpkiResult result = select_file(card, files_of[purpose].certificate);

	if (result == JPKI_OK)
		result = read_part(card, 0, 4, &answer);
	if (result != JPKI_OK)
		return result;
	if (answer.length != 4 || answer.data[0] != 0x30 || answer.data[1] != 0x82)
		return JPKI_MALFORMED;
	total = ((size_t) answer.data[2] << 8 | answer.data[3]) + 4;
	if (total > JPKI_CERTIFICATE_MAX)
		return JPKI_MALFORMED;
	while (done < total)
	{
		size_t wanted = total - done < READ_CHUNK ? total - done : READ_CHUNK;

		result = read_part(card, done, wanted, &answer);
		if (result != JPKI_OK)
			return result;
		memcpy(certificate + done, answer.data, answer.length);
		done += answer.length;
	}
	*length = total;
	return JPKI_OK;
}

JpkiResult
jpki_sign(Jpki *card, JpkiPurpose purpose, const void *message, size_t message_length,
          uint8_t signature[JPKI_SIGNATURE_MAX], size_t *length)
{
	/* DigestInfo of SHA-256 up to the hash; the card pads it and applies the key */
	static const uint8_t head[] = {0x80, 0x2A, 0x00, 0x80, 0x33, 0x30, 0x31, 0x30,
	                               0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	                               0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	uint8_t command[sizeof(head) + SHA256_DIGEST_LENGTH + 1] = {0};
	Answer answer;
	JpkiResult result = select_file(card, files_of[purpose].key);

	if (result != JPKI_OK)
		return result;
	memcpy(command, head, sizeof(head));
	SHA256(message, message_length, command + sizeof(head));
	result = exchange(card, command, sizeof(command), &answer);
	if (result != JPKI_OK)
		return result;
	if (answer.length == 0)
		return JPKI_MALFORMED;
	memcpy(signature, answer.data, answer.length);
	*length = answer.length;
	return JPKI_OK;
}

/*
 * exchange sends a command and gathers its whole answer: repeats it with the
 * length that 6Cxx asks for, and fetches what 61xx announces.
 */
static JpkiResult
exchange(Jpki *card, const uint8_t *command, size_t length, Answer *answer)
{
	uint8_t again[5 + 255 + 1];
	uint8_t fetch[] = {0x00, INS_GET_RESPONSE, 0x00, 0x00, 0x00};
	/* The length expected is the last byte of all commands but those that only send data. */
	bool expects = length == 5 || length == 6u + (length > 5 ? command[4] : 0);
	JpkiResult result;

	answer->length = 0;
	result = send_command(card, command, length, answer);
	for (int round = 0; result == JPKI_OK && round < ROUNDS_MAX; round++)
	{
		uint8_t sw1 = answer->status >> 8, sw2 = answer->status & 0xFF;

		if (sw1 == 0x6C && expects && length <= sizeof(again))
		{
			memcpy(again, command, length);
			again[length - 1] = sw2;
			answer->length = 0;
			result = send_command(card, again, length, answer);
		}
		else if (sw1 == 0x61)
		{
			fetch[4] = sw2;
			result = send_command(card, fetch, sizeof(fetch), answer);
		}
		else
			return judge(answer->status);
	}
	return result == JPKI_OK ? JPKI_MALFORMED : result;
}

/* send_command sends one APDU and appends its data to the answer. */
static JpkiResult
send_command(Jpki *card, const uint8_t *command, size_t length, Answer *answer)
{
	uint8_t response[JPKI_RESPONSE_MAX];
	size_t got = sizeof(response);

	card->status = 0;
	if (!card->transmit(card->link, command, length, response, &got))
		return JPKI_LINK_FAILED;
	if (got < 2 || got > sizeof(response) || answer->length + got - 2 > sizeof(answer->data))
		return JPKI_MALFORMED;
	memcpy(answer->data + answer->length, response, got - 2);
	answer->length += got - 2;
	answer->status = (uint16_t) (response[got - 2] << 8 | response[got - 1]);
	card->status = answer->status;
	return JPKI_OK;
}

static JpkiResult
judge(uint16_t status)
{
	if ((status & 0xFFF0) == 0x63C0)
		return JPKI_WRONG_PIN;
	switch (status)
	{
		case 0x9000:
			return JPKI_OK;
		case 0x6982:
			return JPKI_NOT_ALLOWED;
		case 0x6983:
		case 0x6984:
			return JPKI_BLOCKED;
		case 0x6A82:
			return JPKI_NOT_THERE;
		default:
			return JPKI_REFUSED;
	}
}

static JpkiResult
select_file(Jpki *card, uint16_t file)
{
	uint8_t command[] = {0x00, 0xA4, 0x02, 0x0C, 0x02, (uint8_t) (file >> 8), (uint8_t) file};
	Answer answer;

	return exchange(card, command, sizeof(command), &answer);
}

/* read_part reads up to 256 bytes; a card may give fewer, but neither none nor more. */
static JpkiResult
read_part(Jpki *card, size_t offset, size_t wanted, Answer *answer)
{
	uint8_t command[] = {0x00, 0xB0, (uint8_t) (offset >> 8), (uint8_t) offset, (uint8_t) wanted};
	JpkiResult result = exchange(card, command, sizeof(command), answer);

	if (result == JPKI_OK && (answer->length == 0 || answer->length > wanted))
		return JPKI_MALFORMED;
	return result;
}
