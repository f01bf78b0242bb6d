/*
 * An emulated JPKI card: the public-key applet of the individual number card
 * as an interpreter of APDUs, loaded from a card directory (test/card/README.md).
 * It knows no reader; emulator.c puts it into one.
 */
#ifndef CARD_H
#define CARD_H

#include <stddef.h>
#include <stdint.h>

/* 256 bytes of data and two of status are the most a short response holds */
#define CARD_RESPONSE_MAX 258

typedef struct Card Card;

/*
 * Loads a card; NULL with a line in problem when the directory holds none.
 * The caller frees it with card_free.
 */
extern Card *card_load(const char *directory, char *problem, size_t problem_size);
extern void card_free(Card *card);

/* Power loss or reset: nothing is selected, no PIN is verified. */
extern void card_reset(Card *card);

/* Answers one command; returns the length written to response. */
extern size_t card_transmit(Card *card, const uint8_t *command, size_t length,
                            uint8_t response[CARD_RESPONSE_MAX]);

extern const uint8_t *card_atr(size_t *length);

#endif
