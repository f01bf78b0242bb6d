/*
 * Web Push: the example of RFC 8291, appendix A, byte for byte; the token of RFC
 * 8292 verifies; base64url refuses what is not canonical; and a point beside the
 * curve is refused.
 */
#include "lib/base64url.c"
#include "lib/jwt.c"
#include "lib/webpush_crypto.c"

#include "check.h"

#include <assert.h>

#define TEXT "When I grow up, I want to be a watermelon"
#define BODY_BYTES WEBPUSH_BODY(sizeof(TEXT) - 1)

static const char *const body_expected =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T"
    "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_"
    "Qulcy4a-fN";

/* key_of makes a key pair of its two halves. */
static EVP_PKEY *
key_of(const char *private_half, const char *public_half)
{
	unsigned char point[WEBPUSH_POINT], number[32];
	BIGNUM *value;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[4];
	unsigned char native[32];

	assert(base64url_decode(point, sizeof(point), public_half));
	assert(base64url_decode(number, sizeof(number), private_half));
	value = BN_bin2bn(number, sizeof(number), NULL);
	BN_bn2nativepad(value, native, sizeof(native));
	params[0] = OSSL_PARAM_construct_utf8_string("group", (char *) "prime256v1", 0);
	params[1] = OSSL_PARAM_construct_octet_string("pub", point, sizeof(point));
	params[2] = OSSL_PARAM_construct_BN("priv", native, sizeof(native));
	params[3] = OSSL_PARAM_construct_end();
	assert(EVP_PKEY_fromdata_init(context) == 1);
	assert(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) == 1);
	EVP_PKEY_CTX_free(context);
	BN_free(value);
	return key;
}

static void
check_example(void)
{
	struct webpush_receiver receiver;
	unsigned char salt[WEBPUSH_SALT], body[BODY_BYTES], again[BODY_BYTES], other[BODY_BYTES];
	char text[BASE64URL_ROOM(BODY_BYTES)];
	EVP_PKEY *key = key_of(
	    "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
	    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");

	assert(base64url_decode(receiver.point, WEBPUSH_POINT,
	                        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8"
	                        "pZGH6SRpkNtoIAiw4"));
	assert(base64url_decode(receiver.auth, WEBPUSH_AUTH, "BTBZMqHH6r4Tts7J_aSIgg"));
	assert(base64url_decode(salt, WEBPUSH_SALT, "DGv6ra1nlYgDCS1FRnbzlw"));
	Check(webpush_encrypt_with(&receiver, key, salt, TEXT, sizeof(TEXT) - 1, body), "it encrypts");
	base64url_encode(text, body, sizeof(body));
	Check(sizeof(body) == 144, "144 bytes");
	Check(strcmp(text, body_expected) == 0, "the body of RFC 8291");
	Check(webpush_encrypt(&receiver, TEXT, sizeof(TEXT) - 1, again) &&
	          webpush_encrypt(&receiver, TEXT, sizeof(TEXT) - 1, other),
	      "with a key of its own");
	Check(memcmp(again, other, WEBPUSH_SALT) != 0, "and a salt of its own");
	Check(memcmp(again + 21, other + 21, WEBPUSH_POINT) != 0, "each time");
	/* x of the example, and another y: such a point would lie on another curve */
	receiver.point[64] ^= 1;
	Check(!webpush_encrypt(&receiver, TEXT, sizeof(TEXT) - 1, body), "a point beside the curve");
	receiver.point[64] ^= 1;
	receiver.point[0] = 2;
	Check(!webpush_encrypt(&receiver, TEXT, sizeof(TEXT) - 1, body), "a compressed point");
	receiver.point[0] = 4;
	Check(!webpush_encrypt(&receiver, TEXT, WEBPUSH_PLAINTEXT + 1, body), "too long for a record");
	EVP_PKEY_free(key);
}

/* verifies tells whether a token is one of ES256 with the key of a point. */
static bool
verifies(char *token, const char *point_text)
{
	unsigned char point[WEBPUSH_POINT], raw[64], der[100], *to = der;
	char *end = strrchr(token, '.');
	ECDSA_SIG *parts = ECDSA_SIG_new();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY *key;
	int length;
	bool good;

	assert(base64url_decode(point, sizeof(point), point_text));
	key = webpush_public_key(point);
	good = base64url_decode(raw, sizeof(raw), end + 1);
	ECDSA_SIG_set0(parts, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
	length = i2d_ECDSA_SIG(parts, &to);
	good = good && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerify(context, der, length, (unsigned char *) token, end - token) == 1;
	ECDSA_SIG_free(parts);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

static void
check_tokens(void)
{
	char example[] =
	    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9."
	    "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpw"
	    "dXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysaz"
	    "NjjvW2L9OkSSHzvoD1oA";
	const char *key_text =
	    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char point[WEBPUSH_POINT];
	char text[BASE64URL_ROOM(WEBPUSH_POINT)], *token;

	Check(verifies(example, key_text), "the token of RFC 8292");
	example[60] ^= 1;
	Check(!verifies(example, key_text), "and not a changed one");
	webpush_point(key, point);
	base64url_encode(text, point, sizeof(point));
	for (int i = 0; i < 300; i++)
	{
		/* r or s shorter than 32 bytes comes once in 128 times */
		token = jwt_sign_es256(key, i % 2 ? "KEY" : NULL, "{\"iss\":\"x\"}");
		if (token == NULL || !verifies(token, text))
		{
			Check(false, "a token of ours");
			return;
		}
		free(token);
	}
	Check(true, "300 tokens of ours");
	EVP_PKEY_free(key);
}

static void
check_base64url(void)
{
	unsigned char bytes[4];
	char text[BASE64URL_ROOM(4)];

	base64url_encode(text, "\xff\xfe\xfd\xfc", 4);
	Check(strcmp(text, "__79_A") == 0, "base64url");
	Check(base64url_decode(bytes, 4, text) && memcmp(bytes, "\xff\xfe\xfd\xfc", 4) == 0,
	      "and back");
	Check(!base64url_decode(bytes, 4, "__79_B"), "bits that no byte takes up");
	Check(!base64url_decode(bytes, 4, "__79_A=="), "padding");
	Check(!base64url_decode(bytes, 4, "//79/A"), "the other alphabet");
	Check(!base64url_decode(bytes, 3, text), "another length");
}

int
main(void)
{
	check_example();
	check_tokens();
	check_base64url();
	return FinishChecks();
}
