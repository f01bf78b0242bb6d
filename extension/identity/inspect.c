/* Entry points that only look: what a certificate says, and whether it may be a root. */
#include "postgres.h"

#include <openssl/sha.h>

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "identity/key.h"
#include "identity/name.h"
#include "identity/trust.h"

PG_FUNCTION_INFO_V1(passport_certificate_info);
PG_FUNCTION_INFO_V1(passport_inspect_anchor);

static void describe(const Certificate *certificate, Datum *values, bool *nulls);
static text *key_text(const PublicKey *key);
static bool self_signed(const Certificate *certificate);

/* Columns of certificate_info */
enum
{
	INFO_KIND,
	INFO_HIERARCHY,
	INFO_SERIAL,
	INFO_ISSUER,
	INFO_SUBJECT,
	INFO_NOT_BEFORE,
	INFO_NOT_AFTER,
	INFO_KEY,
	INFO_NAME,
	INFO_NAME_SUBSTITUTION,
	INFO_ADDRESS,
	INFO_ADDRESS_SUBSTITUTION,
	INFO_BIRTH_DATE,
	INFO_SEX,
	INFO_POINT,
	INFO_FAULT,
	INFO_COLUMNS
};

/* passport_certificate_info returns what the bytes say, believing nothing of it. */
Datum
passport_certificate_info(PG_FUNCTION_ARGS)
{
	DerSlice der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	Datum values[INFO_COLUMNS] = {0};
	bool nulls[INFO_COLUMNS];
	TupleDesc columns;
	Certificate certificate;
	const char *fault;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));
	fault = ParseCertificate(der.data, der.size, &certificate);
	if (fault == NULL)
		describe(&certificate, values, nulls);
	else
	{
		values[INFO_FAULT] = CStringGetTextDatum(fault);
		nulls[INFO_FAULT] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

static void
describe(const Certificate *certificate, Datum *values, bool *nulls)
{
	static const int column_of[ATTRIBUTE_COUNT] = {
	    [ATTRIBUTE_NAME] = INFO_NAME,
	    [ATTRIBUTE_NAME_SUBSTITUTION] = INFO_NAME_SUBSTITUTION,
	    [ATTRIBUTE_SEX] = INFO_SEX,
	    [ATTRIBUTE_BIRTH_DATE] = INFO_BIRTH_DATE,
	    [ATTRIBUTE_ADDRESS] = INFO_ADDRESS,
	    [ATTRIBUTE_ADDRESS_SUBSTITUTION] = INFO_ADDRESS_SUBSTITUTION,
	};
	Purpose purpose = CertificatePurpose(certificate);
	const char *kind = certificate->is_ca                  ? "ca"
	                   : purpose == PURPOSE_SIGNATURE      ? "signature"
	                   : purpose == PURPOSE_AUTHENTICATION ? "authentication"
	                                                       : NULL;
	const char *hierarchy = HierarchyName(certificate->hierarchy);

	for (int i = 0; i < INFO_NAME; i++)
		nulls[i] = false;
	nulls[INFO_KIND] = kind == NULL;
	values[INFO_KIND] = kind ? CStringGetTextDatum(kind) : 0;
	nulls[INFO_HIERARCHY] = hierarchy == NULL;
	values[INFO_HIERARCHY] = hierarchy ? CStringGetTextDatum(hierarchy) : 0;
	values[INFO_SERIAL] = PointerGetDatum(SliceHex(certificate->serial));
	values[INFO_ISSUER] = PointerGetDatum(NameAsText(certificate->issuer));
	values[INFO_SUBJECT] = PointerGetDatum(NameAsText(certificate->subject));
	values[INFO_NOT_BEFORE] = TimestampTzGetDatum(UnixTimestamp(certificate->not_before));
	values[INFO_NOT_AFTER] = TimestampTzGetDatum(UnixTimestamp(certificate->not_after));
	values[INFO_KEY] = PointerGetDatum(key_text(&certificate->key));

	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		if (certificate->attribute[i].data != NULL)
		{
			values[column_of[i]] = PointerGetDatum(SliceText(certificate->attribute[i]));
			nulls[column_of[i]] = false;
		}
	if (!nulls[INFO_SEX])
	{
		DerSlice digit = certificate->attribute[ATTRIBUTE_SEX];

		values[INFO_SEX] = CStringGetTextDatum(DerEqual(digit, DER_LITERAL("1"))   ? "male"
		                                       : DerEqual(digit, DER_LITERAL("2")) ? "female"
		                                                                           : "unknown");
	}
	if (certificate->point_count > 0)
	{
		values[INFO_POINT] = PointerGetDatum(NameAsText(certificate->points[0].name));
		nulls[INFO_POINT] = false;
	}
}

static text *
key_text(const PublicKey *key)
{
	switch (key->kind)
	{
		case KEY_RSA:
			return cstring_to_text(psprintf("RSA-%d", key->bits));
		case KEY_P256:
			return cstring_to_text("P-256");
		case KEY_P384:
			return cstring_to_text("P-384");
		default:
			return cstring_to_text("other");
	}
}

/* passport_inspect_anchor tells whether a certificate may be a root, and what to store of it. */
Datum
passport_inspect_anchor(PG_FUNCTION_ARGS)
{
	DerSlice der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	Datum values[8] = {0};
	bool nulls[8];
	TupleDesc columns;
	Certificate certificate;
	Finding finding;
	uint8 hash[SHA256_DIGEST_LENGTH];

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));

	finding.verdict = "malformed";
	finding.detail = ParseCertificate(der.data, der.size, &certificate);
	if (finding.detail == NULL)
		finding = CheckAnchor(&certificate);
	if (finding.detail == NULL && !self_signed(&certificate))
		finding = (Finding){"bad_signature", "self_signed: the root did not sign itself."};
	if (finding.detail != NULL)
	{
		values[0] = CStringGetTextDatum(finding.verdict);
		values[1] = CStringGetTextDatum(finding.detail);
		nulls[0] = nulls[1] = false;
	}
	else
	{
		SHA256(der.data, der.size, hash);
		memset(nulls + 2, false, 6);
		values[2] = PointerGetDatum(cstring_to_text_with_len((char *) hash, sizeof(hash)));
		values[3] =
		    PointerGetDatum(cstring_to_text_with_len((const char *) certificate.subject.data,
		                                             certificate.subject.size));
		values[4] = PointerGetDatum(NameAsText(certificate.subject));
		values[5] = CStringGetTextDatum(HierarchyName(certificate.hierarchy));
		values[6] = TimestampTzGetDatum(UnixTimestamp(certificate.not_before));
		values[7] = TimestampTzGetDatum(UnixTimestamp(certificate.not_after));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

static bool
self_signed(const Certificate *certificate)
{
	EVP_PKEY *key = MakePublicKey(&certificate->key);
	bool good = key != NULL &&
	            IssuerSigned(key, certificate->algorithm, certificate->tbs, certificate->signature);

	EVP_PKEY_free(key);
	return good;
}

/* PurposeByName raises PT422 for a purpose that there is not. */
Purpose
PurposeByName(text *name)
{
	char *purpose = text_to_cstring(name);

	if (strcmp(purpose, "signature") == 0)
		return PURPOSE_SIGNATURE;
	if (strcmp(purpose, "authentication") == 0)
		return PURPOSE_AUTHENTICATION;
	RefuseInput("/purpose", "unknown_purpose", "A purpose is signature or authentication.");
}

const char *
HierarchyName(Hierarchy hierarchy)
{
	return hierarchy == HIERARCHY_PRODUCTION ? "production"
	       : hierarchy == HIERARCHY_TEST     ? "test"
	                                         : NULL;
}

/* SliceText makes a text of UTF-8 that was found valid. */
text *
SliceText(DerSlice utf8)
{
	char *local = pg_any_to_server((const char *) utf8.data, utf8.size, PG_UTF8);

	return local == (const char *) utf8.data ? cstring_to_text_with_len(local, utf8.size)
	                                         : cstring_to_text(local);
}

/* SliceHex writes bytes in lower-case hex. */
text *
SliceHex(DerSlice bytes)
{
	text *hex = palloc(VARHDRSZ + 2 * bytes.size);

	SET_VARSIZE(hex, VARHDRSZ + hex_encode((const char *) bytes.data, bytes.size, VARDATA(hex)));
	return hex;
}

/* SliceBytes makes a bytea. */
Datum
SliceBytes(DerSlice bytes)
{
	return PointerGetDatum(cstring_to_text_with_len((const char *) bytes.data, bytes.size));
}

/* NameAsText writes a distinguished name as RFC 2253 does. */
text *
NameAsText(DerSlice name)
{
	char utf8[NAME_TEXT_MAX];

	NameText(name, utf8);
	return SliceText((DerSlice){(const uint8 *) utf8, strlen(utf8)});
}

TimestampTz
UnixTimestamp(int64_t seconds)
{
	return time_t_to_timestamptz((pg_time_t) seconds);
}

/* BytesSlice gives the bytes of a detoasted value. */
DerSlice
BytesSlice(bytea *bytes)
{
	return (DerSlice){(const uint8 *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)};
}
