/*
 * Signs a JWT with RS256, as Google's service accounts do, or with ES256, as
 * APNs and VAPID want it (OpenSSL).
 */
#include "jwt.h"

#include "base64url.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE_BYTES 1024 /* of RSA keys up to 8192 bits */
#define P256_BYTES 32

static EVP_PKEY *read_private_key(const char *pem);
static char *sign_token(EVP_PKEY *key, const char *algorithm, const char *key_id,
                        const char *claims);
static bool sign(EVP_PKEY *key, const char *input, unsigned char *signature, size_t *length);
static bool to_raw(unsigned char *signature, size_t *length);

/* jwt_read_key reads a private RSA key of at least 2048 bits in PEM, or returns NULL. */
EVP_PKEY *
jwt_read_key(const char *pem)
{
	EVP_PKEY *key = read_private_key(pem);

	if (key != NULL && (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 2048))
	{
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/* jwt_read_p256_key reads a private key on P-256 in PEM, or returns NULL. */
EVP_PKEY *
jwt_read_p256_key(const char *pem)
{
	EVP_PKEY *key = read_private_key(pem);
	char curve[40] = "";

	if (key != NULL && (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
	                    EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve,
	                                                   sizeof(curve), NULL) != 1 ||
	                    strcmp(curve, "prime256v1") != 0))
	{
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static EVP_PKEY *
read_private_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	/* an empty password, or OpenSSL would ask the terminal for one */
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) "") : NULL;

	BIO_free(bio);
	return key;
}

/*
 * jwt_sign_rs256 returns the compact form, to be freed, or NULL.  claims is the
 * payload's JSON; key_id goes into the header as it is, and may be NULL.
 */
char *
jwt_sign_rs256(EVP_PKEY *key, const char *key_id, const char *claims)
{
	return sign_token(key, "RS256", key_id, claims);
}

/* jwt_sign_es256 is jwt_sign_rs256 for a key on P-256. */
char *
jwt_sign_es256(EVP_PKEY *key, const char *key_id, const char *claims)
{
	return sign_token(key, "ES256", key_id, claims);
}

static char *
sign_token(EVP_PKEY *key, const char *algorithm, const char *key_id, const char *claims)
{
	char header[300];
	unsigned char signature[SIGNATURE_BYTES];
	size_t length = sizeof(signature), at, room;
	char *token;

	if (key_id != NULL)
		snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%.200s\"}",
		         algorithm, key_id);
	else
		snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\"}", algorithm);
	room = (strlen(header) + strlen(claims) + sizeof(signature)) / 3 * 4 + 20;
	token = malloc(room);
	if (token == NULL)
		return NULL;
	at = base64url_encode(token, header, strlen(header));
	token[at++] = '.';
	base64url_encode(token + at, claims, strlen(claims));
	if (!sign(key, token, signature, &length) ||
	    (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && !to_raw(signature, &length)))
	{
		free(token);
		return NULL;
	}
	at = strlen(token);
	token[at++] = '.';
	base64url_encode(token + at, signature, length);
	return token;
}

/* sign signs the text over SHA-256, with PKCS#1 v1.5 where the key is an RSA key. */
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

/* to_raw makes r and s side by side, as JWS wants an ECDSA signature, of the DER that OpenSSL
 * makes. */
static bool
to_raw(unsigned char *signature, size_t *length)
{
	const unsigned char *der = signature;
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long) *length);
	bool good =
	    parts != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(parts), signature, P256_BYTES) == P256_BYTES &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(parts), signature + P256_BYTES, P256_BYTES) == P256_BYTES;

	ECDSA_SIG_free(parts);
	*length = 2 * P256_BYTES;
	return good;
}
