/*
 * Tokens: no text makes the parser fail, and no text but the one that was
 * signed is taken as signed.  The text is also put in as a payload and signed,
 * so that the JSON reader is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "identity/token.h"

static struct
{
	EVP_PKEY *key;
	char kid[KEY_ID_MAX];
} keys[2]; /* of each algorithm */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (int i = 0; i < 2; i++)
	{
		uint8_t lock[32] = {0};
		TokenKey made;
		DerSlice public_key = {made.public_key, 0}, sealed = {made.sealed, 0};

		if (!MakeTokenKey((TokenAlgorithm) i, lock, &made))
			abort();
		public_key.size = made.public_size;
		sealed.size = made.sealed_size;
		memcpy(keys[i].kid, made.kid, sizeof(made.kid));
		keys[i].key = OpenTokenKey(lock, made.kid, public_key, sealed);
		if (keys[i].key == NULL)
			abort();
		made.sealed[20] ^= 1;
		if (OpenTokenKey(lock, made.kid, public_key, sealed) != NULL)
			abort();
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Token token;
	char text[TOKEN_MAX];
	char encoded[TOKEN_MAX];
	uint8_t decoded[TOKEN_PAYLOAD_MAX];
	size_t used, decoded_size;

	if (ParseToken((const char *) data, size, &token) == NULL &&
	    (TokenSigned(keys[0].key, &token) || TokenSigned(keys[1].key, &token)))
		abort();

	/* what decodes encodes to itself: there is one form only */
	if (DecodeBase64Url((DerSlice){data, size}, decoded, sizeof(decoded), &decoded_size) &&
	    (EncodeBase64Url((DerSlice){decoded, decoded_size}, encoded) != size ||
	     memcmp(encoded, data, size) != 0))
		abort();

	if (size > TOKEN_PAYLOAD_MAX)
		return 0;
	for (int i = 0; i < (size % 16 == 0 ? 2 : 1); i++) /* RSA is slow to sign */
	{
		used =
		    SignToken(keys[i].key, "JWT", keys[i].kid, (DerSlice){data, size}, text, sizeof(text));
		if (used != 0 && ParseToken(text, used, &token) == NULL &&
		    (!TokenSigned(keys[i].key, &token) || TokenSigned(keys[1 - i].key, &token)))
			abort();
	}
	return 0;
}
