/*
 * Certificate revocation lists, one for each authority and distribution point.
 */
#ifndef CRL_H
#define CRL_H

#include "authority.h"

typedef struct Revoked
{
	uint64_t serial;
	time_t at;
	int reason; /* CRL_REASON_*, 0 is unspecified and not written */
} Revoked;

typedef struct List
{
	const Authority *authority;
	const char *prefecture, *city;
	uint64_t number;
	time_t this_update, next_update;
	const Revoked *revoked;
	size_t count;
} List;

/* Reads a reason by its name in RFC 5280, for example "affiliationChanged"; -1 when unknown. */
extern int reason_by_name(const char *name);

/* Makes and signs the list; NULL when it cannot be made. */
extern X509_CRL *make_crl(const List *list);

#endif
