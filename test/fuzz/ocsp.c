/*
 * Responses of OCSP: whatever we take, OpenSSL takes too and reads alike; no
 * bytes make a root that has nothing to do with them stand behind them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "identity/crl.h"
#include "identity/key.h"
#include "identity/ocsp.h"

static void judge(const OcspResponse *response);
static void compare(const uint8_t *data, size_t size, const OcspResponse *response);
static int all_certificates(DerSlice certificates);
static void compare_answer(const OcspAnswer *ours, OCSP_SINGLERESP *theirs);
static void require(int condition, const char *what);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OcspResponse response;

	if (ParseOcspResponse(data, size, &response) != NULL)
		return 0;
	if (OcspStatusName(response.status) == NULL)
		abort();
	compare(data, size, &response);
	if (response.status == 0)
		judge(&response);
	return 0;
}

/* judge asks of every certificate in the response whether it stands behind it. */
static void
judge(const OcspResponse *response)
{
	DerSlice rest = response->certificates;
	DerItem item;

	while (DerRead(&rest, &item))
	{
		Certificate root, responder;
		OcspAnswer answer;
		DerSlice answers = response->answers;
		EVP_PKEY *key;

		if (ParseCertificate(item.whole.data, item.whole.size, &root) != NULL)
			continue;
		key = root.key.bits <= 2048 ? MakePublicKey(&root.key) : NULL;
		if (key == NULL)
			continue;
		if (CheckSigner(response, &root, key, 1782874800, ALGORITHM_RSA_SHA256, &responder)
		            .verdict == NULL &&
		    responder.whole.data != NULL && !responder.ocsp_signing)
			require(0, "somebody answers who may not");
		EVP_PKEY_free(key);
		while (answers.size > 0 && ReadOcspAnswer(&answers, &answer) == NULL)
		{
			AnswerIsAbout(&answer, &root);
			CheckAnswerTime(&answer, 1782874800, 3600);
		}
	}
}

static void
compare(const uint8_t *data, size_t size, const OcspResponse *response)
{
	const uint8_t *at = data;
	OCSP_RESPONSE *theirs = d2i_OCSP_RESPONSE(NULL, &at, (long) size);
	OCSP_BASICRESP *basic;
	OcspAnswer answer;
	DerSlice answers = response->answers;
	int count = 0;

	require(theirs != NULL && at == data + size, "OpenSSL refuses it");
	require(OCSP_response_status(theirs) == response->status, "the status differs");
	if (response->status == 0 && all_certificates(response->certificates))
	{
		basic = OCSP_response_get1_basic(theirs);
		require(basic != NULL, "OpenSSL refuses the basic response");
		require(OCSP_resp_get0_signature(basic)->length == (int) response->signature.size,
		        "the signature differs");
		for (; answers.size > 0; count++)
		{
			require(ReadOcspAnswer(&answers, &answer) == NULL, "an answer is read once only");
			require(count < OCSP_resp_count(basic), "OpenSSL has fewer answers");
			compare_answer(&answer, OCSP_resp_get0(basic, count));
		}
		require(count == OCSP_resp_count(basic), "OpenSSL has more answers");
		require((OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1) >= 0) ==
		            (response->nonce.data != NULL),
		        "the nonce differs");
		OCSP_BASICRESP_free(basic);
	}
	OCSP_RESPONSE_free(theirs);
	ERR_clear_error();
}

/* all_certificates tells whether OpenSSL takes all of them: we pass over one that is none. */
static int
all_certificates(DerSlice certificates)
{
	DerItem item;
	int all = 1;

	while (DerRead(&certificates, &item))
	{
		const uint8_t *at = item.whole.data;
		X509 *theirs = d2i_X509(NULL, &at, (long) item.whole.size);

		all = all && theirs != NULL;
		X509_free(theirs);
	}
	return all;
}

static void
compare_answer(const OcspAnswer *ours, OCSP_SINGLERESP *theirs)
{
	static const int statuses[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
	                               V_OCSP_CERTSTATUS_UNKNOWN};
	int reason, status = OCSP_single_get0_status(theirs, &reason, NULL, NULL, NULL);
	ASN1_INTEGER *serial;
	BIGNUM *number;

	/* one that was never issued is unknown to us */
	require(status == statuses[ours->status] || (status == V_OCSP_CERTSTATUS_REVOKED &&
	                                             ours->status == OCSP_UNKNOWN && reason == 6),
	        "the status of a certificate differs");
	if (ours->status == OCSP_REVOKED)
		require(reason == (reason < 0 ? reason : ours->reason) &&
		            CrlReasonName(ours->reason) != NULL,
		        "the reason differs");
	OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *) OCSP_SINGLERESP_get0_id(theirs));
	number = ASN1_INTEGER_to_BN(serial, NULL);
	require(number != NULL && BN_num_bytes(number) == DerBitLength(ours->serial) / 8 +
	                                                      (DerBitLength(ours->serial) % 8 != 0),
	        "the serial number differs");
	BN_free(number);
}

static void
require(int condition, const char *what)
{
	if (!condition)
	{
		fprintf(stderr, "differs from OpenSSL: %s\n", what);
		abort();
	}
}
