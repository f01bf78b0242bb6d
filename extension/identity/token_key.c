/*
 * The keys of the tokens: P-256, known by their JWK thumbprint (RFC 7638).  At
 * rest a private key is sealed with AES-256-GCM; its kid is authenticated with
 * it, so that a row's sealed key cannot be put in another's place.  Pure C.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "identity/token.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16

static bool get_numbers(EVP_PKEY *key, uint8_t public_key[PUBLIC_SIZE],
                        uint8_t private_key[PRIVATE_SIZE]);
static EVP_PKEY *make_key(const uint8_t public_key[PUBLIC_SIZE], const BIGNUM *private_number);
static bool seal(const uint8_t lock[32], const char *kid, const uint8_t *private_key,
                 uint8_t sealed[SEALED_SIZE]);
static bool unseal(const uint8_t lock[32], const char *kid, const uint8_t sealed[SEALED_SIZE],
                   uint8_t *private_key);

bool
MakeTokenKey(const uint8_t lock[32], char kid[KEY_ID_MAX], uint8_t public_key[PUBLIC_SIZE],
             uint8_t sealed[SEALED_SIZE])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	uint8_t private_key[PRIVATE_SIZE];
	bool good;

	good = key != NULL && get_numbers(key, public_key, private_key) &&
	       KeyThumbprint(public_key, kid) && seal(lock, kid, private_key, sealed);
	OPENSSL_cleanse(private_key, sizeof(private_key));
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good;
}

static bool
get_numbers(EVP_PKEY *key, uint8_t public_key[PUBLIC_SIZE], uint8_t private_key[PRIVATE_SIZE])
{
	BIGNUM *number = NULL;
	size_t size;
	bool good;

	good = EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, public_key, PUBLIC_SIZE,
	                                       &size) &&
	       size == PUBLIC_SIZE && public_key[0] == 4 &&
	       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) &&
	       BN_bn2binpad(number, private_key, PRIVATE_SIZE) == PRIVATE_SIZE;
	BN_clear_free(number);
	return good;
}

EVP_PKEY *
OpenTokenKey(const uint8_t lock[32], const char *kid, const uint8_t public_key[PUBLIC_SIZE],
             const uint8_t sealed[SEALED_SIZE])
{
	uint8_t private_key[PRIVATE_SIZE];
	BIGNUM *number = NULL;
	EVP_PKEY *key = NULL;

	if (unseal(lock, kid, sealed, private_key))
	{
		number = BN_secure_new();
		if (number != NULL && BN_bin2bn(private_key, PRIVATE_SIZE, number) != NULL)
			key = make_key(public_key, number);
	}
	BN_clear_free(number);
	OPENSSL_cleanse(private_key, sizeof(private_key));
	ERR_clear_error();
	return key;
}

EVP_PKEY *
PublicTokenKey(const uint8_t public_key[PUBLIC_SIZE])
{
	EVP_PKEY *key = make_key(public_key, NULL);

	ERR_clear_error();
	return key;
}

static EVP_PKEY *
make_key(const uint8_t public_key[PUBLIC_SIZE], const BIGNUM *private_number)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *parameters = NULL;
	EVP_PKEY *key = NULL;
	int selection = private_number == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;

	if (builder != NULL && context != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, public_key,
	                                     PUBLIC_SIZE) &&
	    (private_number == NULL ||
	     OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, private_number)))
		parameters = OSSL_PARAM_BLD_to_param(builder);
	if (parameters == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
	    EVP_PKEY_fromdata(context, &key, selection, parameters) <= 0)
		key = NULL;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* KeyThumbprint hashes the key's members in their order, without space (RFC 7638 3). */
bool
KeyThumbprint(const uint8_t public_key[PUBLIC_SIZE], char kid[KEY_ID_MAX])
{
	char x[48], y[48], members[160];
	uint8_t hash[SHA256_DIGEST_LENGTH];
	int length;

	x[EncodeBase64Url((DerSlice){public_key + 1, 32}, x)] = '\0';
	y[EncodeBase64Url((DerSlice){public_key + 33, 32}, y)] = '\0';
	length = snprintf(members, sizeof(members),
	                  "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	SHA256((const uint8_t *) members, (size_t) length, hash);
	kid[EncodeBase64Url((DerSlice){hash, sizeof(hash)}, kid)] = '\0';
	return public_key[0] == 4;
}

/* seal writes nonce, ciphertext and tag, in this order. */
static bool
seal(const uint8_t lock[32], const char *kid, const uint8_t *private_key,
     uint8_t sealed[SEALED_SIZE])
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *secret = sealed + NONCE_SIZE;
	int length;
	bool good;

	good =
	    context != NULL && RAND_bytes(sealed, NONCE_SIZE) == 1 &&
	    EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, lock, sealed) == 1 &&
	    EVP_EncryptUpdate(context, NULL, &length, (const uint8_t *) kid, (int) strlen(kid)) == 1 &&
	    EVP_EncryptUpdate(context, secret, &length, private_key, PRIVATE_SIZE) == 1 &&
	    EVP_EncryptFinal_ex(context, secret + length, &length) == 1 &&
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, secret + PRIVATE_SIZE) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}

static bool
unseal(const uint8_t lock[32], const char *kid, const uint8_t sealed[SEALED_SIZE],
       uint8_t *private_key)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const uint8_t *secret = sealed + NONCE_SIZE;
	int length;
	bool good;

	good =
	    context != NULL &&
	    EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, lock, sealed) == 1 &&
	    EVP_DecryptUpdate(context, NULL, &length, (const uint8_t *) kid, (int) strlen(kid)) == 1 &&
	    EVP_DecryptUpdate(context, private_key, &length, secret, PRIVATE_SIZE) == 1 &&
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
	                        (void *) (secret + PRIVATE_SIZE)) == 1 &&
	    EVP_DecryptFinal_ex(context, private_key + length, &length) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}
