/* ES256 tokens, as their receivers check them. */
#ifndef GATEWAY_TOKEN_H
#define GATEWAY_TOKEN_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>

extern EVP_PKEY *token_key(const char *file);
extern json_t *token_claims(const char *token);
extern bool token_verifies(EVP_PKEY *key, const char *token);

#endif
