/* Signs a JWT with RS256, as service accounts do (OpenSSL). */
#include "jwt.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t base64url(char *to, const void *from, size_t length);
static bool sign(EVP_PKEY *key, const char *input, unsigned char *signature, size_t *length);

/* jwt_read_key reads a private RSA key of at least 2048 bits in PEM, or returns NULL. */
EVP_PKEY *
jwt_read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	/* an empty password, or OpenSSL would ask the terminal for one */
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) "") : NULL;

	BIO_free(bio);
	if (key != NULL && (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 2048))
	{
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/*
 * jwt_sign_rs256 returns the compact form, to be freed, or NULL.  claims is the
 * payload's JSON; key_id goes into the header as it is, and may be NULL.
 */
char *
jwt_sign_rs256(EVP_PKEY *key, const char *key_id, const char *claims)
{
	char header[300];
	unsigned char signature[1024];
	size_t signature_length = sizeof(signature), at, room;
	char *token;

	if (key_id != NULL)
		snprintf(header, sizeof(header), "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"%.200s\"}",
		         key_id);
	else
		snprintf(header, sizeof(header), "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
	room = (strlen(header) + strlen(claims) + sizeof(signature)) / 3 * 4 + 20;
	token = malloc(room);
	if (token == NULL)
		return NULL;
	at = base64url(token, header, strlen(header));
	token[at++] = '.';
	at += base64url(token + at, claims, strlen(claims));
	token[at] = '\0';
	if (!sign(key, token, signature, &signature_length))
	{
		free(token);
		return NULL;
	}
	token[at++] = '.';
	at += base64url(token + at, signature, signature_length);
	token[at] = '\0';
	return token;
}

/* sign signs the text with PKCS#1 v1.5 over SHA-256. */
static bool
sign(EVP_PKEY *key, const char *input, unsigned char *signature, size_t *length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good =
	    context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(context, signature, length, (const unsigned char *) input, strlen(input)) ==
	        1;

	EVP_MD_CTX_free(context);
	return good;
}

/* base64url writes the URL alphabet without padding, and returns how many characters. */
static size_t
base64url(char *to, const void *from, size_t length)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
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
	return at;
}
