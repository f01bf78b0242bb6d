/*
 * Entry points around the keys of the tokens: the file with the key that locks
 * them, making one, signing with one, and showing the public ones.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "passport.h"
#include "identity/token.h"
#include "identity/trust.h"

#define LOCK_SIZE 32

PG_FUNCTION_INFO_V1(passport_make_token_key);
PG_FUNCTION_INFO_V1(passport_sign_token);
PG_FUNCTION_INFO_V1(passport_token_jwk);
PG_FUNCTION_INFO_V1(passport_nonce);

/* The last key that signed in this backend: a signature should not cost reading the file */
static EVP_PKEY *signing_key;
static char signing_kid[KEY_ID_MAX];

static TokenAlgorithm algorithm_by_name(text *name);
static void read_lock(uint8 lock[LOCK_SIZE]);
static int open_lock_file(void);
static void no_lock(const char *reason) pg_attribute_noreturn();
static EVP_PKEY *find_signing_key(const char *kid, DerSlice public_key, DerSlice sealed);

/* passport_make_token_key(algorithm) makes a key and returns it as it is stored. */
Datum
passport_make_token_key(PG_FUNCTION_ARGS)
{
	TokenAlgorithm algorithm = algorithm_by_name(PG_GETARG_TEXT_PP(0));
	uint8 lock[LOCK_SIZE];
	TokenKey key;
	TupleDesc columns;
	Datum values[3];
	bool nulls[3] = {false};
	bool made;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	read_lock(lock);
	made = MakeTokenKey(algorithm, lock, &key);
	OPENSSL_cleanse(lock, sizeof(lock));
	if (!made)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
		                errmsg("OpenSSL could not make a token key")));
	values[0] = CStringGetTextDatum(key.kid);
	values[1] = PointerGetDatum(cstring_to_text_with_len((char *) key.public_key, key.public_size));
	values[2] = PointerGetDatum(cstring_to_text_with_len((char *) key.sealed, key.sealed_size));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

static TokenAlgorithm
algorithm_by_name(text *name)
{
	char *algorithm = text_to_cstring(name);

	if (strcmp(algorithm, "ES256") == 0)
		return TOKEN_ES256;
	if (strcmp(algorithm, "RS256") == 0)
		return TOKEN_RS256;
	RefuseInput("/algorithm", "unknown_algorithm", "An algorithm is ES256 or RS256.");
}

/* passport_sign_token(payload, kid, public_key, sealed_key, typ) returns a token. */
Datum
passport_sign_token(PG_FUNCTION_ARGS)
{
	DerSlice payload = BytesSlice((bytea *) PG_GETARG_TEXT_PP(0));
	char *kid = text_to_cstring(PG_GETARG_TEXT_PP(1));
	EVP_PKEY *key =
	    find_signing_key(kid, BytesSlice(PG_GETARG_BYTEA_PP(2)), BytesSlice(PG_GETARG_BYTEA_PP(3)));
	char *type = text_to_cstring(PG_GETARG_TEXT_PP(4));
	char token[TOKEN_MAX];
	size_t size = SignToken(key, type, kid, payload, token, sizeof(token));

	if (size == 0)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
		                errmsg("OpenSSL could not sign a token")));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(token, size));
}

static EVP_PKEY *
find_signing_key(const char *kid, DerSlice public_key, DerSlice sealed)
{
	uint8 lock[LOCK_SIZE];
	EVP_PKEY *key;

	if (signing_key != NULL && strcmp(signing_kid, kid) == 0)
		return signing_key;
	if (strlen(kid) >= KEY_ID_MAX)
		elog(ERROR, "a token key is not as it was stored");
	read_lock(lock);
	key = OpenTokenKey(lock, kid, public_key, sealed);
	OPENSSL_cleanse(lock, sizeof(lock));
	if (key == NULL)
		no_lock("The key in it does not open the token key in the database.");
	/* OpenSSL wipes a private key when it frees it */
	EVP_PKEY_free(signing_key);
	signing_key = key;
	strlcpy(signing_kid, kid, sizeof(signing_kid));
	return key;
}

/* read_lock reads the 32 bytes of passport.token_key_file. */
static void
read_lock(uint8 lock[LOCK_SIZE])
{
	uint8 bytes[LOCK_SIZE + 1];
	ssize_t size;
	int fd;

	if (passport_token_key_file[0] == '\0')
		no_lock("The setting is empty.");
	fd = open_lock_file();
	size = read(fd, bytes, sizeof(bytes));
	close(fd);
	memcpy(lock, bytes, LOCK_SIZE);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (size != LOCK_SIZE)
	{
		OPENSSL_cleanse(lock, LOCK_SIZE);
		no_lock("The file does not hold exactly 32 bytes.");
	}
}

/* open_lock_file opens the file, or says why it is not one to be trusted. */
static int
open_lock_file(void)
{
	/* without O_NONBLOCK a pipe of this name would hang the server */
	int fd = open(passport_token_key_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat file;
	const char *reason = NULL;

	if (fd < 0)
		reason = "The file cannot be opened.";
	else if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
		reason = "It is not a regular file.";
	else if (file.st_uid != geteuid() && file.st_uid != 0)
		reason = "The file belongs to neither the server's user nor root.";
	else if (file.st_mode & (S_IRWXG | S_IRWXO))
		reason = "Others than its owner may use the file: its mode must be 0600 or less.";
	if (reason == NULL)
		return fd;
	if (fd >= 0)
		close(fd);
	no_lock(reason);
}

static void
no_lock(const char *reason)
{
	ereport(
	    ERROR,
	    (errcode(ERRCODE_PT_STALE_TRUST), errmsg("the key that locks the token keys is not there"),
	     errdetail_internal("%s", reason),
	     errhint("Put 32 random bytes into a file outside the database that only the server can "
	             "read (head -c 32 /dev/urandom), and name it in passport.token_key_file.")));
}

/* passport_token_jwk returns the members that are a public key's own. */
Datum
passport_token_jwk(PG_FUNCTION_ARGS)
{
	DerSlice key = BytesSlice(PG_GETARG_BYTEA_PP(0));
	char x[352], y[48];

	if (key.size == MODULUS_SIZE)
	{
		x[EncodeBase64Url(key, x)] = '\0';
		PG_RETURN_TEXT_P(cstring_to_text(
		    psprintf("{\"kty\": \"RSA\", \"alg\": \"RS256\", \"e\": \"AQAB\", \"n\": \"%s\"}", x)));
	}
	if (key.size != POINT_SIZE)
		elog(ERROR, "a token key is not as it was stored");
	x[EncodeBase64Url((DerSlice){key.data + 1, 32}, x)] = '\0';
	y[EncodeBase64Url((DerSlice){key.data + 33, 32}, y)] = '\0';
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(
	    "{\"kty\": \"EC\", \"alg\": \"ES256\", \"crv\": \"P-256\", \"x\": \"%s\", \"y\": \"%s\"}",
	    x, y)));
}

/* passport_nonce returns 16 random bytes that nobody can foresee. */
Datum
passport_nonce(PG_FUNCTION_ARGS)
{
	uint8 bytes[16];

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR,
		        (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	PG_RETURN_BYTEA_P(cstring_to_text_with_len((char *) bytes, sizeof(bytes)));
}
