/*
 * An authority: one root, for one purpose, of one generation.  All generations
 * of a purpose have the same name, as those of JPKI do.
 */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include "profile.h"

#define GENERATIONS_MAX 3

typedef struct Authority
{
	Purpose purpose;
	const char *organization; /* "JPKI-TEST", or "JPKI" for the shape of production */
	bool production;
	char suffix[16]; /* of its files: "" for the newest, "-1" for the first generation */
	X509 *certificate;
	EVP_PKEY *key;
} Authority;

/*
 * Loads the root of a generation (1 to count) from the directory, or makes it
 * there.  The organization must be that of a root that is there.
 */
extern bool authority_open(Authority *authority, const char *directory, Purpose purpose,
                           int generation, int count, const char *organization);
extern void authority_close(Authority *authority);

/* What all certificates and the roots share: version, serial number, validity. */
extern bool start_certificate(X509 *certificate, uint64_t serial, time_t not_before,
                              time_t not_after, EVP_PKEY *key);

#endif
