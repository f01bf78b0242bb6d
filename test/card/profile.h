/*
 * The certificate profile of JPKI: names and extensions, as read from the
 * published roots and from descriptions of residents' certificates
 * (README.md says which parts are known and which are inferred).
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

typedef enum Purpose
{
	PURPOSE_SIGNATURE,
	PURPOSE_AUTHENTICATION
} Purpose;

#define PURPOSES 2

extern const char *const purpose_names[PURPOSES]; /* "signature", "authentication" */

/* Names; the caller frees them. NULL when memory is short. */
extern X509_NAME *issuer_name(Purpose purpose, const char *organization);
extern X509_NAME *distribution_point_name(Purpose purpose, const char *organization,
                                          const char *prefecture, const char *city);

/* Adds one attribute, as PrintableString for C and as UTF8String for all others. */
extern bool add_attribute(X509_NAME *name, const char *attribute, const char *value);

/* Adds the extensions of one sort to a certificate. */
extern bool add_key_usage(X509 *certificate, int first_bit, int second_bit);
extern bool add_policy(X509 *certificate, Purpose purpose, bool production);
extern bool add_alternative_name(X509 *certificate, int nid, Purpose purpose);
extern bool add_distribution_point(X509 *certificate, X509_NAME *name);
extern bool add_subject_key_identifier(X509 *certificate, const ASN1_OCTET_STRING *identifier);
extern AUTHORITY_KEYID *make_authority_key_identifier(X509 *issuer);
extern DIST_POINT_NAME *make_distribution_point_name(X509_NAME *name);

/* SHA-1 of the public key, as RFC 5280 4.2.1.2 (1) has it. */
extern ASN1_OCTET_STRING *key_identifier(X509 *certificate);

#endif
