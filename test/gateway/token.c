/*
 * A key on P-256 is read from its file, or made with it.  Tests verify the tokens
 * a second time with a library of another make.
 */
#include "token.h"

#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PART_BYTES 2048
#define HALF 32

/* token_key reads the private key of a file, or makes it, as PKCS#8 like Apple's. */
EVP_PKEY *
token_key(const char *file)
{
	FILE *stream = fopen(file, "r");
	EVP_PKEY *key = stream ? PEM_read_PrivateKey(stream, NULL, NULL, (void *) "") : NULL;

	if (stream != NULL)
		fclose(stream);
	if (key != NULL)
		return key;
	key = EVP_EC_gen("P-256");
	umask(077);
	stream = fopen(file, "w");
	if (key == NULL || stream == NULL ||
	    PEM_write_PKCS8PrivateKey(stream, key, NULL, NULL, 0, NULL, NULL) != 1)
		return NULL;
	fclose(stream);
	return key;
}

/* token_claims returns a token's payload, NULL if there is none. */
json_t *
token_claims(const char *token)
{
	unsigned char bytes[PART_BYTES];
	const char *payload = strchr(token, '.');
	const char *end = payload ? strchr(payload + 1, '.') : NULL;
	int length = end ? token_decode(payload + 1, end - payload - 1, bytes, sizeof(bytes)) : -1;

	return length > 0 ? json_loadb((char *) bytes, length, 0, NULL) : NULL;
}

/* token_verifies tells whether a token is one of ES256 with this key. */
bool
token_verifies(EVP_PKEY *key, const char *token)
{
	unsigned char raw[2 * HALF], der[100], *to = der, header[PART_BYTES];
	const char *payload = strchr(token, '.');
	const char *end = payload ? strchr(payload + 1, '.') : NULL;
	ECDSA_SIG *signature;
	EVP_MD_CTX *context;
	int length;
	bool good;

	if (end == NULL || token_decode(end + 1, strlen(end + 1), raw, sizeof(raw)) != 2 * HALF)
		return false;
	length = token_decode(token, payload - token, header, sizeof(header) - 1);
	if (length < 0)
		return false;
	header[length] = '\0';
	if (strstr((char *) header, "\"alg\":\"ES256\"") == NULL)
		return false;
	signature = ECDSA_SIG_new();
	ECDSA_SIG_set0(signature, BN_bin2bn(raw, HALF, NULL), BN_bin2bn(raw + HALF, HALF, NULL));
	length = i2d_ECDSA_SIG(signature, &to);
	ECDSA_SIG_free(signature);
	context = EVP_MD_CTX_new();
	good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerify(context, der, length, (const unsigned char *) token, end - token) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

/* token_decode decodes base64url, and returns how many bytes, or -1. */
int
token_decode(const char *text, size_t length, unsigned char *bytes, size_t room)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned group = 0;
	int bits = 0;
	size_t size = 0;

	for (size_t i = 0; i < length; i++)
	{
		const char *letter = strchr(alphabet, text[i]);

		if (letter == NULL || text[i] == '\0')
			return -1;
		group = group << 6 | (unsigned) (letter - alphabet);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (size == room)
			return -1;
		bytes[size++] = (unsigned char) (group >> bits);
	}
	return (int) size;
}
