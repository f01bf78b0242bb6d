/*
 * A small cache with one place for each value of a hash's first byte: a new
 * certificate takes the place of the one that was there.  That bounds it to
 * 256 certificates and needs no list of who was used last.
 *
 * Only what cannot change is kept: the parsed bytes, the key, and which root
 * signed.  Validity, revocation and whether the root still stands are looked
 * at anew each time.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "identity/proven.h"

#define PLACES 256
#define KEPT_MAX 4096 /* bytes; those of the profile have less than half of it */

static Proven places[PLACES];

static void release(Proven *place);

const Proven *
FindProven(const uint8 hash[32], Purpose purpose)
{
	Proven *place = &places[hash[0]];

	if (place->bytes == NULL || place->purpose != purpose || memcmp(place->hash, hash, 32) != 0)
		return NULL;
	return place;
}

/* One that is too large to keep lives in static storage until the next comes. */
const Proven *
RememberProven(const uint8 hash[32], const Certificate *certificate, EVP_PKEY *key,
               const TrustAnchor *anchor)
{
	static Proven passing;
	DerSlice der = certificate->whole;
	bool keep = der.size <= KEPT_MAX;
	Proven *place = keep ? &places[hash[0]] : &passing;

	release(place);
	place->key = key;
	place->certificate = *certificate;
	place->purpose = anchor->purpose;
	place->anchor_id = anchor->anchor_id;
	place->issuer_id = anchor->issuer_id;
	place->anchor_not_before = anchor->certificate.not_before;
	place->anchor_not_after = anchor->certificate.not_after;
	memcpy(place->hash, hash, 32);
	if (keep)
	{
		uint8 *copy = MemoryContextAlloc(TopMemoryContext, der.size);

		/* the slices shall point into the copy: parsing it again is the simplest way */
		memcpy(copy, der.data, der.size);
		ParseCertificate(copy, der.size, &place->certificate);
		place->bytes = copy;
	}
	return place;
}

void
ForgetProven(void)
{
	for (int i = 0; i < PLACES; i++)
		release(&places[i]);
}

static void
release(Proven *place)
{
	EVP_PKEY_free(place->key);
	place->key = NULL;
	if (place->bytes != NULL)
		pfree(place->bytes);
	place->bytes = NULL;
}
