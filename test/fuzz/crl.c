/* Revocation lists: what we take, OpenSSL takes too and counts the same entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "identity/crl.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Crl crl;
	CrlEntry entry;
	DerSlice entries;
	const uint8_t *at = data;
	X509_CRL *theirs;
	int count = 0;

	if (ParseCrl(data, size, &crl) != NULL)
		return 0;
	for (entries = crl.entries; entries.size > 0; count++)
		if (ReadCrlEntry(&entries, &entry) != NULL || CrlReasonName(entry.reason) == NULL)
			abort();
	theirs = d2i_X509_CRL(NULL, &at, (long) size);
	if (theirs == NULL || at != data + size ||
	    sk_X509_REVOKED_num(X509_CRL_get_REVOKED(theirs)) != (count > 0 ? count : -1))
	{
		fprintf(stderr, "differs from OpenSSL: %s\n", theirs == NULL ? "refused" : "other entries");
		abort();
	}
	X509_CRL_free(theirs);
	ERR_clear_error();
	return 0;
}
