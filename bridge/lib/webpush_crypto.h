/* Message encryption for Web Push (RFC 8291, with the coding of RFC 8188). */
#ifndef BRIDGE_WEBPUSH_CRYPTO_H
#define BRIDGE_WEBPUSH_CRYPTO_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#define WEBPUSH_POINT 65 /* an uncompressed point of P-256 */
#define WEBPUSH_AUTH 16  /* the subscription's secret */
#define WEBPUSH_SALT 16
#define WEBPUSH_HEADER 86      /* before the ciphertext: salt, record size, our point */
#define WEBPUSH_PLAINTEXT 3993 /* at most: a record of 4096 bytes */
#define WEBPUSH_BODY(length) (WEBPUSH_HEADER + (length) + 1 + 16)

/* Who a message is for. */
struct webpush_receiver
{
	unsigned char point[WEBPUSH_POINT], auth[WEBPUSH_AUTH];
};

extern bool webpush_encrypt(const struct webpush_receiver *receiver, const void *plaintext,
                            size_t length, unsigned char *body);
extern bool webpush_encrypt_with(const struct webpush_receiver *receiver, EVP_PKEY *key,
                                 const unsigned char salt[WEBPUSH_SALT], const void *plaintext,
                                 size_t length, unsigned char *body);
extern EVP_PKEY *webpush_public_key(const unsigned char point[WEBPUSH_POINT]);
extern bool webpush_point(EVP_PKEY *key, unsigned char point[WEBPUSH_POINT]);

#endif
