/*
 * authenticate: from a token to the resident who acts.
 *
 * Whether a token is ours is costly to say and never changes: it is verified
 * once in a backend and then known by its hash.  Whether it still counts can
 * change at any moment: its key, its session and its account are looked up
 * every time, in one query.
 */
#include "postgres.h"

#include <openssl/sha.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "passport.h"
#include "identity/session.h"
#include "identity/token.h"
#include "identity/trust.h"
#include "util/spi.h"

/* The audience of tokens for these functions; other services have their own. */
#define OWN_AUDIENCE "passport"

/* Another server's clock may run ahead of ours by this much. */
#define SKEW_SECONDS 60

static Statement key_statement = {
    .sql = "SELECT public_key FROM passport.token_key"
           " WHERE kid = $1 AND (verify_until IS NULL OR verify_until > $2)",
    .arguments = 2,
    .types = {TEXTOID, TIMESTAMPTZOID},
    .planning = PLAN_BY_INDEX,
};

static Statement subject_statement = {
    .sql =
        "SELECT resident_id FROM passport.subject_directory WHERE audience = $1 AND subject = $2",
    .arguments = 2,
    .types = {TEXTOID, UUIDOID},
    .planning = PLAN_BY_INDEX,
};

static Statement session_statement = {
    .sql = "SELECT s.auth_time, s.acr, s.step_time, s.step_acr"
           "  FROM passport.session AS s"
           "  JOIN passport.account AS a ON a.resident_id = s.resident_id"
           " CROSS JOIN passport.token_key AS k"
           " WHERE s.resident_id = $1 AND s.session_id = $2 AND s.audience = $3"
           "   AND s.revoked_at IS NULL AND s.expires_at > $5"
           "   AND a.state = 'active'"
           "   AND k.kid = $4 AND (k.verify_until IS NULL OR k.verify_until > $5)",
    .arguments = 5,
    .types = {INT8OID, UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID},
    .planning = PLAN_BY_INDEX,
};

PG_FUNCTION_INFO_V1(passport_authenticate);

/* A token that was verified, in one of the places that its hash gives it */
typedef struct Verified
{
	bool used;
	uint8 hash[SHA256_DIGEST_LENGTH];
	char kid[KEY_ID_MAX];
	pg_uuid_t session_id;
	int64 resident_id; /* whom a subject means never changes */
	int64 exp;
	int64 starts; /* the later one of iat and nbf */
} Verified;

#define ROWS 256 /* one for each value of the hash's first byte */
#define ROW_PLACES 8
static Verified *places;
static uint8 next_place[ROWS]; /* which one a new token takes */

static const Verified *verify_token(DerSlice text);
static Verified *place_of(const uint8 *hash);
static EVP_PKEY *find_key(const char *kid);
static EVP_PKEY *read_key(const char *kid);
static bool read_uuid(const char *text, pg_uuid_t *uuid);
static void read_level(int column, char *acr, size_t size);
static int64 find_resident(const pg_uuid_t *subject);
static bool find_session(const Verified *token, Acting *acting);

Datum
passport_authenticate(PG_FUNCTION_ARGS)
{
	DerSlice given = {NULL, 0};
	const Verified *token;
	Acting acting = {0};
	int64 now = timestamptz_to_time_t(PassportNow());
	bool good;

	if (!PG_ARGISNULL(0))
		given = BytesSlice(PG_GETARG_BYTEA_PP(0));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	token = verify_token(given);
	/* one answer for all that is wrong: which it is would help only who forges */
	good = token != NULL && token->exp > now && token->starts <= now + SKEW_SECONDS &&
	       find_session(token, &acting);
	SPI_finish();
	if (!good)
		RefuseUnauthenticated("the token is not valid here and now");
	BeginActing(&acting);
	PG_RETURN_INT64(acting.resident_id);
}

/* verify_token returns NULL unless the token is one that we signed for this audience. */
static const Verified *
verify_token(DerSlice text)
{
	uint8 hash[SHA256_DIGEST_LENGTH];
	Token token;
	Verified fresh = {0};
	Verified *place;
	pg_uuid_t subject;
	EVP_PKEY *key;

	if (text.size == 0 || text.size > TOKEN_MAX)
		return NULL;
	SHA256(text.data, text.size, hash);
	place = place_of(hash);
	if (place->used && memcmp(place->hash, hash, sizeof(hash)) == 0)
		return place;

	if (ParseToken((const char *) text.data, text.size, &token) != NULL ||
	    strcmp(token.iss, passport_issuer) != 0 || strcmp(token.aud, OWN_AUDIENCE) != 0 ||
	    !read_uuid(token.sid, &fresh.session_id) || !read_uuid(token.sub, &subject))
		return NULL;
	key = find_key(token.kid);
	if (key == NULL || !TokenSigned(key, &token))
		return NULL;
	fresh.resident_id = find_resident(&subject);
	if (fresh.resident_id == 0)
		return NULL;
	next_place[hash[0]]++;
	fresh.used = true;
	fresh.exp = token.exp;
	fresh.starts = Max(token.iat, token.nbf);
	memcpy(fresh.hash, hash, sizeof(hash));
	strlcpy(fresh.kid, token.kid, sizeof(fresh.kid));
	*place = fresh;
	return place;
}

/* place_of returns the token's place, or the one that it is to take. */
static Verified *
place_of(const uint8 *hash)
{
	Verified *row;

	if (places == NULL)
		places = MemoryContextAllocZero(TopMemoryContext, sizeof(Verified) * ROWS * ROW_PLACES);
	row = &places[hash[0] * ROW_PLACES];
	for (int i = 0; i < ROW_PLACES; i++)
		if (row[i].used && memcmp(row[i].hash, hash, SHA256_DIGEST_LENGTH) == 0)
			return &row[i];
	return &row[next_place[hash[0]] % ROW_PLACES];
}

/* find_key returns the public key with this kid; the last two that were used are kept, for a
 * kid is the hash of its key and never means another. */
static EVP_PKEY *
find_key(const char *kid)
{
	static EVP_PKEY *keys[2];
	static char kids[2][KEY_ID_MAX];
	EVP_PKEY *key;

	for (int i = 0; i < 2; i++)
		if (keys[i] != NULL && strcmp(kids[i], kid) == 0)
			return keys[i];
	key = read_key(kid);
	if (key == NULL)
		return NULL;
	EVP_PKEY_free(keys[1]);
	keys[1] = keys[0];
	strlcpy(kids[1], kids[0], KEY_ID_MAX);
	keys[0] = key;
	strlcpy(kids[0], kid, KEY_ID_MAX);
	return key;
}

static EVP_PKEY *
read_key(const char *kid)
{
	Datum values[] = {CStringGetTextDatum(kid), TimestampTzGetDatum(PassportNow())};
	char thumbprint[KEY_ID_MAX];
	DerSlice stored;
	bool null;

	if (RunStatement(&key_statement, values, NULL) == 0)
		return NULL;
	stored = BytesSlice(DatumGetByteaPP(StatementValue(0, 1, &null)));
	if (!KeyThumbprint(stored, thumbprint) || strcmp(thumbprint, kid) != 0)
		return NULL;
	return PublicTokenKey(stored);
}

/* read_uuid takes the one form in which we write it. */
static bool
read_uuid(const char *text, pg_uuid_t *uuid)
{
	int digit = 0;

	if (strlen(text) != 36)
		return false;
	for (int i = 0; i < 36; i++)
	{
		const char *hex = "0123456789abcdef";
		const char *found;

		if (i == 8 || i == 13 || i == 18 || i == 23)
		{
			if (text[i] != '-')
				return false;
			continue;
		}
		found = strchr(hex, text[i]);
		if (found == NULL)
			return false;
		uuid->data[digit / 2] = (uint8) (uuid->data[digit / 2] << 4 | (found - hex));
		digit++;
	}
	return true;
}

/* find_resident returns whom we call this towards ourselves; 0: nobody. */
static int64
find_resident(const pg_uuid_t *subject)
{
	Datum values[] = {CStringGetTextDatum(OWN_AUDIENCE), UUIDPGetDatum(subject)};
	bool null;

	return RunStatement(&subject_statement, values, NULL) == 0
	           ? 0
	           : DatumGetInt64(StatementValue(0, 1, &null));
}

/* find_session asks whether key, session and account still stand; a revocation that another
 * transaction committed is seen, for the statement is not read-only. */
static bool
find_session(const Verified *token, Acting *acting)
{
	Datum values[] = {Int64GetDatum(token->resident_id), UUIDPGetDatum(&token->session_id),
	                  CStringGetTextDatum(OWN_AUDIENCE), CStringGetTextDatum(token->kid),
	                  TimestampTzGetDatum(PassportNow())};
	Datum step_time;
	bool null;

	if (RunStatement(&session_statement, values, NULL) == 0)
		return false;
	acting->resident_id = token->resident_id;
	acting->auth_time = DatumGetTimestampTz(StatementValue(0, 1, &null));
	read_level(2, acting->acr, sizeof(acting->acr));
	step_time = StatementValue(0, 3, &null);
	acting->step_time = null ? 0 : DatumGetTimestampTz(step_time);
	read_level(4, acting->step_acr, sizeof(acting->step_acr));
	acting->session_id = token->session_id;
	return true;
}

/* read_level leaves what is NULL empty. */
static void
read_level(int column, char *acr, size_t size)
{
	bool null;
	Datum value = StatementValue(0, column, &null);

	if (!null)
		text_to_cstring_buffer(DatumGetTextPP(value), acr, size);
}
