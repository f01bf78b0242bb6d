/*
 * Any bytes as pairs of a form and its usual form, a pair a line, parted by a
 * tab: what settles must be usual for good, whatever was loaded with it.
 */
#include <stdlib.h>
#include <string.h>

#include "registry/normalize.h"
#include "registry/variant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
Expect(bool good)
{
	if (!good)
		abort();
}

/* ReadPairs reads the pairs that can be settled. */
static size_t
ReadPairs(const char *text, size_t size, Variant *pairs, size_t room)
{
	const char *end = text + size;
	size_t count = 0;

	while (text < end && count < room)
	{
		const char *feed = memchr(text, '\n', end - text);
		const char *line_end = feed != NULL ? feed : end;
		const char *tab = memchr(text, '\t', line_end - text);

		if (tab != NULL)
			pairs[count] = ReadVariant(text, tab - text, tab + 1, line_end - tab - 1);
		if (tab != NULL && pairs[count].state == VARIANT_PENDING)
			count++;
		text = line_end < end ? line_end + 1 : end;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Variant pairs[4096];
	size_t count = ReadPairs((const char *) data, size, pairs, 4096);

	SettleVariants(pairs, count);
	for (size_t i = 0; i < count; i++)
		Expect(pairs[i].state != VARIANT_PENDING && pairs[i].state != VARIANT_UNREADABLE);
	count = KeepSettled(pairs, count);
	UseVariants(pairs, count);
	for (size_t i = 0; i < count; i++)
	{
		FoldedText once, twice;
		uint32_t form[2] = {pairs[i].form, pairs[i].selector};
		char text[FOLD_MAX * 4];
		size_t length = WriteCharacters(form, pairs[i].selector != 0 ? 2 : 1, text);
		bool loaded;

		Expect(UsualForm(pairs[i].usual, 0, &loaded) == pairs[i].usual);
		Expect(UsualForm(pairs[i].form, pairs[i].selector, &loaded) == pairs[i].usual && loaded);
		/* a name of that form is its own normal form once it is folded */
		NormalizeName(text, length, NULL, 0, &once);
		Expect(once.usable && once.length == 1);
		length = WriteCharacters(once.character, once.length, text);
		NormalizeName(text, length, NULL, 0, &twice);
		Expect(twice.usable && twice.length == 1 && twice.character[0] == once.character[0]);
	}
	/* settled pairs stay as they are when they are settled again, as each backend does */
	SettleVariants(pairs, count);
	Expect(KeepSettled(pairs, count) == count);
	UseVariants(NULL, 0);
	return 0;
}
