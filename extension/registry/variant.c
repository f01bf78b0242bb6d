/*
 * Every pass over the pairs settles those whose usual form is settled, so a
 * table of any shape costs VARIANT_STEPS passes at most.
 */
#include "registry/variant.h"

#include <stdlib.h>

#include "registry/fold.h"
#include "registry/jis.h"
#include "registry/kanji.h"

static const Variant *loaded_variants;
static size_t loaded_count;
static bool loaded_hidden;

static bool is_form(uint32_t c);
static bool is_usual(uint32_t c);
static int compare_pairs(const void *a, const void *b);
static size_t find_form(const Variant *variants, size_t count, uint32_t form, uint32_t selector);
static size_t group_end(const Variant *variants, size_t count, size_t begin);
static void mark_group(Variant *variants, size_t begin, size_t end, VariantState state);
static void keep_shipped(Variant *variants, size_t count);
static bool settle_group(Variant *variants, size_t count, size_t begin, size_t end);
static bool find_end(const Variant *variants, size_t count, uint32_t c, uint32_t *usual);
static void close_group(Variant *variants, size_t begin, size_t end, uint32_t usual);

Variant
ReadVariant(const char *form, size_t form_length, const char *usual, size_t usual_length)
{
	Variant variant = {0, 0, 0, VARIANT_UNREADABLE};
	const unsigned char *at = (const unsigned char *) form;
	const unsigned char *end = at + form_length;

	if (form_length == 0 || usual_length == 0)
		return variant;
	variant.form = ReadCharacter(&at, end);
	if (is_form(variant.form) && at < end)
	{
		variant.selector = ReadCharacter(&at, end);
		if (!IsSelector(variant.selector))
			return variant;
	}
	if (!is_form(variant.form) || at < end)
		return variant;
	at = (const unsigned char *) usual;
	end = at + usual_length;
	variant.usual = ReadCharacter(&at, end);
	if (is_usual(variant.usual) && at == end)
		variant.state = variant.usual == variant.form ? VARIANT_KNOWN : VARIANT_PENDING;
	return variant;
}

void
SettleVariants(Variant *variants, size_t count)
{
	bool moved = true;

	if (count == 0)
		return;
	qsort(variants, count, sizeof(Variant), compare_pairs);
	keep_shipped(variants, count);
	for (int step = 0; step < VARIANT_STEPS && moved; step++)
	{
		moved = false;
		for (size_t begin = 0; begin < count;)
		{
			size_t end = group_end(variants, count, begin);

			if (variants[begin].state == VARIANT_PENDING)
				moved |= settle_group(variants, count, begin, end);
			begin = end;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (variants[i].state == VARIANT_PENDING)
			variants[i].state = VARIANT_CIRCLE;
}

size_t
KeepSettled(Variant *variants, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (variants[i].state == VARIANT_SETTLED)
			variants[kept++] = variants[i];
	return kept;
}

void
UseVariants(const Variant *variants, size_t count)
{
	loaded_variants = variants;
	loaded_count = count;
}

void
HideVariants(bool hidden)
{
	loaded_hidden = hidden;
}

uint32_t
UsualForm(uint32_t character, uint32_t selector, bool *loaded)
{
	size_t count = loaded_hidden ? 0 : loaded_count;
	uint32_t shipped;
	size_t place;

	if (selector != 0)
	{
		place = find_form(loaded_variants, count, character, selector);
		if (place < count)
		{
			*loaded = true;
			return loaded_variants[place].usual;
		}
	}
	shipped = UsualKanji(character);
	if (shipped == character)
	{
		place = find_form(loaded_variants, count, character, 0);
		if (place < count)
		{
			*loaded = true;
			return loaded_variants[place].usual;
		}
	}
	*loaded = false;
	return shipped;
}

bool
IsSelector(uint32_t c)
{
	return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF);
}

/* is_form knows what may be a form: kana and letters in use must never stand for others. */
static bool
is_form(uint32_t c)
{
	return (c >= 0x2E80 && c <= 0x2FD5) || (c >= 0x3400 && c <= 0x9FFF) ||
	       (c >= 0xE000 && c <= 0xFAFF) || (c >= 0x1B000 && c <= 0x1B16F) ||
	       (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0xF0000 && c <= 0x10FFFD);
}

/* is_usual knows what may be usual: a kanji or a kana. */
static bool
is_usual(uint32_t c)
{
	return (c >= 0x3005 && c <= 0x3007) || (c >= 0x3041 && c <= 0x3096) ||
	       (c >= 0x30A1 && c <= 0x30FA) || is_form(c);
}

static int
compare_pairs(const void *a, const void *b)
{
	const Variant *left = a;
	const Variant *right = b;

	if (left->form != right->form)
		return left->form < right->form ? -1 : 1;
	if (left->selector != right->selector)
		return left->selector < right->selector ? -1 : 1;
	return left->usual < right->usual ? -1 : left->usual > right->usual;
}

/* find_form returns the place of a form's first pair, count if it has none. */
static size_t
find_form(const Variant *variants, size_t count, uint32_t form, uint32_t selector)
{
	size_t low = 0;
	size_t high = count;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;
		const Variant *at = &variants[middle];

		if (at->form < form || (at->form == form && at->selector < selector))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < count && variants[low].form == form && variants[low].selector == selector)
		return low;
	return count;
}

static size_t
group_end(const Variant *variants, size_t count, size_t begin)
{
	size_t end = begin + 1;

	while (end < count && variants[end].form == variants[begin].form &&
	       variants[end].selector == variants[begin].selector)
		end++;
	return end;
}

/* mark_group marks those of a form's pairs that nothing has marked yet. */
static void
mark_group(Variant *variants, size_t begin, size_t end, VariantState state)
{
	for (size_t i = begin; i < end; i++)
		if (variants[i].state == VARIANT_PENDING)
			variants[i].state = state;
}

/* keep_shipped keeps what is usual in the shipped table from becoming a form: 斎 stays 斎. */
static void
keep_shipped(Variant *variants, size_t count)
{
	for (size_t i = 0; i < kanji_form_count; i++)
	{
		size_t begin = find_form(variants, count, kanji_forms[i].usual, 0);

		if (begin < count)
			mark_group(variants, begin, group_end(variants, count, begin), VARIANT_SHIPPED);
	}
}

/* settle_group settles a form if all it leads to is settled; false if it must wait. */
static bool
settle_group(Variant *variants, size_t count, size_t begin, size_t end)
{
	uint32_t form = variants[begin].form;
	uint32_t usual = 0; /* 0: nothing that is not known */

	for (size_t i = begin; i < end; i++)
	{
		uint32_t reached;

		if (!find_end(variants, count, variants[i].usual, &reached))
			return false;
		if (usual != 0 && reached != usual)
		{
			mark_group(variants, begin, end, VARIANT_AMBIGUOUS);
			return true;
		}
		usual = reached;
	}
	if (variants[begin].selector != 0)
	{
		uint32_t base;

		/* a sequence is a glyph of its base: only a base that no card can hold may give way */
		if (!find_end(variants, count, form, &base))
			return false;
		if (base != usual && (base != form || CertificateHolds(form)))
		{
			mark_group(variants, begin, end, VARIANT_AMBIGUOUS);
			return true;
		}
		if (base == usual)
			usual = 0;
	}
	close_group(variants, begin, end, usual);
	return true;
}

/* find_end follows a character to the usual form that is settled for it; false: not yet. */
static bool
find_end(const Variant *variants, size_t count, uint32_t c, uint32_t *usual)
{
	size_t place;

	*usual = UsualKanji(c);
	if (*usual != c)
		return true;
	place = find_form(variants, count, c, 0);
	if (place == count)
		return true;
	if (variants[place].state == VARIANT_PENDING)
		return false;
	if (variants[place].state == VARIANT_SETTLED)
		*usual = variants[place].usual;
	return true;
}

/* close_group gives a form its one usual form (0: nothing new) in its first pair. */
static void
close_group(Variant *variants, size_t begin, size_t end, uint32_t usual)
{
	uint32_t form = variants[begin].form;
	uint32_t shipped = variants[begin].selector == 0 ? UsualKanji(form) : form;

	if (usual != 0 && shipped != form && shipped != usual)
		mark_group(variants, begin, end, VARIANT_SHIPPED);
	else if (usual != 0 && usual != form && shipped == form)
	{
		/* the first is what lookups find, whatever it said */
		variants[begin].usual = usual;
		variants[begin].state = VARIANT_SETTLED;
	}
	mark_group(variants, begin, end, VARIANT_KNOWN);
}
