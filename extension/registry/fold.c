/*
 * The character-level half of normalisation.  One pass over the bytes, no
 * allocation, no table that a text can make us scan more than once per
 * character: the time is bounded by FOLD_INPUT_MAX whatever comes in.
 */
#include "registry/fold.h"

#include "registry/jis.h"
#include "registry/variant.h"

static uint32_t selector_at(const unsigned char *at, const unsigned char *end);
static bool is_dropped(uint32_t c);
static bool is_rare(uint32_t c);
static bool is_space(uint32_t c);
static bool is_hyphen(uint32_t c);
static uint32_t usual_width(uint32_t c);
static uint32_t voiced(uint32_t kana, uint32_t sound_mark);
static uint32_t fold_character(uint32_t c, uint32_t selector, unsigned *rules);
static bool take_character(uint32_t raw, uint32_t selector, bool substituted, FoldedText *folded);

void
FoldText(const char *text, size_t length, const char *substitution, size_t substitution_length,
         FoldedText *folded)
{
	const unsigned char *at = (const unsigned char *) text;
	const unsigned char *end;
	size_t position = 0;

	folded->length = 0;
	folded->rules = 0;
	folded->usable = false;
	if (text == NULL || length > FOLD_INPUT_MAX)
		return;
	end = at + length;
	while (at < end)
	{
		uint32_t raw = ReadCharacter(&at, end);
		bool substituted =
		    substitution != NULL && position < substitution_length && substitution[position] == '1';

		position++;
		if (raw == INVALID_CHARACTER || raw == 0 ||
		    !take_character(raw, selector_at(at, end), substituted, folded))
			return;
	}
	folded->usable = true;
}

const char *
FoldRuleName(unsigned rules)
{
	static const char *const names[RULE_COUNT] = {
	    "width",
	    "selector",
	    "old_form",
	    "case",
	    "space",
	    "hyphen",
	    "kana",
	    "numeral",
	    "lot",
	    "aza",
	    "prefecture_omitted",
	    "county_omitted",
	    "building_omitted",
	    "substitute",
	    "variant",
	    "reading",
	};

	for (int i = 0; i < RULE_COUNT; i++)
		if (rules & (1u << i))
			return names[i];
	return "equal";
}

/* take_character folds one character onto the end of the row; false if the row is full. */
static bool
take_character(uint32_t raw, uint32_t selector, bool substituted, FoldedText *folded)
{
	uint32_t c;
	uint8_t mark = (is_rare(raw) ? MARK_RARE : 0) | (substituted ? MARK_SUBSTITUTED : 0);

	if (is_dropped(raw))
	{
		/* a selector chooses a glyph that a certificate cannot name */
		if (folded->length > 0 && raw >= 0xE0100)
			folded->mark[folded->length - 1] |= MARK_RARE;
		folded->rules |= RULE_SELECTOR;
		return true;
	}
	c = fold_character(raw, selector, &folded->rules);
	if (c == 0x3099 || c == 0x309A)
	{
		/* a sound mark that no kana can bear says nothing */
		uint32_t with = folded->length > 0 ? voiced(folded->character[folded->length - 1], c) : 0;

		if (with != 0)
			folded->character[folded->length - 1] = with;
		folded->rules |= RULE_WIDTH;
		return true;
	}
	if (folded->length == FOLD_MAX)
		return false;
	folded->character[folded->length] = c;
	folded->mark[folded->length++] = mark;
	return true;
}

/*
 * fold_character returns the one spelling of a character (followed by a
 * selector, 0: none) and notes the rules that led there.
 */
static uint32_t
fold_character(uint32_t c, uint32_t selector, unsigned *rules)
{
	uint32_t folded = usual_width(c);

	if (folded != c)
		*rules |= RULE_WIDTH;
	if (is_space(folded))
		return ' ';
	if (is_hyphen(folded))
	{
		if (folded != '-')
			*rules |= RULE_HYPHEN;
		return '-';
	}
	if (folded >= 'a' && folded <= 'z')
	{
		*rules |= RULE_CASE;
		return folded - 'a' + 'A';
	}
	if (folded >= 0x2E80)
	{
		bool loaded;
		uint32_t usual = UsualForm(folded, selector, &loaded);

		if (usual != folded)
			*rules |= loaded ? RULE_VARIANT : RULE_OLD_FORM;
		return usual;
	}
	return folded;
}

/* selector_at returns the variation selector at a place, 0 if none stands there. */
static uint32_t
selector_at(const unsigned char *at, const unsigned char *end)
{
	uint32_t next = at < end ? ReadCharacter(&at, end) : 0;

	return IsSelector(next) ? next : 0;
}

uint32_t
ReadCharacter(const unsigned char **at, const unsigned char *end)
{
	const unsigned char *s = *at;
	uint32_t c = s[0];
	static const uint32_t lowest[] = {0, 0x80, 0x800, 0x10000};
	int more;

	if (c < 0x80)
	{
		*at = s + 1;
		return c;
	}
	if (c >= 0xC2 && c <= 0xDF)
		more = 1, c &= 0x1F;
	else if (c >= 0xE0 && c <= 0xEF)
		more = 2, c &= 0x0F;
	else if (c >= 0xF0 && c <= 0xF4)
		more = 3, c &= 0x07;
	else
		return INVALID_CHARACTER;
	if (end - s <= more)
		return INVALID_CHARACTER;
	for (int i = 1; i <= more; i++)
	{
		if ((s[i] & 0xC0) != 0x80)
			return INVALID_CHARACTER;
		c = c << 6 | (s[i] & 0x3F);
	}
	if (c < lowest[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return INVALID_CHARACTER;
	*at = s + more + 1;
	return c;
}

/* is_dropped knows marks that show nothing of their own: selectors, joiners, byte order marks. */
static bool
is_dropped(uint32_t c)
{
	return IsSelector(c) || (c >= 0x180B && c <= 0x180D) || (c >= 0x200B && c <= 0x200F) ||
	       c == 0x2060 || c == 0xFEFF;
}

/* is_rare knows kanji, old kana and private characters that no certificate can hold. */
static bool
is_rare(uint32_t c)
{
	return ((c >= 0x3400 && c <= 0x9FFF) || (c >= 0xE000 && c <= 0xFAFF) ||
	        (c >= 0x1B000 && c <= 0x1B16F) || c >= 0x20000) &&
	       !CertificateHolds(c);
}

static bool
is_space(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) ||
	       c == 0x202F || c == 0x205F || c == 0x3000;
}

/*
 * is_hyphen knows hyphens, dashes, minus and the lines drawn instead of them,
 * not the kana ー.  A soft hyphen is one: dropped, it would make 1183-2 of
 * another lot.
 */
static bool
is_hyphen(uint32_t c)
{
	return c == '-' || c == 0xAD || c == 0x2043 || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 ||
	       c == 0x2500 || c == 0x2501 || c == 0xFE58 || c == 0xFE63;
}

/*
 * usual_width maps full-width ASCII and half-width kana to their usual forms.
 * With the radicals and compatibility kanji of kanji.c that is all of NFKC
 * that is safe here: ② as 2 or ㌔ as キロ would join to the numbers beside it.
 */
static uint32_t
usual_width(uint32_t c)
{
	static const uint16_t kana[] = {
	    /* U+FF61 to U+FF9F */
	    0x3002, 0x300C, 0x300D, 0x3001, 0x30FB, 0x30F2, 0x30A1, 0x30A3, 0x30A5, 0x30A7, 0x30A9,
	    0x30E3, 0x30E5, 0x30E7, 0x30C3, 0x30FC, 0x30A2, 0x30A4, 0x30A6, 0x30A8, 0x30AA, 0x30AB,
	    0x30AD, 0x30AF, 0x30B1, 0x30B3, 0x30B5, 0x30B7, 0x30B9, 0x30BB, 0x30BD, 0x30BF, 0x30C1,
	    0x30C4, 0x30C6, 0x30C8, 0x30CA, 0x30CB, 0x30CC, 0x30CD, 0x30CE, 0x30CF, 0x30D2, 0x30D5,
	    0x30D8, 0x30DB, 0x30DE, 0x30DF, 0x30E0, 0x30E1, 0x30E2, 0x30E4, 0x30E6, 0x30E8, 0x30E9,
	    0x30EA, 0x30EB, 0x30EC, 0x30ED, 0x30EF, 0x30F3, 0x3099, 0x309A,
	};

	if (c >= 0xFF01 && c <= 0xFF5E)
		return c - 0xFF01 + 0x21;
	if (c >= 0xFF61 && c <= 0xFF9F)
		return kana[c - 0xFF61];
	/* the free-standing sound marks are meant for the kana before them */
	if (c == 0x309B || c == 0x309C)
		return c - 2;
	return c;
}

/* voiced returns the kana that a kana and a following sound mark make, 0 if none. */
static uint32_t
voiced(uint32_t kana, uint32_t sound_mark)
{
	uint32_t shift = kana >= 0x30A0 ? 0x60 : 0;
	uint32_t c = kana - shift; /* as hiragana */

	if (sound_mark == 0x3099)
	{
		if ((c >= 0x304B && c <= 0x3061 && c % 2 == 1) || c == 0x3064 || c == 0x3066 || c == 0x3068)
			return kana + 1;
		if (c == 0x3046)
			return 0x3094 + shift;
	}
	if (c >= 0x306F && c <= 0x307B && (c - 0x306F) % 3 == 0)
		return kana + (sound_mark == 0x3099 ? 1 : 2);
	return 0;
}
