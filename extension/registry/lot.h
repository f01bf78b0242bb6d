/*
 * The numbers of an address: 1183番地2, 千百八十三番地ノ二, １１８３－２ and
 * 1183の2 are all 1183-2.
 */
#ifndef PASSPORT_LOT_H
#define PASSPORT_LOT_H

#include "registry/normalize.h"

/* a place in a row of characters */
typedef struct Cursor
{
	const uint32_t *at;
	const uint32_t *end;
} Cursor;

extern bool StartsWith(Cursor cursor, const char *word);
extern bool SkipWord(Cursor *cursor, const char *word);
extern bool IsKanji(uint32_t c);

/* LotStarts tells whether a number at the cursor is the lot's, not a place name's (八千穂, 3条). */
extern bool LotStarts(Cursor cursor);

/*
 * ReadLot moves the lot from the cursor to the address, and tells in
 * building_apart whether something parts it from what follows.
 */
extern void ReadLot(Cursor *cursor, NormalAddress *address);

#endif
