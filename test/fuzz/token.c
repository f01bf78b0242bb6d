/*
 * Tokens: no text makes the parser fail, and no text but the one that was
 * signed is taken as signed.  The text is also put in as a payload and signed,
 * so that the JSON reader is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "identity/token.h"

static EVP_PKEY *key;
static char kid[KEY_ID_MAX];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t lock[32] = {0}, public_key[PUBLIC_SIZE], sealed[SEALED_SIZE];

	if (!MakeTokenKey(lock, kid, public_key, sealed))
		abort();
	key = OpenTokenKey(lock, kid, public_key, sealed);
	if (key == NULL)
		abort();
	sealed[20] ^= 1;
	if (OpenTokenKey(lock, kid, public_key, sealed) != NULL)
		abort();
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

	if (ParseToken((const char *) data, size, &token) == NULL && TokenSigned(key, &token))
		abort();

	/* what decodes encodes to itself: there is one form only */
	if (DecodeBase64Url((DerSlice){data, size}, decoded, sizeof(decoded), &decoded_size) &&
	    (EncodeBase64Url((DerSlice){decoded, decoded_size}, encoded) != size ||
	     memcmp(encoded, data, size) != 0))
		abort();

	if (size > TOKEN_PAYLOAD_MAX)
		return 0;
	used = SignToken(key, kid, (DerSlice){data, size}, text, sizeof(text));
	if (used != 0 && ParseToken(text, used, &token) == NULL && !TokenSigned(key, &token))
		abort();
	return 0;
}
