/* Signed tokens (RFC 7515, RFC 7519). */
#ifndef BRIDGE_JWT_H
#define BRIDGE_JWT_H

#include <openssl/evp.h>

extern EVP_PKEY *jwt_read_key(const char *pem);
extern EVP_PKEY *jwt_read_p256_key(const char *pem);
extern char *jwt_sign_rs256(EVP_PKEY *key, const char *key_id, const char *claims);
extern char *jwt_sign_es256(EVP_PKEY *key, const char *key_id, const char *claims);

#endif
