/*
 * Revocation: looking a certificate up, and taking in the lists of its issuer.
 *
 * A list is verified once, when it is loaded; its serial numbers then stand in
 * a table, where a certificate costs one index lookup whether the table has ten
 * rows or ten million.  Without a current list nothing is known, and what is
 * not known is refused.
 */
#include "postgres.h"

#include <openssl/bn.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "identity/crl.h"
#include "identity/key.h"
#include "identity/revocation.h"
#include "identity/trust.h"

/* The root's row is part of the query, so that one taken away is noticed at once. */
#define SQL_STANDING                                             \
	"SELECT l.this_update, l.next_update, r.reason"              \
	"  FROM passport.trust_anchor AS a"                          \
	"  LEFT JOIN passport.revocation_list AS l"                  \
	"         ON l.issuer_id = a.issuer_id AND l.point_der = $2" \
	"  LEFT JOIN passport.revoked_certificate AS r"              \
	"         ON r.issuer_id = a.issuer_id AND r.serial = $3"    \
	" WHERE a.anchor_id = $1 LIMIT 1"

PG_FUNCTION_INFO_V1(passport_inspect_crl);
PG_FUNCTION_INFO_V1(passport_crl_entries);

static Finding check_crl(const Crl *crl, const TrustAnchor **anchor);
static Datum decimal(DerSlice magnitude);
static Datum slice_bytes(DerSlice bytes);

void
ReadStanding(int32 anchor_id, const Certificate *certificate, Standing *standing)
{
	static SPIPlanPtr plan = NULL;
	static Oid types[] = {INT4OID, BYTEAOID, BYTEAOID};
	DerSlice point = certificate->distribution_point;
	Datum values[] = {Int32GetDatum(anchor_id), slice_bytes(point),
	                  slice_bytes(certificate->serial)};
	bool null;

	if (plan == NULL)
	{
		plan = SPI_prepare_cursor(SQL_STANDING, 3, types, CURSOR_OPT_GENERIC_PLAN);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare the query for revocation");
	}
	memset(standing, 0, sizeof(*standing));
	if (SPI_execute_plan(plan, values, point.data == NULL ? " n " : NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the revocation");
	if (SPI_processed == 0)
		return;

	standing->anchor_stands = true;
	standing->this_update =
	    DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	standing->list_known = !null;
	standing->next_update =
	    DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &null));
	standing->reason =
	    DatumGetInt16(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &null));
	standing->revoked = !null;
	SPI_freetuptable(SPI_tuptable);
}

Finding
CheckRevocation(const Standing *standing, TimestampTz at)
{
	if (standing->revoked)
		return (Finding){"revoked", psprintf("crl: the certificate is revoked (%s).",
		                                     CrlReasonName(standing->reason))};
	if (!standing->list_known)
		return (Finding){"revocation_unknown",
		                 "crl_missing: no list of the certificate's distribution point is loaded."};
	if (at < standing->this_update)
		return (Finding){"revocation_unknown",
		                 "crl_future: the list is newer than the time asked."};
	if (at > standing->next_update + passport_crl_grace * USECS_PER_SEC)
		return (Finding){"revocation_unknown", "crl_stale: the list is past its next update."};
	return (Finding){NULL, NULL};
}

/* passport_inspect_crl verifies a list and returns its header; what is already stored is for
 * load_crl to compare. */
Datum
passport_inspect_crl(PG_FUNCTION_ARGS)
{
	DerSlice der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	Datum values[8] = {0};
	bool nulls[8];
	TupleDesc columns;
	Crl crl;
	Finding finding;
	const TrustAnchor *anchor = NULL;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));

	finding.verdict = "malformed";
	finding.detail = ParseCrl(der.data, der.size, &crl);
	if (finding.detail == NULL)
	{
		SPI_connect();
		finding = check_crl(&crl, &anchor);
		SPI_finish();
		memset(nulls + 3, false, 5);
		values[3] = slice_bytes(crl.distribution_point);
		values[4] = PointerGetDatum(NameAsText(crl.distribution_point));
		values[5] = decimal(crl.number);
		values[6] = TimestampTzGetDatum(UnixTimestamp(crl.this_update));
		values[7] = TimestampTzGetDatum(UnixTimestamp(crl.next_update));
	}
	if (finding.detail != NULL)
	{
		values[0] = CStringGetTextDatum(finding.verdict);
		values[1] = CStringGetTextDatum(finding.detail);
		nulls[0] = nulls[1] = false;
	}
	else
	{
		values[2] = Int32GetDatum(anchor->issuer_id);
		nulls[2] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

static Finding
check_crl(const Crl *crl, const TrustAnchor **anchor)
{
	SignedPart part = {crl->issuer, crl->tbs, crl->signature, crl->algorithm};
	TimestampTz now = PassportNow();
	bool name_known;

	if (crl->is_delta)
		return (Finding){"unsupported", "delta: only whole lists are taken."};
	if ((crl->algorithm & AllowedAlgorithms(passport_signature_algorithms)) == 0)
		return (Finding){"weak_key", "algorithm: the signature algorithm is not allowed."};
	*anchor = FindAnchor(PURPOSE_NONE, USAGE_CRL_SIGN, &part, &name_known);
	if (*anchor == NULL && !name_known)
		return (Finding){"untrusted", "issuer: no trust anchor that signs lists has this name."};
	if (*anchor == NULL)
		return (Finding){"bad_signature", "issuer: no trust anchor of this name signed it."};
	if (now < UnixTimestamp(crl->this_update))
		return (Finding){"not_yet_valid", "this_update: the list comes from the future."};
	if (now > UnixTimestamp(crl->next_update) + passport_crl_grace * USECS_PER_SEC)
		return (Finding){"expired", "next_update: the list is too old to be of use."};
	return (Finding){NULL, NULL};
}

/* passport_crl_entries returns the entries of a list that inspect_crl found good. */
Datum
passport_crl_entries(PG_FUNCTION_ARGS)
{
	DerSlice der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Crl crl;
	CrlEntry entry;

	InitMaterializedSRF(fcinfo, 0);
	if (ParseCrl(der.data, der.size, &crl) != NULL)
		return (Datum) 0;
	while (crl.entries.size > 0 && ReadCrlEntry(&crl.entries, &entry) == NULL)
	{
		Datum values[] = {slice_bytes(entry.serial),
		                  TimestampTzGetDatum(UnixTimestamp(entry.revoked_at)),
		                  Int16GetDatum(entry.reason)};
		bool nulls[3] = {false};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		pfree(DatumGetPointer(values[0]));
	}
	return (Datum) 0;
}

/* decimal makes a numeric of a number of at most twenty bytes. */
static Datum
decimal(DerSlice magnitude)
{
	BIGNUM *number = BN_bin2bn(magnitude.data, magnitude.size, NULL);
	char *digits = number ? BN_bn2dec(number) : NULL;
	char *copy = digits ? pstrdup(digits) : NULL;

	OPENSSL_free(digits);
	BN_free(number);
	if (copy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return DirectFunctionCall3(numeric_in, CStringGetDatum(copy), ObjectIdGetDatum(InvalidOid),
	                           Int32GetDatum(-1));
}

static Datum
slice_bytes(DerSlice bytes)
{
	return PointerGetDatum(cstring_to_text_with_len((const char *) bytes.data, bytes.size));
}
