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
#define SQL_STANDING                                                          \
	"SELECT l.reasons, l.this_update, l.next_update, r.reason"                \
	"  FROM passport.trust_anchor AS a"                                       \
	"  LEFT JOIN passport.revocation_list AS l"                               \
	"         ON l.issuer_id = a.issuer_id AND l.point_der = $2"              \
	"  LEFT JOIN LATERAL (SELECT c.reason"                                    \
	"                       FROM passport.revoked_certificate AS c"           \
	"                      WHERE c.issuer_id = a.issuer_id AND c.serial = $3" \
	"                      LIMIT 1) AS r ON true"                             \
	" WHERE a.anchor_id = $1"

PG_FUNCTION_INFO_V1(passport_inspect_crl);
PG_FUNCTION_INFO_V1(passport_crl_entries);

static void add_list(Standing *standing, HeapTuple tuple, TupleDesc columns);
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
	if (SPI_execute_plan(plan, values, point.data == NULL ? " n " : NULL, true, STANDING_LISTS) !=
	    SPI_OK_SELECT)
		elog(ERROR, "could not read the revocation");
	if (SPI_processed == 0)
		return;

	standing->anchor_stands = true;
	for (uint64 i = 0; i < SPI_processed; i++)
		add_list(standing, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
	standing->reason =
	    DatumGetInt16(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 4, &null));
	standing->revoked = !null;
	SPI_freetuptable(SPI_tuptable);
}

/* add_list takes a row's list, if it has one. */
static void
add_list(Standing *standing, HeapTuple tuple, TupleDesc columns)
{
	bool null;
	int32 reasons = DatumGetInt32(SPI_getbinval(tuple, columns, 1, &null));
	int i = standing->list_count;

	if (null)
		return;
	standing->lists[i].reasons = reasons;
	standing->lists[i].this_update = DatumGetTimestampTz(SPI_getbinval(tuple, columns, 2, &null));
	standing->lists[i].next_update = DatumGetTimestampTz(SPI_getbinval(tuple, columns, 3, &null));
	standing->list_count++;
}

/* CheckRevocation believes that a certificate stands only if the lists that are current tell of
 * all reasons together: one that is stale tells of nothing. */
Finding
CheckRevocation(const Standing *standing, TimestampTz at)
{
	Finding missing = {"revocation_unknown",
	                   "crl_missing: no list of the certificate's distribution point is loaded."};
	unsigned told = 0;

	if (standing->revoked)
		return (Finding){"revoked", psprintf("crl: the certificate is revoked (%s).",
		                                     CrlReasonName(standing->reason))};
	if (standing->list_count > 0)
		missing.detail = "crl_reasons: the lists that are loaded do not tell of all reasons.";
	for (int i = 0; i < standing->list_count; i++)
	{
		if (at < standing->lists[i].this_update)
			missing.detail = "crl_future: the list is newer than the time asked.";
		else if (at > standing->lists[i].next_update + passport_crl_grace * USECS_PER_SEC)
			missing.detail = "crl_stale: the list is past its next update.";
		else
			told |= standing->lists[i].reasons;
	}
	return told == CRL_REASONS_ALL ? (Finding){NULL, NULL} : missing;
}

/* passport_inspect_crl verifies a list and returns its header; what is already stored is for
 * load_crl to compare. */
Datum
passport_inspect_crl(PG_FUNCTION_ARGS)
{
	DerSlice der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	Datum values[10] = {0};
	bool nulls[10];
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
		memset(nulls + 3, false, 6);
		values[3] = slice_bytes(crl.distribution_point);
		values[4] = PointerGetDatum(NameAsText(crl.distribution_point));
		values[5] = decimal(crl.number);
		values[6] = TimestampTzGetDatum(UnixTimestamp(crl.this_update));
		values[7] = TimestampTzGetDatum(UnixTimestamp(crl.next_update));
		values[8] = Int32GetDatum(crl.reasons);
		nulls[9] = !crl.is_delta;
		if (crl.is_delta)
			values[9] = decimal(crl.base);
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
