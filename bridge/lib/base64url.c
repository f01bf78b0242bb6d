/* base64url, both ways.  No I/O: tested alone. */
#include "base64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* base64url_encode writes a text, ended by NUL, and returns how many characters it has. */
size_t
base64url_encode(char *to, const void *from, size_t length)
{
	const unsigned char *bytes = from;
	size_t at = 0;

	for (size_t i = 0; i < length; i += 3)
	{
		unsigned left = length - i < 3 ? length - i : 3;
		unsigned bits =
		    bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);

		for (unsigned n = 0; n <= left; n++)
			to[at++] = alphabet[bits >> (18 - 6 * n) & 63];
	}
	to[at] = '\0';
	return at;
}

/* base64url_decode decodes exactly so many bytes; false: the text is no such thing. */
bool
base64url_decode(unsigned char *to, size_t wanted, const char *from)
{
	size_t length = strlen(from), size = 0;
	unsigned group = 0;
	int bits = 0;

	if (length != BASE64URL_ROOM(wanted) - 1)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		const char *letter = strchr(alphabet, from[i]);

		if (letter == NULL)
			return false;
		group = group << 6 | (unsigned) (letter - alphabet);
		bits += 6;
		if (bits >= 8 && size < wanted)
		{
			bits -= 8;
			to[size++] = (unsigned char) (group >> bits);
		}
	}
	/* bits that no byte takes up are zero, or one key had two names */
	return size == wanted && (group & ((1u << bits) - 1)) == 0;
}
