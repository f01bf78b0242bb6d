/*
 * The keys of the tokens: P-256 or RSA-2048, known by their JWK thumbprint
 * (RFC 7638).  At rest a private key is sealed under its kid.  Pure C.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "identity/token.h"

#define SCALAR_SIZE 32 /* the private number of P-256 */

static bool get_public(EVP_PKEY *key, TokenKey *stored);
static size_t get_private(EVP_PKEY *key, uint8_t secret[PRIVATE_MAX]);
static EVP_PKEY *make_ec(DerSlice public_key, const uint8_t *secret);
static EVP_PKEY *make_rsa(DerSlice modulus);
static EVP_PKEY *from_data(const char *type, int selection, OSSL_PARAM_BLD *builder);
static EVP_PKEY *read_rsa(const uint8_t *secret, size_t size);

bool
MakeTokenKey(TokenAlgorithm algorithm, const uint8_t lock[32], TokenKey *stored)
{
	EVP_PKEY *key = algorithm == TOKEN_RS256 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	uint8_t secret[PRIVATE_MAX];
	size_t size = 0;
	bool good;

	memset(stored, 0, sizeof(*stored));
	good = key != NULL && get_public(key, stored) &&
	       KeyThumbprint((DerSlice){stored->public_key, stored->public_size}, stored->kid) &&
	       (size = get_private(key, secret)) > 0 &&
	       Seal(lock, stored->kid, (DerSlice){secret, size}, stored->sealed);
	stored->sealed_size = size + SEALED_EXTRA;
	OPENSSL_cleanse(secret, sizeof(secret));
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good;
}

static bool
get_public(EVP_PKEY *key, TokenKey *stored)
{
	BIGNUM *modulus = NULL;
	bool good;

	if (!EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, stored->public_key,
		                                       POINT_SIZE, &stored->public_size) &&
		       stored->public_size == POINT_SIZE && stored->public_key[0] == 4;
	stored->public_size = MODULUS_SIZE;
	good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) &&
	       BN_bn2binpad(modulus, stored->public_key, MODULUS_SIZE) == MODULUS_SIZE;
	BN_free(modulus);
	return good;
}

/* get_private writes the private number of a P-256 key, or an RSA key as in PKCS#1. */
static size_t
get_private(EVP_PKEY *key, uint8_t secret[PRIVATE_MAX])
{
	BIGNUM *number = NULL;
	size_t size = 0;

	if (EVP_PKEY_is_a(key, "RSA"))
	{
		int length = i2d_PrivateKey(key, NULL);

		return length > 0 && length <= PRIVATE_MAX && i2d_PrivateKey(key, &secret) == length
		           ? (size_t) length
		           : 0;
	}
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) &&
	    BN_bn2binpad(number, secret, SCALAR_SIZE) == SCALAR_SIZE)
		size = SCALAR_SIZE;
	BN_clear_free(number);
	return size;
}

EVP_PKEY *
OpenTokenKey(const uint8_t lock[32], const char *kid, DerSlice public_key, DerSlice sealed)
{
	uint8_t secret[PRIVATE_MAX];
	bool is_rsa = public_key.size == MODULUS_SIZE;
	size_t size = sealed.size - SEALED_EXTRA;
	EVP_PKEY *key = NULL;

	if (sealed.size <= SEALED_EXTRA || size > PRIVATE_MAX || (!is_rsa && size != SCALAR_SIZE))
		return NULL;
	if (Unseal(lock, kid, sealed, secret))
		key = is_rsa ? read_rsa(secret, size) : make_ec(public_key, secret);
	OPENSSL_cleanse(secret, sizeof(secret));
	ERR_clear_error();
	return key;
}

static EVP_PKEY *
read_rsa(const uint8_t *secret, size_t size)
{
	return d2i_PrivateKey(EVP_PKEY_RSA, NULL, &secret, (long) size);
}

EVP_PKEY *
PublicTokenKey(DerSlice public_key)
{
	EVP_PKEY *key = NULL;

	if (public_key.size == POINT_SIZE)
		key = make_ec(public_key, NULL);
	else if (public_key.size == MODULUS_SIZE)
		key = make_rsa(public_key);
	ERR_clear_error();
	return key;
}

/* make_ec makes a key from a point and, unless it is NULL, the private number. */
static EVP_PKEY *
make_ec(DerSlice point, const uint8_t *secret)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *number = secret == NULL ? NULL : BN_secure_new();
	EVP_PKEY *key = NULL;

	if (builder != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
	                                     point.size) &&
	    (secret == NULL || (number != NULL && BN_bin2bn(secret, SCALAR_SIZE, number) != NULL &&
	                        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number))))
		key = from_data("EC", secret == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, builder);
	OSSL_PARAM_BLD_free(builder);
	BN_clear_free(number);
	return key;
}

static EVP_PKEY *
make_rsa(DerSlice modulus)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *number = BN_bin2bn(modulus.data, (int) modulus.size, NULL);
	EVP_PKEY *key = NULL;

	if (builder != NULL && number != NULL &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, number) &&
	    OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, RSA_F4))
		key = from_data("RSA", EVP_PKEY_PUBLIC_KEY, builder);
	OSSL_PARAM_BLD_free(builder);
	BN_free(number);
	return key;
}

static EVP_PKEY *
from_data(const char *type, int selection, OSSL_PARAM_BLD *builder)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY *key = NULL;

	if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
	    EVP_PKEY_fromdata(context, &key, selection, parameters) <= 0)
		key = NULL;
	OSSL_PARAM_free(parameters);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* KeyThumbprint hashes the key's members in their order, without space (RFC 7638 3). */
bool
KeyThumbprint(DerSlice public_key, char kid[KEY_ID_MAX])
{
	char x[352], y[48];
	char members[512];
	uint8_t hash[SHA256_DIGEST_LENGTH];
	int length;

	if (public_key.size == MODULUS_SIZE)
	{
		x[EncodeBase64Url(public_key, x)] = '\0';
		length =
		    snprintf(members, sizeof(members), "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"%s\"}", x);
	}
	else if (public_key.size == POINT_SIZE && public_key.data[0] == 4)
	{
		x[EncodeBase64Url((DerSlice){public_key.data + 1, 32}, x)] = '\0';
		y[EncodeBase64Url((DerSlice){public_key.data + 33, 32}, y)] = '\0';
		length = snprintf(members, sizeof(members),
		                  "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	}
	else
		return false;
	SHA256((const uint8_t *) members, (size_t) length, hash);
	kid[EncodeBase64Url((DerSlice){hash, sizeof(hash)}, kid)] = '\0';
	return true;
}
