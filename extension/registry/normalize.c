#include "registry/normalize.h"

#include <string.h>

static uint64_t hash_row(uint64_t hash, const uint32_t *characters, size_t length);

void
NormalizeName(const char *text, size_t length, const char *substitution, size_t substitution_length,
              FoldedText *name)
{
	size_t kept = 0;
	uint8_t word = 0;

	FoldText(text, length, substitution, substitution_length, name);
	for (size_t i = 0; i < name->length; i++)
	{
		uint32_t c = name->character[i];

		/* the card parts family and given name with U+3000, registers in many ways */
		if (c == ' ' || c == ',' || c == 0x30FB)
		{
			name->rules |= RULE_SPACE;
			word = MARK_WORD;
			continue;
		}
		name->character[kept] = c;
		name->mark[kept++] = name->mark[i] | word;
		word = 0;
	}
	name->length = kept;
	if (kept == 0)
		name->usable = false;
}

uint64_t
NameKey(const FoldedText *name)
{
	return hash_row(0xCBF29CE484222325u, name->character, name->length);
}

uint64_t
AddressKey(const NormalAddress *address)
{
	static const uint32_t end_of_place = 0x1F;
	uint64_t hash = hash_row(0xCBF29CE484222325u, address->place.character, address->place.length);

	hash = hash_row(hash, &end_of_place, 1);
	return hash_row(hash, address->lot.character, address->lot.length);
}

/* hash_row carries a 64-bit FNV-1a hash on over characters, byte by byte, lowest first. */
static uint64_t
hash_row(uint64_t hash, const uint32_t *characters, size_t length)
{
	for (size_t i = 0; i < length; i++)
		for (int shift = 0; shift < 32; shift += 8)
			hash = (hash ^ ((characters[i] >> shift) & 0xFF)) * 0x100000001B3u;
	return hash;
}

size_t
WriteCharacters(const uint32_t *characters, size_t length, char *text)
{
	unsigned char *at = (unsigned char *) text;

	for (size_t i = 0; i < length; i++)
	{
		uint32_t c = characters[i];

		if (c < 0x80)
			*at++ = (unsigned char) c;
		else if (c < 0x800)
		{
			*at++ = 0xC0 | (c >> 6);
			*at++ = 0x80 | (c & 0x3F);
		}
		else if (c < 0x10000)
		{
			*at++ = 0xE0 | (c >> 12);
			*at++ = 0x80 | (c >> 6 & 0x3F);
			*at++ = 0x80 | (c & 0x3F);
		}
		else
		{
			*at++ = 0xF0 | (c >> 18);
			*at++ = 0x80 | (c >> 12 & 0x3F);
			*at++ = 0x80 | (c >> 6 & 0x3F);
			*at++ = 0x80 | (c & 0x3F);
		}
	}
	return (size_t) ((char *) at - text);
}
