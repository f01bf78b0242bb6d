/*
 * What responders say of single certificates: the entry points by which a
 * response of OCSP is verified and read, and a request written.  Who may answer
 * is decided in responder.c, what is stored in 31-ocsp.sql.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "identity/key.h"
#include "identity/ocsp.h"
#include "identity/trust.h"

PG_FUNCTION_INFO_V1(passport_inspect_ocsp_response);
PG_FUNCTION_INFO_V1(passport_ocsp_answers);
PG_FUNCTION_INFO_V1(passport_write_ocsp_request);

static Finding find_signer(const OcspResponse *response, int32 *anchor_id, Certificate *responder);
static void put_answer(ReturnSetInfo *result, const OcspAnswer *answer, TimestampTz now);
static int64_t unix_now(void);
static DerSlice *array_slices(ArrayType *array, int *count);

/* passport_inspect_ocsp_response says who stands behind a response, or why nobody does. */
Datum
passport_inspect_ocsp_response(PG_FUNCTION_ARGS)
{
	DerSlice der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	Datum values[6] = {0};
	bool nulls[6];
	TupleDesc columns;
	OcspResponse response;
	Certificate responder = {0};
	Finding finding = {"malformed", NULL};
	int32 anchor_id = 0;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));
	finding.detail = ParseOcspResponse(der.data, der.size, &response);
	if (finding.detail == NULL && response.status != 0)
		finding = (Finding){"unsuccessful", psprintf("status: the responder says %s.",
		                                             OcspStatusName(response.status))};
	else if (finding.detail == NULL)
	{
		finding = find_signer(&response, &anchor_id, &responder);
		values[4] = TimestampTzGetDatum(UnixTimestamp(response.produced_at));
		nulls[4] = false;
	}
	if (finding.detail != NULL)
	{
		values[0] = CStringGetTextDatum(finding.verdict);
		values[1] = CStringGetTextDatum(finding.detail);
		nulls[0] = nulls[1] = false;
	}
	else
	{
		values[2] = Int32GetDatum(anchor_id);
		values[3] = SliceBytes(response.nonce);
		values[5] = SliceBytes(responder.serial);
		nulls[2] = false;
		nulls[3] = response.nonce.data == NULL;
		nulls[5] = responder.serial.data == NULL;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

/* find_signer asks every root, because a key's hash names none; what one has against its own
 * responder says more than that the others do not know it. */
static Finding
find_signer(const OcspResponse *response, int32 *anchor_id, Certificate *responder)
{
	unsigned algorithms = AllowedAlgorithms(passport_signature_algorithms);
	Finding found = {"untrusted", SIGNER_ELSEWHERE};
	int64_t now = unix_now();
	const TrustAnchor *anchors;
	int count;

	if (response->produced_at > now + OCSP_SKEW)
		return (Finding){"not_yet_valid", "produced_at: the response comes from the future."};
	SPI_connect();
	count = ReadAnchors(&anchors);
	for (int i = 0; i < count; i++)
	{
		Finding finding = CheckSigner(response, &anchors[i].certificate, anchors[i].key, now,
		                              algorithms, responder);

		if (finding.verdict == NULL)
		{
			*anchor_id = anchors[i].anchor_id;
			found = finding;
			break;
		}
		/* generations share a name: that one of them did not sign says little, too */
		if (finding.detail != SIGNER_ELSEWHERE &&
		    (found.detail == SIGNER_ELSEWHERE || strcmp(found.verdict, "bad_signature") == 0))
			found = finding;
	}
	SPI_finish();
	return found;
}

/* passport_ocsp_answers returns the answers about a root's certificates. */
Datum
passport_ocsp_answers(PG_FUNCTION_ARGS)
{
	DerSlice der = BytesSlice(PG_GETARG_BYTEA_PP(0));
	DerSlice root_der = BytesSlice(PG_GETARG_BYTEA_PP(1));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz now = PassportNow();
	OcspResponse response;
	OcspAnswer answer;
	Certificate root;

	InitMaterializedSRF(fcinfo, 0);
	if (ParseOcspResponse(der.data, der.size, &response) != NULL || response.status != 0 ||
	    ParseCertificate(root_der.data, root_der.size, &root) != NULL)
		return (Datum) 0;
	while (response.answers.size > 0 && ReadOcspAnswer(&response.answers, &answer) == NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (AnswerIsAbout(&answer, &root))
			put_answer(result, &answer, now);
	}
	return (Datum) 0;
}

static void
put_answer(ReturnSetInfo *result, const OcspAnswer *answer, TimestampTz now)
{
	static const char *const statuses[] = {"good", "revoked", "unknown"};
	const char *fault = CheckAnswerTime(answer, unix_now(), passport_ocsp_grace);
	bool revoked = answer->status == OCSP_REVOKED;
	/* a clock that is ahead must not make an answer newer than what comes after it */
	TimestampTz this_update = Min(UnixTimestamp(answer->this_update), now);
	Datum values[] = {SliceBytes(answer->serial),
	                  CStringGetTextDatum(statuses[answer->status]),
	                  TimestampTzGetDatum(this_update),
	                  TimestampTzGetDatum(UnixTimestamp(answer->next_update)),
	                  Int16GetDatum(answer->reason),
	                  TimestampTzGetDatum(UnixTimestamp(answer->revoked_at)),
	                  fault == NULL ? (Datum) 0 : CStringGetTextDatum(fault)};
	bool nulls[] = {false,    false,    false,        !answer->has_next_update,
	                !revoked, !revoked, fault == NULL};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* passport_write_ocsp_request makes a request for the bridge to carry. */
Datum
passport_write_ocsp_request(PG_FUNCTION_ARGS)
{
	int root_count, serial_count, size = 0;
	DerSlice *roots = array_slices(PG_GETARG_ARRAYTYPE_P(0), &root_count);
	DerSlice *serials = array_slices(PG_GETARG_ARRAYTYPE_P(1), &serial_count);
	DerSlice nonce = BytesSlice(PG_GETARG_BYTEA_PP(2));
	uint8_t *der = WriteOcspRequest(roots, root_count, serials, serial_count, nonce, &size);
	Datum request;

	if (der == NULL)
		elog(ERROR, "could not write a request of OCSP");
	request = SliceBytes((DerSlice){der, size});
	OPENSSL_free(der);
	PG_RETURN_DATUM(request);
}

/* array_slices gives the elements of a bytea[] that holds no null. */
static DerSlice *
array_slices(ArrayType *array, int *count)
{
	Datum *elements;
	DerSlice *slices;

	if (array_contains_nulls(array))
		elog(ERROR, "an array holds a null");
	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT, &elements, NULL, count);
	slices = palloc(sizeof(DerSlice) * (*count + 1));
	for (int i = 0; i < *count; i++)
		slices[i] = BytesSlice(DatumGetByteaPP(elements[i]));
	return slices;
}

static int64_t
unix_now(void)
{
	return timestamptz_to_time_t(PassportNow());
}
