/*
 * Public keys made from the numbers in a certificate, and the two things they
 * verify: an issuer's signature over a structure and a holder's over a
 * message.  OpenSSL keeps errors in a queue of its own; it is cleared here, so
 * that no later user of the library in this process reads ours.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "identity/key.h"

static EVP_PKEY *make_key(const char *type, OSSL_PARAM *parameters);
static bool key_fits(EVP_PKEY *key, Algorithm algorithm);
static bool verify_digest(EVP_PKEY *key, const EVP_MD *digest, DerSlice message, DerSlice signature,
                          bool pss);
static bool verify_bare(EVP_PKEY *key, DerSlice message, DerSlice signature);
static void native_order(uint8_t *to, DerSlice number);
static bool next_algorithm(const char **list, Algorithm *algorithm);

EVP_PKEY *
MakePublicKey(const PublicKey *key)
{
	OSSL_PARAM parameters[3];
	uint8_t modulus[1024], exponent[8];

	if (key->kind == KEY_RSA)
	{
		if (key->modulus.size > sizeof(modulus) || key->exponent.size > sizeof(exponent))
			return NULL;
		native_order(modulus, key->modulus);
		native_order(exponent, key->exponent);
		parameters[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, key->modulus.size);
		parameters[1] =
		    OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, key->exponent.size);
		parameters[2] = OSSL_PARAM_construct_end();
		return make_key("RSA", parameters);
	}
	if (key->kind == KEY_P256 || key->kind == KEY_P384)
	{
		const char *group = key->kind == KEY_P256 ? "P-256" : "P-384";

		parameters[0] =
		    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *) group, 0);
		parameters[1] =
		    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *) key->point.data,
		                                      key->point.size);
		parameters[2] = OSSL_PARAM_construct_end();
		return make_key("EC", parameters);
	}
	return NULL;
}

static EVP_PKEY *
make_key(const char *type, OSSL_PARAM *parameters)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return key;
}

bool
IssuerSigned(EVP_PKEY *issuer, Algorithm algorithm, DerSlice tbs, DerSlice signature)
{
	if (!key_fits(issuer, algorithm))
		return false;
	return verify_digest(issuer, algorithm == ALGORITHM_ECDSA_SHA384 ? EVP_sha384() : EVP_sha256(),
	                     tbs, signature, false);
}

static bool
key_fits(EVP_PKEY *key, Algorithm algorithm)
{
	switch (algorithm)
	{
		case ALGORITHM_RSA_SHA256:
			return EVP_PKEY_is_a(key, "RSA");
		case ALGORITHM_ECDSA_SHA256:
		case ALGORITHM_ECDSA_SHA384:
			return EVP_PKEY_is_a(key, "EC");
		default:
			return false;
	}
}

Scheme
KeyScheme(EVP_PKEY *holder)
{
	return EVP_PKEY_is_a(holder, "RSA") ? SCHEME_PKCS1 : SCHEME_ECDSA;
}

bool
HolderSigned(EVP_PKEY *holder, Scheme scheme, DerSlice message, DerSlice signature)
{
	bool is_rsa = EVP_PKEY_is_a(holder, "RSA");

	/* OpenSSL takes a PSS signature without its leading zeros too, and then one message would
	 * have two signatures (RFC 8017 8.1.2 wants the modulus's length) */
	if (is_rsa && signature.size != (size_t) EVP_PKEY_get_size(holder))
		return false;
	switch (scheme)
	{
		case SCHEME_PKCS1:
			return is_rsa && verify_digest(holder, EVP_sha256(), message, signature, false);
		case SCHEME_PSS:
			return is_rsa && verify_digest(holder, EVP_sha256(), message, signature, true);
		case SCHEME_BARE_HASH:
			return is_rsa && verify_bare(holder, message, signature);
		case SCHEME_ECDSA:
			return !is_rsa &&
			       verify_digest(holder,
			                     EVP_PKEY_get_bits(holder) > 256 ? EVP_sha384() : EVP_sha256(),
			                     message, signature, false);
	}
	return false;
}

static bool
verify_digest(EVP_PKEY *key, const EVP_MD *digest, DerSlice message, DerSlice signature, bool pss)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context;
	bool good =
	    context != NULL && EVP_DigestVerifyInit(context, &key_context, digest, NULL, key) > 0;

	/* which salt length the card takes is not published: any is as good */
	if (good && pss)
		good = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) > 0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_AUTO) > 0;
	good = good && EVP_DigestVerify(context, signature.data, signature.size, message.data,
	                                message.size) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good;
}

/* verify_bare checks a PKCS#1 block that holds the hash itself, without its DigestInfo. */
static bool
verify_bare(EVP_PKEY *key, DerSlice message, DerSlice signature)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool good;

	SHA256(message.data, message.size, hash);
	good = context != NULL && EVP_PKEY_verify_init(context) > 0 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
	       EVP_PKEY_verify(context, signature.data, signature.size, hash, sizeof(hash)) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return good;
}

/* native_order writes a big-endian number in the machine's order, as OSSL_PARAM has it. */
static void
native_order(uint8_t *to, DerSlice number)
{
	bool little_endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	for (size_t i = 0; i < number.size; i++)
		to[i] = number.data[little_endian ? number.size - 1 - i : i];
}

unsigned
AllowedAlgorithms(const char *list)
{
	Algorithm algorithm;
	unsigned allowed = 0;

	while (next_algorithm(&list, &algorithm))
		allowed |= algorithm;
	return allowed;
}

bool
AlgorithmsKnown(const char *list)
{
	Algorithm algorithm;
	bool known = true;

	while (next_algorithm(&list, &algorithm))
		known = known && algorithm != ALGORITHM_OTHER;
	return known;
}

/* next_algorithm takes a name off the list; false when none is left. */
static bool
next_algorithm(const char **list, Algorithm *algorithm)
{
	static const struct
	{
		const char *name;
		Algorithm algorithm;
	} known[] = {
	    {"RSA-SHA256", ALGORITHM_RSA_SHA256},
	    {"ECDSA-SHA256", ALGORITHM_ECDSA_SHA256},
	    {"ECDSA-SHA384", ALGORITHM_ECDSA_SHA384},
	};
	const char *name = *list + strspn(*list, ", ");
	size_t length = strcspn(name, ", ");

	*list = name + length;
	*algorithm = ALGORITHM_OTHER;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == length && strncmp(known[i].name, name, length) == 0)
			*algorithm = known[i].algorithm;
	return length > 0;
}
