/*
 * Responses of OCSP (RFC 6960), read one answer at a time, and who may give
 * them.  Pure C.
 *
 * A responder answers about single certificates: it is the root itself, or who
 * holds a certificate by which this very root lets it answer.
 */
#ifndef PASSPORT_OCSP_H
#define PASSPORT_OCSP_H

#include <openssl/evp.h>

#include "identity/certificate.h"

#define OCSP_RESPONSE_MAX 1048576 /* bytes of DER */
#define OCSP_CERTIFICATES_MAX 4   /* that a response brings along */
#define OCSP_SKEW 60              /* seconds that a responder's clock may be ahead of ours */

typedef struct OcspResponse
{
	int status; /* OCSPResponseStatus: unless it is 0, nothing else is there */
	DerSlice tbs;
	DerSlice signature;
	Algorithm algorithm;
	DerSlice responder_name; /* as DER; either this one ... */
	DerSlice responder_key;  /* ... or the SHA-1 of the responder's key */
	int64_t produced_at;     /* seconds since 1970 */
	DerSlice nonce;
	DerSlice answers;      /* for ReadOcspAnswer */
	DerSlice certificates; /* at most OCSP_CERTIFICATES_MAX */
} OcspResponse;

typedef enum OcspStatus
{
	OCSP_GOOD,
	OCSP_REVOKED,
	OCSP_UNKNOWN
} OcspStatus;

typedef struct OcspAnswer
{
	DerSlice name_hash; /* of the issuer: SHA-1 or SHA-256 by their sizes, */
	DerSlice key_hash;  /* empty for a hash that we do not know */
	DerSlice serial;    /* unsigned, without leading zeros */
	OcspStatus status;
	int64_t revoked_at; /* of a revoked one */
	int reason;         /* CRLReason, 0 when it is not said */
	int64_t this_update;
	bool has_next_update;
	int64_t next_update;
} OcspAnswer;

/* ParseOcspResponse returns NULL, or the rule that the bytes break. It reads every answer once. */
extern const char *ParseOcspResponse(const uint8_t *der, size_t size, OcspResponse *response);

/* ReadOcspAnswer takes the next answer off the slice; NULL, or the rule that it breaks. */
extern const char *ReadOcspAnswer(DerSlice *answers, OcspAnswer *answer);

/* OcspStatusName returns the name of an OCSPResponseStatus as RFC 6960 has it. */
extern const char *OcspStatusName(int status);

/* responder.c: CheckSigner tells whether a response speaks for a root, at a time. Verdict NULL: it
 * does; responder then is the certificate that the root gave for it, empty when it is the root. */
extern Finding CheckSigner(const OcspResponse *response, const Certificate *root,
                           EVP_PKEY *root_key, int64_t now, unsigned algorithms,
                           Certificate *responder);

/* SIGNER_ELSEWHERE is what CheckSigner finds of a root that has nothing to do with a response. */
extern const char SIGNER_ELSEWHERE[];

/* AnswerIsAbout tells whether an answer is about a certificate that a root signed. */
extern bool AnswerIsAbout(const OcspAnswer *answer, const Certificate *root);

/* CheckAnswerTime returns NULL, or why the time makes an answer useless; grace in seconds. */
extern const char *CheckAnswerTime(const OcspAnswer *answer, int64_t now, int grace);

/* ocsp_request.c: WriteOcspRequest asks for each serial number under each root. The bytes are for
 * OPENSSL_free; NULL when a root or a number is none. */
extern uint8_t *WriteOcspRequest(const DerSlice *roots, int root_count, const DerSlice *serials,
                                 int serial_count, DerSlice nonce, int *size);

#endif
