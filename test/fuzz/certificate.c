/*
 * Certificates: whatever we take, OpenSSL takes too and reads alike, and
 * re-encoding it gives the same bytes.  What OpenSSL takes and we do not is
 * our strictness.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "identity/certificate.h"
#include "identity/key.h"
#include "identity/name.h"

static void compare(const Certificate *certificate);
static void compare_name(DerSlice ours, const X509_NAME *theirs);
static int same_label(const ASN1_OBJECT *type);
static void require(int condition, const char *what);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Certificate certificate;
	EVP_PKEY *key;

	if (ParseCertificate(data, size, &certificate) != NULL)
		return 0;
	compare(&certificate);
	CheckProfile(&certificate, PURPOSE_SIGNATURE, ALGORITHM_RSA_SHA256);
	CheckProfile(&certificate, PURPOSE_AUTHENTICATION, ALGORITHM_RSA_SHA256);
	CheckAnchor(&certificate);
	key = MakePublicKey(&certificate.key);
	if (key != NULL && certificate.key.bits <= 2048)
		IssuerSigned(key, certificate.algorithm, certificate.tbs, certificate.signature);
	EVP_PKEY_free(key);
	return 0;
}

static void
compare(const Certificate *certificate)
{
	const uint8_t *at = certificate->whole.data;
	X509 *theirs = d2i_X509(NULL, &at, (long) certificate->whole.size);
	uint8_t *again = NULL;
	BIGNUM *serial;
	int size;

	require(theirs != NULL, "OpenSSL refuses it");
	require(at == certificate->whole.data + certificate->whole.size, "OpenSSL leaves bytes");
	size = i2d_re_X509_tbs(theirs, &again);
	require(size == (int) certificate->tbs.size &&
	            memcmp(again, certificate->tbs.data, (size_t) size) == 0,
	        "re-encoding differs");
	OPENSSL_free(again);

	serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(theirs), NULL);
	require(BN_num_bytes(serial) == (int) certificate->serial.size, "the serial number differs");
	BN_free(serial);
	require(X509_get_version(theirs) == 2, "the version differs");
	compare_name(certificate->issuer, X509_get_issuer_name(theirs));
	compare_name(certificate->subject, X509_get_subject_name(theirs));
	X509_free(theirs);
	ERR_clear_error();
}

/* compare_name compares the text too, but for what OpenSSL names or orders otherwise. */
static void
compare_name(DerSlice ours, const X509_NAME *theirs)
{
	char text[NAME_TEXT_MAX];
	BIO *out = BIO_new(BIO_s_mem());
	char *expected;
	long size;
	int known = 1;

	for (int i = 0; i < X509_NAME_entry_count(theirs); i++)
	{
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(theirs, i);

		if (!same_label(X509_NAME_ENTRY_get_object(entry)))
			known = 0;
		/* RFC 2253 leaves the order within a part free, and OpenSSL turns it round */
		if (i > 0 &&
		    X509_NAME_ENTRY_set(entry) == X509_NAME_ENTRY_set(X509_NAME_get_entry(theirs, i - 1)))
			known = 0;
	}
	NameText(ours, text);
	X509_NAME_print_ex(out, theirs, 0,
	                   (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) | ASN1_STRFLGS_UTF8_CONVERT);
	size = BIO_get_mem_data(out, &expected);
	/* an empty name has no text at all in OpenSSL, not even an empty one */
	if (known)
		require(size == (long) strlen(text) &&
		            (size == 0 || memcmp(expected, text, (size_t) size) == 0),
		        "a name differs");
	BIO_free(out);
}

/* same_label tells whether OpenSSL names a type as RFC 2253 and we do: CN, C, L, ST, O, OU. */
static int
same_label(const ASN1_OBJECT *type)
{
	const uint8_t *oid = OBJ_get0_data(type);

	return OBJ_length(type) == 3 && oid[0] == 0x55 && oid[1] == 4 &&
	       memchr("\x03\x06\x07\x08\x0a\x0b", oid[2], 6) != NULL;
}

static void
require(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "differs from OpenSSL: %s\n", what);
	abort();
}
