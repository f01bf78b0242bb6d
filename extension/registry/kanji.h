/*
 * Kanji forms that mean one character in a name or an address: the table that
 * the extension ships.
 */
#ifndef PASSPORT_KANJI_H
#define PASSPORT_KANJI_H

#include <stddef.h>
#include <stdint.h>

typedef struct KanjiForm
{
	uint32_t form;
	uint32_t usual; /* never itself a form of another */
} KanjiForm;

extern const KanjiForm kanji_forms[]; /* in the order of form */
extern const size_t kanji_form_count;

extern uint32_t UsualKanji(uint32_t character);

#endif
