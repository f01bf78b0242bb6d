/*
 * Normalised names and addresses: what is compared when a card's holder is
 * looked for in the register.  Pure C: no server, no allocation.
 */
#ifndef PASSPORT_NORMALIZE_H
#define PASSPORT_NORMALIZE_H

#include "registry/fold.h"

#define PREFECTURES 47
#define COUNTY_MAX 8

typedef struct CharacterRow
{
	uint32_t character[FOLD_MAX];
	size_t length;
} CharacterRow;

/*
 * An address, cut where Japan's addresses are cut.  The place begins with the
 * municipality's name; prefecture and county may be left out in writing, so
 * they stand apart.  The lot is the 地番 or the number of the residence
 * display as "1183-2"; the building is whatever follows it (方書).
 */
typedef struct NormalAddress
{
	int prefecture; /* JIS X 0401, 0: not given */
	uint32_t county[COUNTY_MAX];
	size_t county_length; /* 0: not given */
	CharacterRow place;
	CharacterRow lot;
	CharacterRow building;
	bool building_apart; /* set off from the lot, so that it is no part of it */
	unsigned rules;
	bool usable;
} NormalAddress;

/* NormalizeName folds a name and drops what parts its words, but marks where each begins. */
extern void NormalizeName(const char *text, size_t length, const char *substitution,
                          size_t substitution_length, FoldedText *name);

/* NormalizeAddress folds an address and cuts it. */
extern void NormalizeAddress(const char *text, size_t length, NormalAddress *address);

/* A 大字 or 小字, and a lot, that stand alone; false if the text is none. */
extern bool NormalizePlaceName(const char *text, size_t length, CharacterRow *name);
extern bool NormalizeLot(const char *text, size_t length, CharacterRow *lot);

/*
 * Keys for the lookup of candidates: equal names have equal keys, and so have
 * addresses that agree from the municipality's name to the lot.  They are
 * stored: a change of rules needs passport.refresh_match_keys().
 */
extern uint64_t NameKey(const FoldedText *name);
extern uint64_t AddressKey(const NormalAddress *address);

/* WriteCharacters writes characters as UTF-8 and returns the bytes; the room must be four a
 * character. */
extern size_t WriteCharacters(const uint32_t *characters, size_t length, char *text);

#endif
