/*
 * Stands in for oauth2.googleapis.com: checks a JWT grant (RFC 7523) as Google
 * documents it, down to the signature, and gives out an access token.
 */
#include "account.h"

#include "token.h"

#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
#define EMAIL "passport@gateway.invalid"
#define SCOPE "https://www.googleapis.com/auth/firebase.messaging"
#define TOKENS 8

static EVP_PKEY *key;
static char audience[100];
static int token_lifetime;
static char tokens[TOKENS][80];
static time_t token_ends[TOKENS];
static int token_count;

static EVP_PKEY *read_key(const char *file);
static bool write_account(const char *file, const char *project);
static const char *check_jwt(char *jwt);
static bool is_signed(const char *input, size_t length, const char *signature);
static json_t *decode_json(const char *part);
static const char *check_claims(json_t *claims);

/* account_open reads the service account's file, or makes one with a key of its own. */
bool
account_open(const char *file, const char *project, int port, int lifetime)
{
	snprintf(audience, sizeof(audience), "https://127.0.0.1:%d/token", port);
	token_lifetime = lifetime;
	key = read_key(file);
	if (key == NULL)
		key = EVP_RSA_gen(2048);
	return key != NULL && write_account(file, project);
}

static EVP_PKEY *
read_key(const char *file)
{
	json_t *account = json_load_file(file, 0, NULL);
	const char *pem = json_string_value(json_object_get(account, "private_key"));
	BIO *bio = pem ? BIO_new_mem_buf(pem, -1) : NULL;
	EVP_PKEY *found = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) "") : NULL;

	BIO_free(bio);
	json_decref(account);
	return found;
}

/* write_account writes the file that Google's console would give. */
static bool
write_account(const char *file, const char *project)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long length;
	json_t *account;
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	bool good;

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	length = BIO_get_mem_data(bio, &pem);
	account = json_pack("{s:s, s:s, s:s, s:s%, s:s, s:s}", "type", "service_account", "project_id",
	                    project, "private_key_id", "gateway-1", "private_key", pem, (size_t) length,
	                    "client_email", EMAIL, "token_uri", audience);
	good = fd >= 0 && account != NULL && json_dumpfd(account, fd, JSON_INDENT(1)) == 0;
	json_decref(account);
	BIO_free(bio);
	if (fd >= 0)
		close(fd);
	return good;
}

/*
 * account_grant answers a token request's form: NULL and the answer, or what
 * is wrong with the form.
 */
const char *
account_grant(const char *form, char **answer)
{
	unsigned char random[20];
	char *jwt, *token;
	const char *problem;

	if (form == NULL || strncmp(form, GRANT, sizeof(GRANT) - 1) != 0)
		return "unsupported_grant_type";
	jwt = strdup(form + sizeof(GRANT) - 1);
	problem = check_jwt(jwt);
	free(jwt);
	if (problem != NULL)
		return problem;
	token = tokens[token_count % TOKENS];
	RAND_bytes(random, sizeof(random));
	strcpy(token, "ya29.");
	for (size_t i = 0; i < sizeof(random); i++)
		sprintf(token + 5 + 2 * i, "%02x", random[i]);
	token_ends[token_count++ % TOKENS] = time(NULL) + token_lifetime;
	if (asprintf(answer, "{\"access_token\":\"%s\",\"expires_in\":%d,\"token_type\":\"Bearer\"}",
	             token, token_lifetime) < 0)
		return "out of memory";
	return NULL;
}

/* check_jwt returns what is wrong with a grant's JWT, or NULL. */
static const char *
check_jwt(char *jwt)
{
	char *claims_part = strchr(jwt, '.');
	char *signature = claims_part ? strchr(claims_part + 1, '.') : NULL;
	json_t *header, *claims;
	const char *problem = NULL;

	if (signature == NULL)
		return "invalid_grant: not a JWT";
	if (!is_signed(jwt, signature - jwt, signature + 1))
		return "invalid_grant: Invalid JWT Signature.";
	*claims_part = *signature = '\0';
	header = decode_json(jwt);
	claims = decode_json(claims_part + 1);
	if (json_unpack(header, "{s:s}", "alg", &problem) != 0 || strcmp(problem, "RS256") != 0)
		problem = "invalid_grant: alg";
	else
		problem = check_claims(claims);
	json_decref(header);
	json_decref(claims);
	return problem;
}

static const char *
check_claims(json_t *claims)
{
	const char *iss, *scope, *aud;
	json_int_t iat, exp, now = time(NULL);

	if (json_unpack(claims, "{s:s, s:s, s:s, s:I, s:I}", "iss", &iss, "scope", &scope, "aud", &aud,
	                "iat", &iat, "exp", &exp) != 0)
		return "invalid_grant: claims";
	if (strcmp(iss, EMAIL) != 0)
		return "invalid_grant: iss";
	if (strcmp(scope, SCOPE) != 0)
		return "invalid_scope";
	if (strcmp(aud, audience) != 0)
		return "invalid_grant: aud";
	if (iat > now + 60 || exp < now || exp > iat + 3600)
		return "invalid_grant: iat and exp";
	return NULL;
}

static bool
is_signed(const char *input, size_t length, const char *signature)
{
	unsigned char bytes[1024];
	int count = token_decode(signature, strlen(signature), bytes, sizeof(bytes));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = count > 0 && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	            EVP_DigestVerify(context, bytes, count, (const unsigned char *) input, length) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

static json_t *
decode_json(const char *part)
{
	unsigned char bytes[4096];
	int count = token_decode(part, strlen(part), bytes, sizeof(bytes));

	return count > 0 ? json_loadb((char *) bytes, count, 0, NULL) : NULL;
}

/* account_knows tells whether a request's Authorization holds a token that is good. */
bool
account_knows(const char *authorization)
{
	if (strncmp(authorization, "Bearer ", 7) != 0)
		return false;
	for (int i = 0; i < TOKENS && i < token_count; i++)
		if (strcmp(tokens[i], authorization + 7) == 0)
			return time(NULL) < token_ends[i];
	return false;
}

/* account_forget makes all tokens bad: the sender has to come for a new one. */
void
account_forget(void)
{
	memset(token_ends, 0, sizeof(token_ends));
}

/* account_trust takes a token that was not given out here, for the benchmark's bare client. */
void
account_trust(const char *token)
{
	snprintf(tokens[0], sizeof(tokens[0]), "%s", token);
	token_ends[0] = time(NULL) + 86400;
	token_count = 1;
}
