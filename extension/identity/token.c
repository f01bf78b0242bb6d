/*
 * Reads, verifies and signs ID tokens.
 *
 * The algorithm is no choice of the token's: a header says ES256 or RS256, and
 * the key, one of ours by its kid, must be of that kind.  Nothing else in a
 * header (a key of its own, a URL to one, an extension that must be
 * understood) is accepted.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "identity/token.h"

typedef struct Header
{
	bool algorithm_is_ours;
	TokenAlgorithm algorithm;
	char *kid;
} Header;

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool split(DerSlice text, DerSlice parts[3]);
static bool take_header(const JsonMember *member, void *to);
static bool take_claim(const JsonMember *member, void *to);
static bool copy_text(const JsonMember *member, char *to, size_t capacity);
static bool signature_to_der(const uint8_t raw[64], uint8_t *der, size_t *size);
static size_t sign_raw(EVP_PKEY *key, DerSlice message, uint8_t raw[SIGNATURE_MAX]);
static bool der_to_raw(const uint8_t *der, size_t size, uint8_t raw[64]);
static int letter_value(uint8_t letter);

const char *
ParseToken(const char *text, size_t size, Token *token)
{
	DerSlice parts[3];
	uint8_t decoded[TOKEN_PAYLOAD_MAX];
	Header header = {false, TOKEN_ES256, token->kid};
	size_t decoded_size;

	memset(token, 0, sizeof(*token));
	if (size == 0 || size > TOKEN_MAX)
		return "size: a token has 1 to 8192 bytes.";
	if (!split((DerSlice){(const uint8_t *) text, size}, parts))
		return "form: a token has three parts.";
	token->signed_part = (DerSlice){parts[0].data, parts[0].size + 1 + parts[1].size};

	if (!DecodeBase64Url(parts[0], decoded, sizeof(decoded), &decoded_size) ||
	    !ReadFlatJson((DerSlice){decoded, decoded_size}, take_header, &header) ||
	    !header.algorithm_is_ours || token->kid[0] == '\0')
		return "header: it is not that of a token of ours.";
	token->algorithm = header.algorithm;
	if (!DecodeBase64Url(parts[1], decoded, sizeof(decoded), &decoded_size) ||
	    !ReadFlatJson((DerSlice){decoded, decoded_size}, take_claim, token))
		return "payload: it is not one flat JSON object.";
	if (token->iss[0] == '\0' || token->sub[0] == '\0' || token->aud[0] == '\0' ||
	    token->sid[0] == '\0' || token->exp == 0 || token->iat == 0)
		return "claims: one of iss, sub, aud, sid, exp and iat is missing.";
	if (!DecodeBase64Url(parts[2], token->signature, sizeof(token->signature), &decoded_size) ||
	    decoded_size != (token->algorithm == TOKEN_ES256 ? 64 : MODULUS_SIZE))
		return "signature: it has not the size of its algorithm's.";
	return NULL;
}

static bool
split(DerSlice text, DerSlice parts[3])
{
	for (int i = 0; i < 2; i++)
	{
		const uint8_t *dot = memchr(text.data, '.', text.size);

		if (dot == NULL)
			return false;
		parts[i] = (DerSlice){text.data, (size_t) (dot - text.data)};
		text.size -= parts[i].size + 1;
		text.data = dot + 1;
	}
	parts[2] = text;
	return memchr(text.data, '.', text.size) == NULL;
}

static bool
take_header(const JsonMember *member, void *to)
{
	Header *header = to;

	if (DerEqual(member->name, DER_LITERAL("alg")))
	{
		if (DerEqual(member->text, DER_LITERAL("RS256")))
			header->algorithm = TOKEN_RS256;
		else if (!DerEqual(member->text, DER_LITERAL("ES256")))
			return false;
		header->algorithm_is_ours = member->kind == JSON_STRING;
		return header->algorithm_is_ours;
	}
	if (DerEqual(member->name, DER_LITERAL("typ")))
		return member->kind == JSON_STRING && DerEqual(member->text, DER_LITERAL("JWT"));
	if (DerEqual(member->name, DER_LITERAL("kid")))
		return copy_text(member, header->kid, KEY_ID_MAX);
	return false;
}

/* take_claim keeps the claims that are judged; others may stand there. */
static bool
take_claim(const JsonMember *member, void *to)
{
	Token *token = to;

	if (DerEqual(member->name, DER_LITERAL("iss")))
		return copy_text(member, token->iss, sizeof(token->iss));
	if (DerEqual(member->name, DER_LITERAL("sub")))
		return copy_text(member, token->sub, sizeof(token->sub));
	if (DerEqual(member->name, DER_LITERAL("aud")))
		return copy_text(member, token->aud, sizeof(token->aud));
	if (DerEqual(member->name, DER_LITERAL("sid")))
		return copy_text(member, token->sid, sizeof(token->sid));
	if (DerEqual(member->name, DER_LITERAL("exp")))
		token->exp = member->number;
	else if (DerEqual(member->name, DER_LITERAL("iat")))
		token->iat = member->number;
	else if (DerEqual(member->name, DER_LITERAL("nbf")))
		token->nbf = member->number;
	else
		return true;
	return member->kind == JSON_NUMBER;
}

static bool
copy_text(const JsonMember *member, char *to, size_t capacity)
{
	if (member->kind != JSON_STRING || member->text.size == 0 || member->text.size >= capacity)
		return false;
	memcpy(to, member->text.data, member->text.size);
	to[member->text.size] = '\0';
	return true;
}

bool
TokenSigned(EVP_PKEY *key, const Token *token)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[80];
	const uint8_t *signature = token->signature;
	size_t size = sizeof(der);
	bool good = context != NULL;

	if (token->algorithm == TOKEN_RS256)
	{
		size = MODULUS_SIZE;
		good = good && EVP_PKEY_is_a(key, "RSA");
	}
	else
	{
		signature = der;
		good = good && EVP_PKEY_is_a(key, "EC") && signature_to_der(token->signature, der, &size);
	}
	/* for RSA OpenSSL's padding is PKCS#1 v1.5 unless it is told another: that of RS256 */
	good = good && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) > 0 &&
	       EVP_DigestVerify(context, signature, size, token->signed_part.data,
	                        token->signed_part.size) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good;
}

/* JWS has the two numbers of an ECDSA signature side by side, OpenSSL has them in DER. */
static bool
signature_to_der(const uint8_t raw[64], uint8_t *der, size_t *size)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, 32, NULL);
	BIGNUM *s = BN_bin2bn(raw + 32, 32, NULL);
	int length = -1;

	if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s))
	{
		r = s = NULL;
		length = i2d_ECDSA_SIG(signature, NULL);
		if (length > 0 && (size_t) length <= *size)
			length = i2d_ECDSA_SIG(signature, &der);
		else
			length = -1;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	*size = length > 0 ? (size_t) length : 0;
	return length > 0;
}

size_t
SignToken(EVP_PKEY *key, const char *type, const char *kid, DerSlice payload, char *text,
          size_t size)
{
	char header[128];
	uint8_t raw[SIGNATURE_MAX];
	size_t used, raw_size;
	int length = snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}",
	                      EVP_PKEY_is_a(key, "RSA") ? "RS256" : "ES256", type, kid);

	if (length < 0 || (size_t) length >= sizeof(header) || payload.size > TOKEN_PAYLOAD_MAX ||
	    size < ((size_t) length + payload.size + sizeof(raw)) * 4 / 3 + 16)
		return 0;
	used = EncodeBase64Url((DerSlice){(const uint8_t *) header, (size_t) length}, text);
	text[used++] = '.';
	used += EncodeBase64Url(payload, text + used);
	raw_size = sign_raw(key, (DerSlice){(const uint8_t *) text, used}, raw);
	if (raw_size == 0)
		return 0;
	text[used++] = '.';
	return used + EncodeBase64Url((DerSlice){raw, raw_size}, text + used);
}

/* sign_raw returns the size of the signature, in the form that JWS has; 0 when it fails. */
static size_t
sign_raw(EVP_PKEY *key, DerSlice message, uint8_t raw[SIGNATURE_MAX])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t made[SIGNATURE_MAX];
	size_t size = sizeof(made);

	if (context == NULL || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) <= 0 ||
	    EVP_DigestSign(context, made, &size, message.data, message.size) <= 0)
		size = 0;
	else if (EVP_PKEY_is_a(key, "RSA"))
		memcpy(raw, made, size);
	else
		size = der_to_raw(made, size, raw) ? 64 : 0;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return size;
}

static bool
der_to_raw(const uint8_t *der, size_t size, uint8_t raw[64])
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long) size);
	bool good = signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32) == 32 &&
	            BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32) == 32;

	ECDSA_SIG_free(signature);
	return good;
}

/* EncodeBase64Url writes without padding and returns how much; text has room for 4/3 and 4. */
size_t
EncodeBase64Url(DerSlice bytes, char *text)
{
	size_t used = 0;
	uint32_t group = 0;
	int bits = 0;

	for (size_t i = 0; i < bytes.size; i++)
	{
		group = group << 8 | bytes.data[i];
		for (bits += 8; bits >= 6; bits -= 6)
			text[used++] = alphabet[group >> (bits - 6) & 63];
	}
	if (bits > 0)
		text[used++] = alphabet[group << (6 - bits) & 63];
	return used;
}

/* DecodeBase64Url refuses padding, other letters, and bits that no byte takes up. */
bool
DecodeBase64Url(DerSlice text, uint8_t *bytes, size_t capacity, size_t *size)
{
	uint32_t group = 0;
	int bits = 0;

	*size = 0;
	for (size_t i = 0; i < text.size; i++)
	{
		int value = letter_value(text.data[i]);

		if (value < 0)
			return false;
		group = (group << 6 | (uint32_t) value) & 0xffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (*size == capacity)
			return false;
		bytes[(*size)++] = (uint8_t) (group >> bits);
	}
	return bits < 6 && (group & ((1u << bits) - 1)) == 0;
}

static int
letter_value(uint8_t letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	return letter == '-' ? 62 : letter == '_' ? 63 : -1;
}
