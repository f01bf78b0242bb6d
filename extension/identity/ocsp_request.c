/* Writes a request of OCSP (RFC 6960 section 4.1) with OpenSSL.  Pure C. */
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "identity/ocsp.h"

static bool add_root(OCSP_REQUEST *request, DerSlice root, const DerSlice *serials, int count);
static bool add_serial(OCSP_REQUEST *request, const X509 *root, DerSlice serial);

uint8_t *
WriteOcspRequest(const DerSlice *roots, int root_count, const DerSlice *serials, int serial_count,
                 DerSlice nonce, int *size)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	uint8_t *der = NULL;
	bool good = request != NULL;

	for (int i = 0; good && i < root_count; i++)
		good = add_root(request, roots[i], serials, serial_count);
	if (good && OCSP_request_add1_nonce(request, (unsigned char *) nonce.data, nonce.size) == 1)
		*size = i2d_OCSP_REQUEST(request, &der);
	OCSP_REQUEST_free(request);
	ERR_clear_error();
	return der;
}

static bool
add_root(OCSP_REQUEST *request, DerSlice root, const DerSlice *serials, int count)
{
	const uint8_t *at = root.data;
	X509 *certificate = d2i_X509(NULL, &at, (long) root.size);
	bool good = certificate != NULL;

	for (int i = 0; good && i < count; i++)
		good = add_serial(request, certificate, serials[i]);
	X509_free(certificate);
	return good;
}

static bool
add_serial(OCSP_REQUEST *request, const X509 *root, DerSlice serial)
{
	BIGNUM *number = BN_bin2bn(serial.data, (int) serial.size, NULL);
	ASN1_INTEGER *integer = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
	OCSP_CERTID *id = integer == NULL ? NULL
	                                  : OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(root),
	                                                     X509_get0_pubkey_bitstr(root), integer);
	bool good = id != NULL && OCSP_request_add0_id(request, id) != NULL;

	/* the request owns the id that it took */
	if (!good)
		OCSP_CERTID_free(id);
	ASN1_INTEGER_free(integer);
	BN_free(number);
	return good;
}
