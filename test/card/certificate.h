/*
 * A resident's two certificates.
 */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include "authority.h"
#include "people.h"

/* What a certificate is made of beside the person. */
typedef struct Issue
{
	const Authority *authority;
	const Person *person;
	uint64_t serial;
	size_t sequence; /* of the request, five digits in the subject */
	time_t issued, not_before, not_after;
	EVP_PKEY *key;
} Issue;

/* Makes the certificate of the authority's purpose; NULL when it cannot be made. */
extern X509 *make_certificate(const Issue *issue);

#endif
