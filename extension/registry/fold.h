/*
 * Folding: a text of any bytes becomes a bounded row of characters in which
 * spellings that mean one thing are spelled one way.  What was done is kept as
 * rules, so that a match can say why two texts were found equal.
 */
#ifndef PASSPORT_FOLD_H
#define PASSPORT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLD_INPUT_MAX 4096 /* bytes: more is not read at all */
#define FOLD_MAX 512        /* characters kept */

typedef enum FoldRule
{
	RULE_WIDTH = 1 << 0,    /* full-width or half-width form */
	RULE_SELECTOR = 1 << 1, /* variation selector or invisible mark dropped */
	RULE_OLD_FORM = 1 << 2, /* old or alternative kanji form */
	RULE_CASE = 1 << 3,     /* letter case */
	RULE_SPACE = 1 << 4,    /* space, comma or middle dot dropped */
	RULE_HYPHEN = 1 << 5,   /* another hyphen or dash */
	RULE_KANA = 1 << 6,     /* ヶ and が, ノ and 之 */
	RULE_NUMERAL = 1 << 7,  /* kanji numeral */
	RULE_LOT = 1 << 8,      /* 丁目, 番地, 番, 号 written out */
	RULE_AZA = 1 << 9,      /* 大字, 字 */
	RULE_PREFECTURE_OMITTED = 1 << 10,
	RULE_COUNTY_OMITTED = 1 << 11,
	RULE_BUILDING_OMITTED = 1 << 12, /* 方書 on one side only */
	RULE_SUBSTITUTE = 1 << 13,       /* the card's substitute for a character outside JIS */
	RULE_VARIANT = 1 << 14,          /* a form that the municipality has loaded */
	RULE_READING = 1 << 15,          /* kana instead of a character, as the register reads it */
} FoldRule;
#define RULE_COUNT 16

/* what is known of one character */
#define MARK_RARE 0x1        /* no certificate can hold it: a card would hold a substitute */
#define MARK_SUBSTITUTED 0x2 /* the card's substitute map flags it */
#define MARK_WORD 0x4        /* a new word begins here */

typedef struct FoldedText
{
	uint32_t character[FOLD_MAX];
	uint8_t mark[FOLD_MAX];
	size_t length;
	unsigned rules; /* of FoldRule */
	bool usable;    /* false: invalid UTF-8 or too long, equal to nothing */
} FoldedText;

/*
 * FoldText folds a UTF-8 text.  The substitute map may be NULL; it has one
 * digit per character of the text, "1" where the card's issuer replaced it.
 */
extern void FoldText(const char *text, size_t length, const char *substitution,
                     size_t substitution_length, FoldedText *folded);

/*
 * ReadCharacter decodes one UTF-8 character and steps over it.  Overlong
 * forms, surrogates, values over U+10FFFF and cut sequences are INVALID_CHARACTER.
 */
extern uint32_t ReadCharacter(const unsigned char **at, const unsigned char *end);
#define INVALID_CHARACTER 0xFFFFFFFF

/* FoldRuleName returns the name of the lowest rule in a set, for explanations. */
extern const char *FoldRuleName(unsigned rules);

#endif
