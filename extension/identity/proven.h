/*
 * Certificates whose issuer's signature was verified in this backend, so that
 * one that comes again is not parsed and verified again.  Include after
 * postgres.h.
 */
#ifndef PASSPORT_PROVEN_H
#define PASSPORT_PROVEN_H

#include "identity/trust.h"

typedef struct Proven
{
	Certificate certificate;
	EVP_PKEY *key;
	Purpose purpose;
	int32 anchor_id;
	int32 issuer_id;
	int64_t anchor_not_before;
	int64_t anchor_not_after;
	uint8 hash[32]; /* SHA-256 of the certificate */
	uint8 *bytes;   /* the certificate that the slices point into */
} Proven;

/* FindProven returns NULL when the certificate was not proven for this purpose. */
extern const Proven *FindProven(const uint8 hash[32], Purpose purpose);

/* Remember keeps a proven certificate and its key, in the place of an older one. */
extern const Proven *RememberProven(const uint8 hash[32], const Certificate *certificate,
                                    EVP_PKEY *key, const TrustAnchor *anchor);

/* ForgetProven drops them all: a root was taken away. */
extern void ForgetProven(void);

#endif
