/*
 * Certificate revocation lists, read one entry at a time.  Pure C.
 *
 * A list is whole or a delta, which says what changed since a whole one.  It
 * tells of all reasons for a revocation, or of some: then several lists of one
 * distribution point together tell of all.
 */
#ifndef PASSPORT_CRL_H
#define PASSPORT_CRL_H

#include "identity/certificate.h"

typedef struct Crl
{
	DerSlice tbs;
	DerSlice signature;
	Algorithm algorithm;
	DerSlice issuer;
	int64_t this_update; /* seconds since 1970 */
	int64_t next_update;
	DerSlice number;             /* unsigned */
	DerSlice distribution_point; /* a directory name as DER */
	unsigned reasons;            /* a bit for each ReasonFlags, 1 to 8 */
	bool is_delta;
	DerSlice base;    /* a delta's: the number from which on it holds, unsigned */
	DerSlice entries; /* for ReadCrlEntry */
} Crl;

#define CRL_REASONS_ALL 0x1feu /* keyCompromise (1) to aACompromise (8) of ReasonFlags */
#define CRL_REMOVE 8           /* the CRLReason removeFromCRL, which only a delta may have */

typedef struct CrlEntry
{
	DerSlice serial;
	int64_t revoked_at;
	int reason; /* CRLReason, 0 when it is not said */
} CrlEntry;

/* ParseCrl returns NULL, or the rule that the bytes break.  It reads every entry once. */
extern const char *ParseCrl(const uint8_t *der, size_t size, Crl *crl);

/* ReadCrlEntry takes the next entry off the slice; NULL, or the rule that it breaks. */
extern const char *ReadCrlEntry(DerSlice *entries, CrlEntry *entry);

/* ReadReasons reads the reasons of a point or of a list's scope. */
extern bool ReadReasons(DerSlice flags, unsigned *reasons);

/* CrlReasonName returns the name of a CRLReason as RFC 5280 has it. */
extern const char *CrlReasonName(int reason);

#endif
