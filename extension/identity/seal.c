/*
 * Seals a secret with AES-256-GCM.  The name that it goes by is authenticated
 * with it, so that what is sealed cannot be put in another's place.  Pure C.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "identity/token.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16

/* Seal writes SEALED_EXTRA bytes more than the secret has. */
bool
Seal(const uint8_t lock[32], const char *name, DerSlice secret, uint8_t *sealed)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *hidden = sealed + NONCE_SIZE;
	int length;
	bool good;

	good = context != NULL && RAND_bytes(sealed, NONCE_SIZE) == 1 &&
	       EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, lock, sealed) == 1 &&
	       EVP_EncryptUpdate(context, NULL, &length, (const uint8_t *) name, (int) strlen(name)) ==
	           1 &&
	       EVP_EncryptUpdate(context, hidden, &length, secret.data, (int) secret.size) == 1 &&
	       EVP_EncryptFinal_ex(context, hidden + length, &length) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, hidden + secret.size) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}

/* Unseal writes SEALED_EXTRA bytes less than was sealed; they count only when it says so. */
bool
Unseal(const uint8_t lock[32], const char *name, DerSlice sealed, uint8_t *secret)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const uint8_t *hidden = sealed.data + NONCE_SIZE;
	int size = (int) sealed.size - SEALED_EXTRA;
	int length;
	bool good;

	good = context != NULL && size > 0 &&
	       EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, lock, sealed.data) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &length, (const uint8_t *) name, (int) strlen(name)) ==
	           1 &&
	       EVP_DecryptUpdate(context, secret, &length, hidden, size) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *) (hidden + size)) ==
	           1 &&
	       EVP_DecryptFinal_ex(context, secret + length, &length) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}
