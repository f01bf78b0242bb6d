/*
 * One record with a key pair and a salt of its own, as the RFC has it: nobody who
 * carries a message can read it, or tell two alike.  OpenSSL refuses a point that
 * lies beside the curve.  No I/O: the RFC's example is a test.
 */
#include "webpush_crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#define HASH 32
#define KEY 16
#define NONCE 12
#define TAG 16
#define RECORD 4096

static bool derive(const struct webpush_receiver *receiver, EVP_PKEY *key, const unsigned char *own,
                   const unsigned char *salt, unsigned char *cek, unsigned char *nonce);
static bool agree(EVP_PKEY *key, const unsigned char *point, unsigned char secret[HASH]);
static bool hmac(const unsigned char *key, size_t key_length, const void *data, size_t length,
                 unsigned char digest[HASH]);
static bool seal(const unsigned char *cek, const unsigned char *nonce, const void *plaintext,
                 size_t length, unsigned char *out);

/*
 * webpush_encrypt encrypts up to WEBPUSH_PLAINTEXT bytes into WEBPUSH_BODY(length)
 * bytes; false: the receiver's point is none, or there is no randomness.
 */
bool
webpush_encrypt(const struct webpush_receiver *receiver, const void *plaintext, size_t length,
                unsigned char *body)
{
	unsigned char salt[WEBPUSH_SALT];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	bool good = key != NULL && RAND_bytes(salt, sizeof(salt)) == 1 &&
	            webpush_encrypt_with(receiver, key, salt, plaintext, length, body);

	EVP_PKEY_free(key);
	return good;
}

/* webpush_encrypt_with does so with a key pair and a salt that are given. */
bool
webpush_encrypt_with(const struct webpush_receiver *receiver, EVP_PKEY *key,
                     const unsigned char salt[WEBPUSH_SALT], const void *plaintext, size_t length,
                     unsigned char *body)
{
	unsigned char cek[HASH], nonce[HASH];
	unsigned char *own = body + WEBPUSH_SALT + 5;
	bool good;

	if (length > WEBPUSH_PLAINTEXT || !webpush_point(key, own))
		return false;
	memcpy(body, salt, WEBPUSH_SALT);
	body[WEBPUSH_SALT] = body[WEBPUSH_SALT + 1] = 0;
	body[WEBPUSH_SALT + 2] = RECORD >> 8;
	body[WEBPUSH_SALT + 3] = RECORD & 0xff;
	body[WEBPUSH_SALT + 4] = WEBPUSH_POINT;
	good = derive(receiver, key, own, salt, cek, nonce) &&
	       seal(cek, nonce, plaintext, length, body + WEBPUSH_HEADER);
	OPENSSL_cleanse(cek, sizeof(cek));
	return good;
}

/* derive makes the content's key and nonce (RFC 8291, section 3.4). */
static bool
derive(const struct webpush_receiver *receiver, EVP_PKEY *key, const unsigned char *own,
       const unsigned char *salt, unsigned char *cek, unsigned char *nonce)
{
	/* with their NUL, and the counter of HKDF's first block behind it */
	static const char cek_info[] = "Content-Encoding: aes128gcm\0\1";
	static const char nonce_info[] = "Content-Encoding: nonce\0\1";
	static const char label[] = "WebPush: info";
	unsigned char secret[HASH], prk[HASH], ikm[HASH];
	unsigned char info[sizeof(label) + 2 * WEBPUSH_POINT + 1];
	bool good;

	memcpy(info, label, sizeof(label));
	memcpy(info + sizeof(label), receiver->point, WEBPUSH_POINT);
	memcpy(info + sizeof(label) + WEBPUSH_POINT, own, WEBPUSH_POINT);
	info[sizeof(info) - 1] = 1;
	good = agree(key, receiver->point, secret) &&
	       hmac(receiver->auth, WEBPUSH_AUTH, secret, HASH, prk) &&
	       hmac(prk, HASH, info, sizeof(info), ikm) && hmac(salt, WEBPUSH_SALT, ikm, HASH, prk) &&
	       hmac(prk, HASH, cek_info, sizeof(cek_info) - 1, cek) &&
	       hmac(prk, HASH, nonce_info, sizeof(nonce_info) - 1, nonce);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(prk, sizeof(prk));
	OPENSSL_cleanse(ikm, sizeof(ikm));
	return good;
}

/* agree makes the secret that only the two key pairs share (ECDH). */
static bool
agree(EVP_PKEY *key, const unsigned char *point, unsigned char secret[HASH])
{
	EVP_PKEY *peer = webpush_public_key(point);
	EVP_PKEY_CTX *context = peer ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	size_t length = HASH;
	bool good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
	            EVP_PKEY_derive_set_peer(context, peer) == 1 &&
	            EVP_PKEY_derive(context, secret, &length) == 1 && length == HASH;

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer);
	return good;
}

/* webpush_public_key makes a key of a point on P-256, or returns NULL. */
EVP_PKEY *
webpush_public_key(const unsigned char point[WEBPUSH_POINT])
{
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *) "prime256v1", 0),
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *) point, WEBPUSH_POINT),
	    OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (context == NULL || point[0] != 4 || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	return key;
}

/* webpush_point writes a key's public half. */
bool
webpush_point(EVP_PKEY *key, unsigned char point[WEBPUSH_POINT])
{
	size_t length = 0;

	return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, WEBPUSH_POINT,
	                                       &length) == 1 &&
	       length == WEBPUSH_POINT && point[0] == 4;
}

static bool
hmac(const unsigned char *key, size_t key_length, const void *data, size_t length,
     unsigned char digest[HASH])
{
	unsigned size = HASH;

	return HMAC(EVP_sha256(), key, (int) key_length, data, length, digest, &size) != NULL;
}

/* seal writes the one record: the plaintext, the mark of the last record, and the tag. */
static bool
seal(const unsigned char *cek, const unsigned char *nonce, const void *plaintext, size_t length,
     unsigned char *out)
{
	static const unsigned char last_record = 2;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int written = 0, more = 0, end = 0;
	bool good = context != NULL &&
	            EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, cek, nonce) == 1 &&
	            EVP_EncryptUpdate(context, out, &written, plaintext, (int) length) == 1 &&
	            EVP_EncryptUpdate(context, out + written, &more, &last_record, 1) == 1 &&
	            EVP_EncryptFinal_ex(context, out + written + more, &end) == 1 &&
	            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG, out + length + 1) == 1;

	EVP_CIPHER_CTX_free(context);
	return good;
}
