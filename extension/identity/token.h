/*
 * ID tokens: JWTs (RFC 7519) signed with ES256 and nothing else, and the JSON
 * Web Keys (RFC 7517) that verify them.  Pure C over OpenSSL.
 */
#ifndef PASSPORT_TOKEN_H
#define PASSPORT_TOKEN_H

#include <openssl/evp.h>

#include "identity/der.h"

#define TOKEN_MAX 8192     /* bytes of a token that we read */
#define TOKEN_TEXT_MAX 256 /* bytes of one claim */
#define TOKEN_PAYLOAD_MAX 4096
#define KEY_ID_MAX 44   /* a SHA-256 in base64url, and NUL */
#define PRIVATE_SIZE 32 /* P-256 */
#define PUBLIC_SIZE 65  /* an uncompressed point */
#define SEALED_SIZE (12 + PRIVATE_SIZE + 16)

typedef struct Token
{
	DerSlice signed_part; /* header.payload as it came */
	uint8_t signature[64];
	char kid[KEY_ID_MAX];
	char iss[TOKEN_TEXT_MAX];
	char sub[TOKEN_TEXT_MAX];
	char aud[TOKEN_TEXT_MAX];
	char sid[TOKEN_TEXT_MAX];
	int64_t exp;
	int64_t iat;
} Token;

/* ParseToken returns NULL, or the rule that the text breaks.  It believes nothing of it. */
extern const char *ParseToken(const char *text, size_t size, Token *token);

/* TokenSigned tells whether this public key signed the token. */
extern bool TokenSigned(EVP_PKEY *key, const Token *token);

/* SignToken writes header.payload.signature; 0 when it does not fit or OpenSSL fails. */
extern size_t SignToken(EVP_PKEY *key, const char *kid, DerSlice payload, char *text, size_t size);

/* Keys: a private one never leaves memory but sealed with AES-256-GCM, bound to its kid. */
extern bool MakeTokenKey(const uint8_t lock[32], char kid[KEY_ID_MAX],
                         uint8_t public_key[PUBLIC_SIZE], uint8_t sealed[SEALED_SIZE]);
extern EVP_PKEY *OpenTokenKey(const uint8_t lock[32], const char *kid,
                              const uint8_t public_key[PUBLIC_SIZE],
                              const uint8_t sealed[SEALED_SIZE]);
extern EVP_PKEY *PublicTokenKey(const uint8_t public_key[PUBLIC_SIZE]);
extern bool KeyThumbprint(const uint8_t public_key[PUBLIC_SIZE], char kid[KEY_ID_MAX]);

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
