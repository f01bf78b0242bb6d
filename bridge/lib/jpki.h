/*
 * The public-key applet (JPKI) of the individual number card, by APDUs over
 * whatever carries them: a PC/SC reader, or an emulated card in the same process.
 */
#ifndef JPKI_H
#define JPKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A short response APDU: 256 bytes of data, two of status */
#define JPKI_RESPONSE_MAX 258
#define JPKI_LABEL_MAX 32
/* A certificate's length field of two bytes could say 65,539; real ones have about 2,000. */
#define JPKI_CERTIFICATE_MAX 8192
#define JPKI_SIGNATURE_MAX 512
#define JPKI_PIN_MAX 16

typedef enum JpkiPurpose
{
	JPKI_AUTHENTICATION, /* 4 digits, 3 tries */
	JPKI_SIGNATURE       /* 6 to 16 of A-Z 0-9, 5 tries */
} JpkiPurpose;

typedef enum JpkiResult
{
	JPKI_OK,
	JPKI_LINK_FAILED, /* the card is gone, or the reader fails */
	JPKI_NO_APPLET,   /* another kind of card */
	JPKI_NOT_THERE,   /* this card has no such file (no certificate issued) */
	JPKI_WRONG_PIN,
	JPKI_BLOCKED,
	JPKI_NOT_ALLOWED, /* the PIN was not verified */
	JPKI_MALFORMED,   /* the card's answer makes no sense */
	JPKI_REFUSED      /* any other status word */
} JpkiResult;

/*
 * Sends one command APDU and receives the response APDU into response, which
 * holds JPKI_RESPONSE_MAX bytes.  False when the card could not be reached.
 */
typedef bool (*JpkiTransmit)(void *link, const uint8_t *command, size_t length, uint8_t *response,
                             size_t *response_length);

typedef struct Jpki
{
	JpkiTransmit transmit;
	void *link;
	uint16_t status; /* status word of the last command, for messages */
} Jpki;

/* Selects the applet, which forgets every verified PIN: first and last call. */
extern JpkiResult jpki_select(Jpki *card);

/* Reads the label, for example "JPKIAPICCTOKEN2" (a card) or "JPKIAPGPSETOKEN" (a phone). */
extern JpkiResult jpki_read_label(Jpki *card, char label[JPKI_LABEL_MAX + 1]);

/* Tells how many wrong PINs the card would still take. */
extern JpkiResult jpki_count_tries(Jpki *card, JpkiPurpose purpose, int *tries);

/* Says whether a PIN can be the right one by its form; letters must be upper case. */
extern bool jpki_pin_is_well_formed(JpkiPurpose purpose, const char *pin);

/*
 * Verifies a PIN.  On JPKI_WRONG_PIN tries is what is left.  A PIN that is not
 * well formed is not sent, and is JPKI_MALFORMED.
 */
extern JpkiResult jpki_verify_pin(Jpki *card, JpkiPurpose purpose, const char *pin, int *tries);

/* Reads a certificate (DER); the one for signature needs its PIN first. */
extern JpkiResult jpki_read_certificate(Jpki *card, JpkiPurpose purpose,
                                        uint8_t certificate[JPKI_CERTIFICATE_MAX], size_t *length);

/* Signs a message with RSASSA-PKCS1-v1_5 and SHA-256; needs the PIN first. */
extern JpkiResult jpki_sign(Jpki *card, JpkiPurpose purpose, const void *message,
                            size_t message_length, uint8_t signature[JPKI_SIGNATURE_MAX],
                            size_t *length);

#endif
