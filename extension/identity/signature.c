/*
 * verify_signature: is this the signature of the holder of a certificate that
 * one of our roots signed, over this message, and was it good at that time?
 *
 * The order: what the bytes say (malformed, wrong_purpose, weak_key), who
 * vouches for them (untrusted), when (expired, not_yet_valid), whether they
 * were taken back (revoked, revocation_unknown), and the signature itself.
 *
 * The hierarchy has one tier, so a certificate is verified with its root's
 * kept key; OpenSSL's search for a chain, and its parser, would cost more than
 * both signatures together.
 */
#include "postgres.h"

#include <openssl/sha.h>

#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "identity/key.h"
#include "identity/proven.h"
#include "identity/revocation.h"
#include "identity/trust.h"

PG_FUNCTION_INFO_V1(passport_verify_signature);

/* What is asked */
typedef struct Question
{
	DerSlice der;
	DerSlice message;
	DerSlice signature;
	Purpose purpose;
	bool own_scheme; /* the one of the holder's key, whatever it is */
	Scheme scheme;
	TimestampTz at;
} Question;

static Finding verify(const Question *question, Certificate *certificate, int32 *issuer_id);
static Finding judge(const Question *question, const Proven *proven);
static Finding answer(const Question *question, const Certificate *certificate, int32 *issuer_id);
static Finding prove(const Question *question, const Certificate *certificate,
                     const Proven **proven);
static Finding check_validity(const Proven *proven, TimestampTz at);
static Scheme scheme_by_name(text *name);
static Datum result_row(FunctionCallInfo fcinfo, Finding finding, const Certificate *certificate,
                        int32 issuer_id);

/* passport_verify_signature serves verify_signature and verify_holder, which has the issuer's
 * number as one column more. */
Datum
passport_verify_signature(PG_FUNCTION_ARGS)
{
	Question question;
	Certificate certificate = {0};
	Finding finding;
	int32 issuer_id = 0;

	for (int i = 3; i < 5; i++)
		if (PG_ARGISNULL(i))
			RefuseInput(i == 3 ? "/purpose" : "/at", "missing", "Purpose and time must be given.");
	question.purpose = PurposeByName(PG_GETARG_TEXT_PP(3));
	question.at = PG_GETARG_TIMESTAMPTZ(4);
	question.own_scheme = PG_ARGISNULL(5);
	if (!question.own_scheme)
		question.scheme = scheme_by_name(PG_GETARG_TEXT_PP(5));
	/* a verdict that is NULL would pass a careless comparison */
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		finding = (Finding){"malformed", "empty: certificate, message or signature is null."};
		return result_row(fcinfo, finding, &certificate, 0);
	}
	question.der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	question.message = BytesSlice(PG_GETARG_BYTEA_PP(1));
	question.signature = BytesSlice(PG_GETARG_BYTEA_PP(2));

	finding = verify(&question, &certificate, &issuer_id);
	return result_row(fcinfo, finding, &certificate, issuer_id);
}

/* verify answers, and says as much of the certificate as it could read. */
static Finding
verify(const Question *question, Certificate *certificate, int32 *issuer_id)
{
	Finding finding;
	MemoryContext caller = CurrentMemoryContext;

	finding.detail = ParseCertificate(question->der.data, question->der.size, certificate);
	if (finding.detail != NULL)
	{
		memset(certificate, 0, sizeof(*certificate));
		return (Finding){"malformed", finding.detail};
	}
	finding = CheckProfile(certificate, question->purpose,
	                       AllowedAlgorithms(passport_signature_algorithms));
	if (finding.verdict != NULL)
		return finding;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	finding = answer(question, certificate, issuer_id);
	/* a root was taken away: it may be another that signed, or the same one added again */
	if (finding.verdict == NULL)
		finding = answer(question, certificate, issuer_id);
	if (finding.verdict == NULL)
		finding.verdict = "untrusted";
	finding.detail = MemoryContextStrdup(caller, finding.detail);
	SPI_finish();
	return finding;
}

/* answer gives no verdict when what this backend kept of the roots turned out to be old. */
static Finding
answer(const Question *question, const Certificate *certificate, int32 *issuer_id)
{
	const Proven *proven;
	Finding finding = prove(question, certificate, &proven);

	if (finding.verdict != NULL)
		return finding;
	*issuer_id = proven->issuer_id;
	finding = judge(question, proven);
	if (finding.verdict == NULL)
	{
		ForgetAnchors();
		ForgetProven();
		finding.detail = "issuer: the roots are changing.";
	}
	return finding;
}

/* prove finds the root that signed; the answer stands only while the root does. */
static Finding
prove(const Question *question, const Certificate *certificate, const Proven **proven)
{
	SignedPart part = {certificate->issuer, certificate->tbs, certificate->signature,
	                   certificate->algorithm};
	uint8 hash[SHA256_DIGEST_LENGTH];
	const TrustAnchor *anchor;
	bool name_known;
	EVP_PKEY *key;

	SHA256(question->der.data, question->der.size, hash);
	*proven = FindProven(hash, question->purpose);
	if (*proven != NULL)
		return (Finding){NULL, NULL};

	anchor = FindAnchor(question->purpose, USAGE_KEY_CERT_SIGN, &part, &name_known);
	if (anchor == NULL)
		return (Finding){"untrusted",
		                 name_known ? "issuer: no trust anchor of this name signed it."
		                            : "issuer: no trust anchor for this purpose has its name."};
	key = MakePublicKey(&certificate->key);
	if (key == NULL)
		return (Finding){"weak_key", "key: the numbers are not a public key."};
	*proven = RememberProven(hash, certificate, key, anchor);
	return (Finding){NULL, NULL};
}

/* judge gives no verdict when the root that proved the certificate is no longer there. */
static Finding
judge(const Question *question, const Proven *proven)
{
	Finding finding;
	Standing standing;
	Scheme scheme;

	ReadStanding(proven->anchor_id, proven->issuer_id, &proven->certificate, &standing);
	if (!standing.anchor_stands)
		return (Finding){NULL, NULL};
	finding = check_validity(proven, question->at);
	if (finding.verdict == NULL)
		finding = CheckRevocation(&standing, question->at);
	scheme = question->own_scheme ? KeyScheme(proven->key) : question->scheme;
	if (finding.verdict == NULL &&
	    !HolderSigned(proven->key, scheme, question->message, question->signature))
		finding = (Finding){"bad_signature", "signature: it is not this key's over the message."};
	if (finding.verdict == NULL)
		finding = (Finding){"valid", "all rules hold."};
	return finding;
}

static Finding
check_validity(const Proven *proven, TimestampTz at)
{
	if (at < UnixTimestamp(proven->certificate.not_before))
		return (Finding){"not_yet_valid", "validity: the certificate is not valid yet."};
	if (at > UnixTimestamp(proven->certificate.not_after))
		return (Finding){"expired", "validity: the certificate has expired."};
	if (at < UnixTimestamp(proven->anchor_not_before))
		return (Finding){"not_yet_valid", "anchor_validity: the root is not valid yet."};
	if (at > UnixTimestamp(proven->anchor_not_after))
		return (Finding){"expired", "anchor_validity: the root has expired."};
	return (Finding){NULL, NULL};
}

static Scheme
scheme_by_name(text *name)
{
	static const char *const names[] = {"pkcs1", "pss", "bare_hash", "ecdsa"};
	char *scheme = text_to_cstring(name);

	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(scheme, names[i]) == 0)
			return (Scheme) i;
	RefuseInput("/scheme", "unknown_scheme", "A scheme is pkcs1, pss, bare_hash or ecdsa.");
}

static Datum
result_row(FunctionCallInfo fcinfo, Finding finding, const Certificate *certificate,
           int32 issuer_id)
{
	Datum values[6] = {0};
	bool nulls[6] = {false, false, true, true, true, true};
	const char *hierarchy = HierarchyName(certificate->hierarchy);
	TupleDesc columns;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(finding.verdict);
	values[1] = CStringGetTextDatum(finding.detail);
	if (certificate->whole.data != NULL)
	{
		values[2] = PointerGetDatum(NameAsText(certificate->issuer));
		values[3] = PointerGetDatum(SliceHex(certificate->serial));
		nulls[2] = nulls[3] = false;
	}
	if (hierarchy != NULL)
	{
		values[4] = CStringGetTextDatum(hierarchy);
		nulls[4] = false;
	}
	values[5] = Int32GetDatum(issuer_id);
	nulls[5] = issuer_id == 0;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls));
}
