/*
 * ID tokens: JWTs (RFC 7519) signed with ES256 or RS256 and nothing else, and
 * the JSON Web Keys (RFC 7517) that verify them.  Pure C over OpenSSL.
 */
#ifndef PASSPORT_TOKEN_H
#define PASSPORT_TOKEN_H

#include <openssl/evp.h>

#include "identity/der.h"

#define TOKEN_MAX 8192     /* bytes of a token that we read */
#define TOKEN_TEXT_MAX 256 /* bytes of one claim */
#define TOKEN_PAYLOAD_MAX 4096
#define KEY_ID_MAX 44    /* a SHA-256 in base64url, and NUL */
#define POINT_SIZE 65    /* P-256, uncompressed */
#define MODULUS_SIZE 256 /* RSA-2048; the exponent is always 65537 */
#define PUBLIC_MAX MODULUS_SIZE
#define PRIVATE_MAX 1216 /* RSA-2048 as in PKCS#1; of P-256 32 bytes */
#define SEALED_EXTRA (12 + 16)
#define SIGNATURE_MAX MODULUS_SIZE

typedef enum TokenAlgorithm
{
	TOKEN_ES256,
	TOKEN_RS256
} TokenAlgorithm;

typedef struct Token
{
	DerSlice signed_part; /* header.payload as it came */
	TokenAlgorithm algorithm;
	uint8_t signature[SIGNATURE_MAX];
	char kid[KEY_ID_MAX];
	char iss[TOKEN_TEXT_MAX];
	char sub[TOKEN_TEXT_MAX];
	char aud[TOKEN_TEXT_MAX];
	char sid[TOKEN_TEXT_MAX];
	int64_t exp;
	int64_t iat;
	int64_t nbf; /* 0: there is none */
} Token;

/* ParseToken returns NULL, or the rule that the text breaks.  It believes nothing of it. */
extern const char *ParseToken(const char *text, size_t size, Token *token);

/* TokenSigned tells whether this public key, being of the token's algorithm, signed it. */
extern bool TokenSigned(EVP_PKEY *key, const Token *token);

/* SignToken writes header.payload.signature by the key's algorithm; 0 when it does not fit or
 * OpenSSL fails. */
extern size_t SignToken(EVP_PKEY *key, const char *type, const char *kid, DerSlice payload,
                        char *text, size_t size);

/* Keys: a private one never leaves memory but sealed with AES-256-GCM, bound to its kid.  A
 * public one is a point or a modulus, which its size tells apart. */
typedef struct TokenKey
{
	char kid[KEY_ID_MAX];
	uint8_t public_key[PUBLIC_MAX];
	size_t public_size;
	uint8_t sealed[SEALED_EXTRA + PRIVATE_MAX];
	size_t sealed_size;
} TokenKey;

extern bool MakeTokenKey(TokenAlgorithm algorithm, const uint8_t lock[32], TokenKey *key);
extern EVP_PKEY *OpenTokenKey(const uint8_t lock[32], const char *kid, DerSlice public_key,
                              DerSlice sealed);
extern EVP_PKEY *PublicTokenKey(DerSlice public_key);
extern bool KeyThumbprint(DerSlice public_key, char kid[KEY_ID_MAX]);

/* seal.c: nonce, ciphertext and tag, in this order; they open under the same name only */
extern bool Seal(const uint8_t lock[32], const char *name, DerSlice secret, uint8_t *sealed);
extern bool Unseal(const uint8_t lock[32], const char *name, DerSlice sealed, uint8_t *secret);

/* base64url without padding (RFC 7515); the decoder takes the canonical form only */
extern size_t EncodeBase64Url(DerSlice bytes, char *text);
extern bool DecodeBase64Url(DerSlice text, uint8_t *bytes, size_t capacity, size_t *size);

/* json.c: reads one flat object.  Each member is handed to the callback, which may refuse it. */
typedef enum JsonKind
{
	JSON_STRING,
	JSON_NUMBER,
	JSON_STRINGS /* an array of strings; no value is handed over */
} JsonKind;

typedef struct JsonMember
{
	DerSlice name;
	JsonKind kind;
	DerSlice text;
	int64_t number;
} JsonMember;

typedef bool (*JsonTake)(const JsonMember *member, void *to);
extern bool ReadFlatJson(DerSlice text, JsonTake take, void *to);

#endif
