/*
 * Kana on a card: where a character has no substitute, the certificate's
 * issuer writes how it is read.
 */
#ifndef PASSPORT_READING_H
#define PASSPORT_READING_H

#include "registry/normalize.h"

/* KanaRun counts the flagged kana from a place on, within one word. */
extern size_t KanaRun(const FoldedText *card, size_t begin);

/*
 * RareRun counts the characters from a place on that no certificate can hold,
 * as many as the card's substitutes up to "behind" can stand for: at most
 * "most" and, if those that follow there are flagged too, so many less.
 */
extern size_t RareRun(const FoldedText *recorded, size_t begin, size_t most, const FoldedText *card,
                      size_t behind);

/*
 * ReadingAgrees tells whether the registered reading (unusable: not known)
 * proves the kana from begin to end: both names have as many words, and in the word the kana are
 * the whole reading, its beginning or its end.  Kana in the middle of a word
 * prove nothing, for nobody knows where they stand in the reading.
 */
extern bool ReadingAgrees(const FoldedText *card, size_t begin, size_t end,
                          const FoldedText *reading);

#endif
