/*
 * A card in a PC/SC reader.
 */
#ifndef PCSC_H
#define PCSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winscard.h>

#define PCSC_PROBLEM_MAX 256

typedef struct Pcsc
{
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol;
	char reader[MAX_READERNAME + 1];
	bool has_context, has_card;
	char problem[PCSC_PROBLEM_MAX]; /* what failed, in PC/SC's words */
} Pcsc;

typedef enum PcscResult
{
	PCSC_OK,
	PCSC_NO_SERVICE, /* pcscd does not answer */
	PCSC_NO_READER,
	PCSC_NO_CARD,    /* none came within the time */
	PCSC_MANY_CARDS, /* more than one reader has a card: name one */
	PCSC_FAILED
} PcscResult;

/*
 * Connects to a card and keeps others away from it until pcsc_close: to the
 * reader whose name contains reader_name, or, when that is NULL, to the only
 * reader with a card.  Waits up to wait_seconds for reader and card.  To be
 * closed with pcsc_close whatever the result is.
 */
extern PcscResult pcsc_open(Pcsc *pcsc, const char *reader_name, int wait_seconds);

/* A JpkiTransmit (jpki.h); link is the Pcsc. */
extern bool pcsc_transmit(void *link, const uint8_t *command, size_t length, uint8_t *response,
                          size_t *response_length);

/* Resets the card, which forgets its verified PINs, and lets go of it. */
extern void pcsc_close(Pcsc *pcsc);

#endif
