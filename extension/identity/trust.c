/*
 * The trust anchors: two stores, one for each purpose, so that a certificate
 * for logging in can never pass as a signature.
 *
 * Each backend keeps the parsed roots.  A root that is new is found because a
 * certificate that no kept root signed makes them be read again; a root that
 * was taken away is noticed because every verification looks for its row
 * (revocation.c).  So the kept copy needs no invalidation that could be missed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "passport.h"
#include "identity/key.h"
#include "identity/trust.h"

/* Newest first: most certificates in use were signed by the newest generation. */
#define SQL_ANCHORS                                     \
	"SELECT anchor_id, issuer_id, purpose, certificate" \
	"  FROM passport.trust_anchor ORDER BY not_before DESC"

static MemoryContext anchor_context; /* holds the roots; NULL when none are kept */
static TrustAnchor *anchors;
static int anchor_count;

static const TrustAnchor *search(Purpose purpose, unsigned usage, const SignedPart *part,
                                 bool *name_known);
static void load_anchors(void);
static void keep_anchor(HeapTuple tuple, TupleDesc columns);
static void free_keys(void *arg);

const TrustAnchor *
FindAnchor(Purpose purpose, unsigned usage, const SignedPart *part, bool *name_known)
{
	const TrustAnchor *found = NULL;

	if (anchor_context != NULL)
		found = search(purpose, usage, part, name_known);
	if (found == NULL)
	{
		load_anchors();
		found = search(purpose, usage, part, name_known);
	}
	return found;
}

int
ReadAnchors(const TrustAnchor **list)
{
	load_anchors();
	*list = anchors;
	return anchor_count;
}

/* search tries every root of the name: all generations of JPKI's share one. */
static const TrustAnchor *
search(Purpose purpose, unsigned usage, const SignedPart *part, bool *name_known)
{
	*name_known = false;
	for (int i = 0; i < anchor_count; i++)
	{
		const TrustAnchor *anchor = &anchors[i];

		if ((purpose != PURPOSE_NONE && anchor->purpose != purpose) ||
		    (anchor->certificate.key_usage & usage) != usage ||
		    !DerEqual(anchor->certificate.subject, part->issuer))
			continue;
		*name_known = true;
		if (IssuerSigned(anchor->key, part->algorithm, part->tbs, part->signature))
			return anchor;
	}
	return NULL;
}

void
ForgetAnchors(void)
{
	if (anchor_context != NULL)
		MemoryContextDelete(anchor_context);
}

/* load_anchors reads all roots; SPI must be connected. */
static void
load_anchors(void)
{
	static SPIPlanPtr plan = NULL;
	MemoryContextCallback *callback;

	ForgetAnchors();
	if (plan == NULL)
	{
		plan = SPI_prepare(SQL_ANCHORS, 0, NULL);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare the query for trust anchors");
	}
	if (SPI_execute_plan(plan, NULL, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the trust anchors");

	anchor_context =
	    AllocSetContextCreate(TopMemoryContext, "passport trust anchors", ALLOCSET_DEFAULT_SIZES);
	anchor_count = 0;
	anchors = MemoryContextAllocZero(anchor_context, sizeof(TrustAnchor) * (SPI_processed + 1));
	callback = MemoryContextAllocZero(anchor_context, sizeof(*callback));
	callback->func = free_keys;
	MemoryContextRegisterResetCallback(anchor_context, callback);
	for (uint64 i = 0; i < SPI_processed; i++)
		keep_anchor(SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
}

/* keep_anchor parses a root again; one that no longer passes is left out. */
static void
keep_anchor(HeapTuple tuple, TupleDesc columns)
{
	TrustAnchor *anchor = &anchors[anchor_count];
	bool null;
	bytea *stored = DatumGetByteaPP(SPI_getbinval(tuple, columns, 4, &null));
	DerSlice der = BytesSlice(stored);
	uint8 *copy = MemoryContextAlloc(anchor_context, der.size);

	memcpy(copy, der.data, der.size);
	if (ParseCertificate(copy, der.size, &anchor->certificate) != NULL ||
	    CheckAnchor(&anchor->certificate).verdict != NULL)
		return;
	anchor->anchor_id = DatumGetInt32(SPI_getbinval(tuple, columns, 1, &null));
	anchor->issuer_id = DatumGetInt32(SPI_getbinval(tuple, columns, 2, &null));
	anchor->purpose = PurposeByName(DatumGetTextPP(SPI_getbinval(tuple, columns, 3, &null)));
	anchor->key = MakePublicKey(&anchor->certificate.key);
	if (anchor->key != NULL)
		anchor_count++;
}

/* OpenSSL's memory is not the context's: it is given back when the context goes. */
static void
free_keys(void *arg)
{
	for (int i = 0; i < anchor_count; i++)
		EVP_PKEY_free(anchors[i].key);
	anchor_count = 0;
	anchors = NULL;
	anchor_context = NULL;
}
