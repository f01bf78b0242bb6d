/*
 * Roots, with the dates and extensions of the published ones.
 */
#include <openssl/pem.h>
#include <string.h>

#include "authority.h"
#include "keys.h"
#include "output.h"

/* Validity of the three generations of JPKI's roots */
static const struct
{
	time_t not_before, not_after;
} generations[GENERATIONS_MAX] = {
    {1445310493, 1760885999}, /* 2015-10-20T03:08:13Z to 2025-10-19T14:59:59Z */
    {1568422800, 1884092399}, /* 2019-09-14T01:00:00Z to 2029-09-14T14:59:59Z */
    {1689468627, 2005052399}, /* 2023-07-16T00:50:27Z to 2033-07-15T14:59:59Z */
};

static bool load_root(Authority *authority, const char *directory);
static bool make_root(Authority *authority, int generation, int count);
static bool save_root(const Authority *authority, const char *directory);

bool
authority_open(Authority *authority, const char *directory, Purpose purpose, int generation,
               int count, const char *organization)
{
	memset(authority, 0, sizeof(*authority));
	authority->purpose = purpose;
	authority->organization = organization;
	authority->production = strcmp(organization, "JPKI") == 0;
	if (generation < count)
		snprintf(authority->suffix, sizeof(authority->suffix), "-%d", generation);
	return load_root(authority, directory) ||
	       (authority->certificate == NULL && make_root(authority, generation, count) &&
	        save_root(authority, directory));
}

void
authority_close(Authority *authority)
{
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
	memset(authority, 0, sizeof(*authority));
}

bool
start_certificate(X509 *certificate, uint64_t serial, time_t not_before, time_t not_after,
                  EVP_PKEY *key)
{
	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(certificate), not_before) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), not_after) != NULL &&
	       X509_set_pubkey(certificate, key) == 1;
}

/* load_root is false with a certificate loaded when that is another organization's. */
static bool
load_root(Authority *authority, const char *directory)
{
	X509_NAME *name = issuer_name(authority->purpose, authority->organization);
	const char *purpose = purpose_names[authority->purpose];
	FILE *certificate = output_open(directory, "r", "%s-root%s.der", purpose, authority->suffix);
	FILE *key = output_open(directory, "r", "%s-root%s.key", purpose, authority->suffix);
	bool loaded = false;

	if (certificate != NULL && key != NULL && name != NULL)
	{
		authority->certificate = d2i_X509_fp(certificate, NULL);
		authority->key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
		loaded = authority->certificate != NULL && authority->key != NULL &&
		         X509_NAME_cmp(X509_get_subject_name(authority->certificate), name) == 0;
	}
	if (certificate != NULL)
		fclose(certificate);
	if (key != NULL)
		fclose(key);
	X509_NAME_free(name);
	return loaded;
}

static bool
make_root(Authority *authority, int generation, int count)
{
	int row = GENERATIONS_MAX - count + generation - 1;
	X509 *root = authority->certificate = X509_new();
	X509_NAME *name = issuer_name(authority->purpose, authority->organization);
	BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
	ASN1_OCTET_STRING *identifier = NULL;
	bool made = false;

	authority->key = make_key();
	if (root != NULL && name != NULL && constraints != NULL && authority->key != NULL &&
	    start_certificate(root, (uint64_t) row + 1, generations[row].not_before,
	                      generations[row].not_after, authority->key) &&
	    (identifier = key_identifier(root)) != NULL)
	{
		constraints->ca = 0xFF;
		made = X509_set_subject_name(root, name) == 1 && X509_set_issuer_name(root, name) == 1 &&
		       add_key_usage(root, 5, 6) && /* keyCertSign, cRLSign */
		       add_alternative_name(root, NID_subject_alt_name, authority->purpose) &&
		       X509_add1_ext_i2d(root, NID_basic_constraints, constraints, 1, X509V3_ADD_DEFAULT) ==
		           1 &&
		       add_distribution_point(root, name) && add_subject_key_identifier(root, identifier) &&
		       X509_sign(root, authority->key, EVP_sha256()) > 0;
	}
	ASN1_OCTET_STRING_free(identifier);
	BASIC_CONSTRAINTS_free(constraints);
	X509_NAME_free(name);
	return made;
}

static bool
save_root(const Authority *authority, const char *directory)
{
	const char *purpose = purpose_names[authority->purpose];
	FILE *certificate = output_open(directory, "w", "%s-root%s.der", purpose, authority->suffix);
	FILE *key = output_open(directory, "w", "%s-root%s.key", purpose, authority->suffix);
	bool saved = certificate != NULL && key != NULL &&
	             i2d_X509_fp(certificate, authority->certificate) == 1 &&
	             PEM_write_PrivateKey(key, authority->key, NULL, NULL, 0, NULL, NULL) == 1;

	if (certificate != NULL)
		saved = fclose(certificate) == 0 && saved;
	if (key != NULL)
		saved = fclose(key) == 0 && saved;
	return saved;
}
