/*
 * Variants: forms of characters that a municipality has loaded beside the
 * table that the extension ships (kanji.c).  A form is a kanji, a private-use
 * character, an old kana, or one of these with a variation selector.
 */
#ifndef PASSPORT_VARIANT_H
#define PASSPORT_VARIANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VARIANTS_MAX 200000 /* in all; the MJ shrink map makes about 60,000 */
#define VARIANT_STEPS 16    /* from a form to its usual one; real tables need four */

typedef enum VariantState
{
	VARIANT_PENDING,
	VARIANT_SETTLED,
	VARIANT_KNOWN,      /* says what is said already */
	VARIANT_AMBIGUOUS,  /* one form, several usual ones */
	VARIANT_CIRCLE,     /* leads round, or over too many steps */
	VARIANT_SHIPPED,    /* the shipped table has it otherwise */
	VARIANT_UNREADABLE, /* no form, or nothing that can be usual */
} VariantState;

typedef struct Variant
{
	uint32_t form;
	uint32_t selector; /* 0: none */
	uint32_t usual;
	VariantState state;
} Variant;

/* ReadVariant reads a pair of UTF-8 texts: pending, unreadable, or known where a form is itself. */
extern Variant ReadVariant(const char *form, size_t form_length, const char *usual,
                           size_t usual_length);

/*
 * SettleVariants sorts pending pairs and decides each one's state: a settled one's
 * usual form is never itself a form, of these or of the shipped table.  What
 * has two usual forms, or leads back to itself, or is at odds with the shipped
 * table stays itself: a wrong link is worse than none.
 */
extern void SettleVariants(Variant *variants, size_t count);

/* KeepSettled drops all but the settled ones and returns how many are left, still sorted. */
extern size_t KeepSettled(Variant *variants, size_t count);

/* UseVariants has UsualForm look into these settled ones, which must stay where they are. */
extern void UseVariants(const Variant *variants, size_t count);

/*
 * HideVariants has UsualForm look into the shipped table alone, for forms that
 * are stored and must not change with what is loaded; until it is called with
 * false.
 */
extern void HideVariants(bool hidden);

/*
 * UsualForm returns the usual form of a character with a selector (0: none),
 * itself if no table has one; loaded tells whether a loaded table had it.
 */
extern uint32_t UsualForm(uint32_t character, uint32_t selector, bool *loaded);

extern bool IsSelector(uint32_t c);

#endif
