/* ES256 tokens, as their receivers check them. */
#ifndef GATEWAY_TOKEN_H
#define GATEWAY_TOKEN_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

extern EVP_PKEY *token_key(const char *file);
extern json_t *token_claims(const char *token);
extern bool token_verifies(EVP_PKEY *key, const char *token);
extern int token_decode(const char *text, size_t length, unsigned char *bytes, size_t room);

#endif
