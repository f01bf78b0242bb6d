/*
 * Reads a basic response of OCSP (RFC 6960 section 4.2.1).  OpenSSL's reader
 * takes BER and bytes that follow; this one takes DER only, and says which rule
 * is broken.  A response can have thousands of answers, so they are read as a
 * stream; none is ever held.  Pure C.
 */
#include <string.h>

#include "identity/name.h"
#include "identity/ocsp.h"

#define OCSP_ARC "\x2b\x06\x01\x05\x05\x07\x30\x01" /* 1.3.6.1.5.5.7.48.1 */
#define NONCE_MAX 128                               /* bytes, RFC 9654 2.1 */
#define REASON_HOLD 6                               /* certificateHold */

static const char *parse_basic(DerSlice der, OcspResponse *response);
static const char *parse_data(DerSlice rest, OcspResponse *response);
static const char *parse_responder(DerSlice *rest, OcspResponse *response);
static const char *parse_answers(DerSlice *rest, OcspResponse *response);
static const char *parse_extensions(DerSlice extensions, OcspResponse *response);
static const char *count_certificates(DerSlice certificates);
static const char *read_id(DerSlice *rest, OcspAnswer *answer);
static const char *read_status(DerSlice *rest, OcspAnswer *answer);
static const char *read_revoked(DerSlice info, OcspAnswer *answer);
static const char *read_updates(DerSlice *rest, OcspAnswer *answer);
static const char *pass_extensions(DerSlice extensions);
static bool read_time(DerSlice *rest, int64_t *seconds);

const char *
ParseOcspResponse(const uint8_t *der, size_t size, OcspResponse *response)
{
	DerItem outer, status, wrapper, bytes, type, basic;
	DerSlice code;

	memset(response, 0, sizeof(*response));
	if (size > OCSP_RESPONSE_MAX)
		return "size: a response has at most 1 MiB.";
	if (!DerOnly((DerSlice){der, size}, DER_SEQUENCE, &outer) ||
	    !DerWellFormed((DerSlice){der, size}))
		return "der: the bytes are not one response.";
	/* 4 is not used */
	if (!DerReadTag(&outer.content, DER_ENUMERATED, &status) || !DerUnsigned(&status, &code) ||
	    code.size != 1 || code.data[0] == 4 || code.data[0] > 6)
		return "status: it is not one of the six.";
	response->status = code.data[0];
	if (response->status != 0)
		return outer.content.size == 0 ? NULL : "status: something follows a refusal.";

	if (!DerReadTag(&outer.content, DER_CONTEXT_CONSTRUCTED(0), &wrapper) ||
	    outer.content.size != 0 || !DerOnly(wrapper.content, DER_SEQUENCE, &bytes) ||
	    !DerReadTag(&bytes.content, DER_OID, &type) ||
	    !DerEqual(type.content, DER_LITERAL(OCSP_ARC "\x01")) ||
	    !DerReadTag(&bytes.content, DER_OCTET_STRING, &basic) || bytes.content.size != 0)
		return "type: it is not a basic response.";
	return parse_basic(basic.content, response);
}

static const char *
parse_basic(DerSlice der, OcspResponse *response)
{
	DerItem outer, data, bits, wrapper, certificates;
	const char *fault;
	int unused;

	if (!DerOnly(der, DER_SEQUENCE, &outer) || !DerWellFormed(der) ||
	    !DerReadTag(&outer.content, DER_SEQUENCE, &data))
		return "der: the basic response is not DER.";
	response->tbs = data.whole;
	fault = parse_data(data.content, response);
	if (fault != NULL)
		return fault;
	if (!ReadAlgorithm(&outer.content, &response->algorithm))
		return "algorithm: it is not an algorithm identifier.";
	if (!DerReadTag(&outer.content, DER_BIT_STRING, &bits) ||
	    !DerBits(&bits, &response->signature, &unused) || unused != 0)
		return "der: the signature is not a string of whole octets.";
	if (outer.content.size == 0)
		return NULL;
	if (!DerReadTag(&outer.content, DER_CONTEXT_CONSTRUCTED(0), &wrapper) ||
	    outer.content.size != 0 || !DerOnly(wrapper.content, DER_SEQUENCE, &certificates))
		return "certificates: they are not a sequence, or something follows them.";
	response->certificates = certificates.content;
	return count_certificates(certificates.content);
}

static const char *
parse_data(DerSlice rest, OcspResponse *response)
{
	DerItem extensions;
	const char *fault;

	/* version 1 is the default, and DER never writes a default */
	if (DerNextIs(&rest, DER_CONTEXT_CONSTRUCTED(0)))
		return "version: only version 1 is known.";
	fault = parse_responder(&rest, response);
	if (fault != NULL)
		return fault;
	if (!read_time(&rest, &response->produced_at))
		return "produced_at: it is not a time in Zulu.";
	fault = parse_answers(&rest, response);
	if (fault != NULL || rest.size == 0)
		return fault;
	if (!DerReadTag(&rest, DER_CONTEXT_CONSTRUCTED(1), &extensions) || rest.size != 0)
		return "extensions: something else stands there.";
	return parse_extensions(extensions.content, response);
}

static const char *
parse_responder(DerSlice *rest, OcspResponse *response)
{
	DerItem id, inner;

	if (DerReadTag(rest, DER_CONTEXT_CONSTRUCTED(1), &id))
	{
		if (!DerOnly(id.content, DER_SEQUENCE, &inner) || !NameValid(inner.whole))
			return "responder: its name is not a name of at most 1 KiB.";
		response->responder_name = inner.whole;
		return NULL;
	}
	if (!DerReadTag(rest, DER_CONTEXT_CONSTRUCTED(2), &id) ||
	    !DerOnly(id.content, DER_OCTET_STRING, &inner) || inner.content.size != 20)
		return "responder: it is neither a name nor the SHA-1 of a key.";
	response->responder_key = inner.content;
	return NULL;
}

static const char *
parse_answers(DerSlice *rest, OcspResponse *response)
{
	DerItem sequence;
	OcspAnswer answer;

	if (!DerReadTag(rest, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "answers: they are not a sequence.";
	response->answers = sequence.content;
	while (sequence.content.size > 0)
	{
		const char *fault = ReadOcspAnswer(&sequence.content, &answer);

		if (fault != NULL)
			return fault;
	}
	return NULL;
}

static const char *
parse_extensions(DerSlice extensions, OcspResponse *response)
{
	DerItem sequence, nonce;
	DerSlice oid, value;
	bool critical;

	if (!DerOnly(extensions, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "extensions: they are not a sequence.";
	while (sequence.content.size > 0)
	{
		if (!ReadExtension(&sequence.content, &oid, &critical, &value))
			return "extensions: one is not an extension.";
		if (DerEqual(oid, DER_LITERAL(OCSP_ARC "\x02")))
		{
			if (response->nonce.data != NULL || !DerOnly(value, DER_OCTET_STRING, &nonce) ||
			    nonce.content.size == 0 || nonce.content.size > NONCE_MAX)
				return "nonce: it is not one string of 1 to 128 octets.";
			response->nonce = nonce.content;
		}
		else if (critical)
			return "critical_extension: one is critical and not known.";
	}
	return NULL;
}

static const char *
count_certificates(DerSlice certificates)
{
	DerItem certificate;

	for (int count = 0; certificates.size > 0; count++)
	{
		if (count == OCSP_CERTIFICATES_MAX)
			return "certificates: there are more than four.";
		if (!DerReadTag(&certificates, DER_SEQUENCE, &certificate))
			return "certificates: one is not a certificate.";
	}
	return NULL;
}

const char *
ReadOcspAnswer(DerSlice *answers, OcspAnswer *answer)
{
	DerItem sequence, extensions;
	const char *fault;

	memset(answer, 0, sizeof(*answer));
	if (!DerReadTag(answers, DER_SEQUENCE, &sequence))
		return "answers: one is not an answer.";
	fault = read_id(&sequence.content, answer);
	if (fault == NULL)
		fault = read_status(&sequence.content, answer);
	if (fault == NULL)
		fault = read_updates(&sequence.content, answer);
	if (fault != NULL || sequence.content.size == 0)
		return fault;
	if (!DerReadTag(&sequence.content, DER_CONTEXT_CONSTRUCTED(1), &extensions) ||
	    sequence.content.size != 0)
		return "answers: something follows one.";
	return pass_extensions(extensions.content);
}

/* read_id takes a CertID: which certificate, by hashes of its issuer's name and key. */
static const char *
read_id(DerSlice *rest, OcspAnswer *answer)
{
	DerItem id, algorithm, oid, null, name, key, serial;
	size_t size = 0;

	if (!DerReadTag(rest, DER_SEQUENCE, &id) ||
	    !DerReadTag(&id.content, DER_SEQUENCE, &algorithm) ||
	    !DerReadTag(&algorithm.content, DER_OID, &oid) ||
	    (algorithm.content.size != 0 && !DerOnly(algorithm.content, DER_NULL, &null)) ||
	    !DerReadTag(&id.content, DER_OCTET_STRING, &name) ||
	    !DerReadTag(&id.content, DER_OCTET_STRING, &key) ||
	    !DerReadTag(&id.content, DER_INTEGER, &serial) || id.content.size != 0)
		return "cert_id: it is not a CertID.";
	if (!DerUnsigned(&serial, &answer->serial) || answer->serial.size > SERIAL_MAX)
		return "cert_id: the serial number is not a number of at most 20 octets.";
	if (DerEqual(oid.content, DER_LITERAL("\x2b\x0e\x03\x02\x1a")))
		size = 20;
	else if (DerEqual(oid.content, DER_LITERAL("\x60\x86\x48\x01\x65\x03\x04\x02\x01")))
		size = 32;
	else
		return NULL;
	if (name.content.size != size || key.content.size != size)
		return "cert_id: a hash has not the size of its kind.";
	answer->name_hash = name.content;
	answer->key_hash = key.content;
	return NULL;
}

static const char *
read_status(DerSlice *rest, OcspAnswer *answer)
{
	DerItem status;

	if (!DerRead(rest, &status))
		return "cert_status: it is missing.";
	switch (status.tag)
	{
		case DER_CONTEXT(0):
			answer->status = OCSP_GOOD;
			break;
		case DER_CONTEXT_CONSTRUCTED(1):
			return read_revoked(status.content, answer);
		case DER_CONTEXT(2):
			answer->status = OCSP_UNKNOWN;
			break;
		default:
			return "cert_status: it is neither good, revoked nor unknown.";
	}
	return status.content.size == 0 ? NULL : "cert_status: it holds something.";
}

static const char *
read_revoked(DerSlice info, OcspAnswer *answer)
{
	DerItem wrapper, reason;
	DerSlice number;

	answer->status = OCSP_REVOKED;
	if (!read_time(&info, &answer->revoked_at))
		return "cert_status: the date of a revocation is not a time in Zulu.";
	if (info.size == 0)
		return NULL;
	/* 7 is not used, and what a delta takes back (8) is good here */
	if (!DerReadTag(&info, DER_CONTEXT_CONSTRUCTED(0), &wrapper) || info.size != 0 ||
	    !DerOnly(wrapper.content, DER_ENUMERATED, &reason) || !DerUnsigned(&reason, &number) ||
	    number.size != 1 || number.data[0] == 7 || number.data[0] == 8 || number.data[0] > 10)
		return "cert_status: the reason of a revocation is not a reason.";
	answer->reason = number.data[0];
	/* so a responder says that the certificate was never issued (RFC 6960 2.2): it may be one of
	 * another generation of the root, and is not revoked */
	if (answer->reason == REASON_HOLD && answer->revoked_at == 0)
		answer->status = OCSP_UNKNOWN;
	return NULL;
}

static const char *
read_updates(DerSlice *rest, OcspAnswer *answer)
{
	DerItem wrapper;

	if (!read_time(rest, &answer->this_update))
		return "this_update: it is not a time in Zulu.";
	answer->has_next_update = DerReadTag(rest, DER_CONTEXT_CONSTRUCTED(0), &wrapper);
	if (!answer->has_next_update)
		return NULL;
	if (!read_time(&wrapper.content, &answer->next_update) || wrapper.content.size != 0)
		return "next_update: it is not a time in Zulu.";
	if (answer->next_update < answer->this_update)
		return "next_update: it comes before thisUpdate.";
	return NULL;
}

/* pass_extensions knows none of an answer's. */
static const char *
pass_extensions(DerSlice extensions)
{
	DerItem sequence;
	DerSlice oid, value;
	bool critical;

	if (!DerOnly(extensions, DER_SEQUENCE, &sequence) || sequence.content.size == 0)
		return "extensions: those of an answer are not a sequence.";
	while (sequence.content.size > 0)
	{
		if (!ReadExtension(&sequence.content, &oid, &critical, &value))
			return "extensions: one of an answer is not an extension.";
		if (critical)
			return "critical_extension: one of an answer is critical and not known.";
	}
	return NULL;
}

/* read_time takes a GeneralizedTime; a two-digit year has no place in a response. */
static bool
read_time(DerSlice *rest, int64_t *seconds)
{
	DerItem time;

	return DerReadTag(rest, DER_GENERALIZED_TIME, &time) && DerTime(&time, seconds);
}

const char *
OcspStatusName(int status)
{
	static const char *const names[] = {"successful",  "malformedRequest", "internalError",
	                                    "tryLater",    "unknown",          "sigRequired",
	                                    "unauthorized"};

	return status >= 0 && status <= 6 ? names[status] : "unknown";
}
