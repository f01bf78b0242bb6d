/*
 * Revocation: looking a certificate up, and taking in the lists of its issuer.
 *
 * A list is verified once, when it is loaded; its serial numbers then stand in
 * a table, where a certificate costs one index lookup whether the table has ten
 * rows or ten million.  Beside the lists stands what responders said of single
 * certificates (status.c); of both, the newest counts.  Where nothing current is
 * there nothing is known, and what is not known is refused.
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
#include "util/spi.h"

/*
 * One query for all that is known, and without a join: starting one more node
 * costs as much as reading its row.  The root's row is part of it, so that one
 * taken away is noticed at once.  A certificate has one distribution point as a
 * rule; those after it are asked for one by one, because of an array the plan
 * might make a filter over all lists of the issuer.
 */
#define SQL_STANDING                                                                    \
	"SELECT 0, NULL::int, NULL::timestamptz, NULL::timestamptz"                         \
	"  FROM passport.trust_anchor WHERE anchor_id = $1"                                 \
	" UNION ALL " SQL_LISTS " UNION ALL "                                               \
	"SELECT 2, c.reason::int, NULL::timestamptz, NULL::timestamptz"                     \
	"  FROM passport.revoked_certificate AS c WHERE c.issuer_id = $2 AND c.serial = $4" \
	" UNION ALL "                                                                       \
	"SELECT 3, s.reason::int, s.this_update, s.next_update"                             \
	"  FROM passport.certificate_status AS s"                                           \
	" WHERE s.issuer_id = $2 AND s.serial = $4 AND s.anchor_id = $1"
#define SQL_LISTS                                       \
	"SELECT 1, l.reasons, l.this_update, l.next_update" \
	"  FROM passport.revocation_list AS l WHERE l.issuer_id = $2 AND l.point_der = $3"

/* When the newest list that names a serial number was made: asked only where a responder said
 * something of it, too. */
#define SQL_LISTED                                                  \
	"SELECT 2, c.reason::int, l.this_update, NULL::timestamptz"     \
	"  FROM passport.revoked_certificate AS c"                      \
	"  JOIN passport.revocation_list AS l ON l.list_id = c.list_id" \
	" WHERE c.issuer_id = $2 AND c.serial = $4"                     \
	" ORDER BY l.this_update DESC LIMIT 1"

/* The first column: what a row is about */
enum
{
	ROW_ANCHOR,
	ROW_LIST,
	ROW_LISTED,
	ROW_ANSWER
};

PG_FUNCTION_INFO_V1(passport_inspect_crl);
PG_FUNCTION_INFO_V1(passport_crl_entries);

static void read_rows(SPIPlanPtr *plan, const char *sql, Datum *values, unsigned point_reasons,
                      Standing *standing);
static void add_row(Standing *standing, unsigned point_reasons, uint64 row);
static const char *check_answer(const Standing *standing, TimestampTz at);
static Finding check_lists(const Standing *standing, TimestampTz at, TimestampTz newer_than);
static Finding check_crl(const Crl *crl, const TrustAnchor **anchor);
static Datum decimal(DerSlice magnitude);

void
ReadStanding(int32 anchor_id, int32 issuer_id, const Certificate *certificate, Standing *standing)
{
	static SPIPlanPtr all = NULL, lists = NULL, listed = NULL;
	DistributionPoint none = {{NULL, 0}, 0};
	const DistributionPoint *points = certificate->point_count > 0 ? certificate->points : &none;
	Datum values[] = {Int32GetDatum(anchor_id), Int32GetDatum(issuer_id),
	                  SliceBytes(points[0].name), SliceBytes(certificate->serial)};

	memset(standing, 0, sizeof(*standing));
	read_rows(&all, SQL_STANDING, values, points[0].reasons, standing);
	for (int i = 1; i < certificate->point_count; i++)
	{
		values[2] = SliceBytes(points[i].name);
		read_rows(&lists, SQL_LISTS, values, points[i].reasons, standing);
	}
	if (standing->listed && standing->answered)
		read_rows(&listed, SQL_LISTED, values, 0, standing);
}

/* read_rows adds what a query says; point_reasons are those for which the lists of the point that
 * it asks for count. */
static void
read_rows(SPIPlanPtr *plan, const char *sql, Datum *values, unsigned point_reasons,
          Standing *standing)
{
	static Oid types[] = {INT4OID, INT4OID, BYTEAOID, BYTEAOID};

	if (*plan == NULL)
	{
		SPIPlanPtr made = SPI_prepare_cursor(sql, lengthof(types), types, CURSOR_OPT_GENERIC_PLAN);

		if (made == NULL || SPI_keepplan(made) != 0)
			elog(ERROR, "could not prepare a query for revocation");
		*plan = made;
	}
	if (SPI_execute_plan(*plan, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the revocation");
	for (uint64 i = 0; i < SPI_processed; i++)
		add_row(standing, point_reasons, i);
	SPI_freetuptable(SPI_tuptable);
}

static void
add_row(Standing *standing, unsigned point_reasons, uint64 row)
{
	bool null, no_reason, no_next_update;
	int kind = DatumGetInt32(StatementValue(row, 1, &null));
	int reason = DatumGetInt32(StatementValue(row, 2, &no_reason));
	TimestampTz this_update = DatumGetTimestampTz(StatementValue(row, 3, &null));
	TimestampTz next_update = DatumGetTimestampTz(StatementValue(row, 4, &no_next_update));

	switch (kind)
	{
		case ROW_ANCHOR:
			standing->anchor_stands = true;
			break;
		case ROW_LIST:
			if (standing->list_count == STANDING_LISTS)
				break;
			standing->lists[standing->list_count].reasons = reason & point_reasons;
			standing->lists[standing->list_count].this_update = this_update;
			standing->lists[standing->list_count++].next_update = next_update;
			break;
		case ROW_LISTED:
			standing->listed = true;
			standing->listed_at = this_update;
			standing->listed_reason = reason;
			break;
		case ROW_ANSWER:
			standing->answered = true;
			standing->answer.revoked = !no_reason;
			standing->answer.reason = reason;
			standing->answer.this_update = this_update;
			standing->answer.next_update = no_next_update ? this_update : next_update;
			break;
	}
}

/*
 * CheckRevocation lets the newest knowledge win, a list's or a responder's; of
 * equal age, the one that revokes.  What is stale or of the future tells
 * nothing, but what was revoked stays so until something newer and current
 * says otherwise.
 */
Finding
CheckRevocation(const Standing *standing, TimestampTz at)
{
	const char *answer_fault = check_answer(standing, at);
	bool good = standing->answered && !standing->answer.revoked && answer_fault == NULL;
	bool revoked = standing->answered && standing->answer.revoked;
	Finding lists;

	if (standing->listed && !(good && standing->answer.this_update > standing->listed_at))
		return (Finding){"revoked", psprintf("crl: the certificate is revoked (%s).",
		                                     CrlReasonName(standing->listed_reason))};
	if (good)
		return (Finding){NULL, NULL};
	lists = check_lists(standing, at, revoked ? standing->answer.this_update : DT_NOBEGIN);
	if (lists.verdict != NULL && revoked)
		return (Finding){"revoked", psprintf("ocsp: the certificate is revoked (%s).",
		                                     CrlReasonName(standing->answer.reason))};
	/* where there is no list, what is wrong with the response says more */
	if (lists.verdict != NULL && standing->list_count == 0 && answer_fault != NULL)
		lists.detail = answer_fault;
	return lists;
}

/* check_answer returns NULL, or why a responder's answer tells nothing. */
static const char *
check_answer(const Standing *standing, TimestampTz at)
{
	if (!standing->answered)
		return NULL;
	if (at < standing->answer.this_update)
		return "ocsp_future: the response is newer than the time asked.";
	if (at > standing->answer.next_update + passport_ocsp_grace * USECS_PER_SEC)
		return "ocsp_stale: the response is past its next update.";
	return NULL;
}

/* check_lists believes that a certificate stands only if the lists that are current, and newer than
 * what they shall outweigh, tell of all reasons together. */
static Finding
check_lists(const Standing *standing, TimestampTz at, TimestampTz newer_than)
{
	Finding missing = {"revocation_unknown",
	                   "crl_missing: no list of the certificate's distribution point is loaded."};
	unsigned told = 0;

	if (standing->list_count > 0)
		missing.detail = "crl_reasons: the lists that are loaded do not tell of all reasons.";
	for (int i = 0; i < standing->list_count; i++)
	{
		if (at < standing->lists[i].this_update)
			missing.detail = "crl_future: the list is newer than the time asked.";
		else if (at > standing->lists[i].next_update + passport_crl_grace * USECS_PER_SEC)
			missing.detail = "crl_stale: the list is past its next update.";
		else if (standing->lists[i].this_update > newer_than)
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
		values[3] = SliceBytes(crl.distribution_point);
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
		Datum values[] = {SliceBytes(entry.serial),
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
