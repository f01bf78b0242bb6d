/* The roots that an administrator trusts, by purpose.  Include after postgres.h. */
#ifndef PASSPORT_TRUST_H
#define PASSPORT_TRUST_H

#include <openssl/evp.h>

#include "identity/certificate.h"
#include "datatype/timestamp.h"

typedef struct TrustAnchor
{
	int32 anchor_id;
	int32 issuer_id; /* of the name, which generations of a root share */
	Purpose purpose;
	Certificate certificate;
	EVP_PKEY *key;
} TrustAnchor;

/* What somebody signed as issuer */
typedef struct SignedPart
{
	DerSlice issuer;
	DerSlice tbs;
	DerSlice signature;
	Algorithm algorithm;
} SignedPart;

/* FindAnchor returns the root that signed, or NULL; name_known tells whether one has its name.
 * PURPOSE_NONE looks in both stores.  usage is a USAGE_ bit that the root must have. */
extern const TrustAnchor *FindAnchor(Purpose purpose, unsigned usage, const SignedPart *part,
                                     bool *name_known);

/* ReadAnchors reads the roots anew and lists them all, for what does not name one. */
extern int ReadAnchors(const TrustAnchor **list);

/* ForgetAnchors makes the next FindAnchor read the roots anew. */
extern void ForgetAnchors(void);

/* inspect.c: what other entry points need of it */
extern Purpose PurposeByName(text *name);
extern text *SliceText(DerSlice utf8);
extern text *SliceHex(DerSlice bytes);
extern Datum SliceBytes(DerSlice bytes);
extern text *NameAsText(DerSlice name);
extern const char *HierarchyName(Hierarchy hierarchy);
extern TimestampTz UnixTimestamp(int64_t seconds);
extern DerSlice BytesSlice(bytea *bytes);

#endif
