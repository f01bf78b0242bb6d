/*
 * Certificate revocation lists.  Their scope is said by a critical issuing
 * distribution point, which must be the name in the certificates' CRL
 * distribution point.
 */
#include <openssl/asn1.h>
#include <string.h>

#include "crl.h"

static const struct
{
	const char *name;
	int reason;
} reasons[] = {
    {"unspecified", CRL_REASON_UNSPECIFIED},
    {"keyCompromise", CRL_REASON_KEY_COMPROMISE},
    {"cACompromise", CRL_REASON_CA_COMPROMISE},
    {"affiliationChanged", CRL_REASON_AFFILIATION_CHANGED},
    {"superseded", CRL_REASON_SUPERSEDED},
    {"cessationOfOperation", CRL_REASON_CESSATION_OF_OPERATION},
    {"certificateHold", CRL_REASON_CERTIFICATE_HOLD},
};

static bool set_times(X509_CRL *crl, const List *list);
static bool add_revoked(X509_CRL *crl, const Revoked *revoked);
static bool add_scope(X509_CRL *crl, const List *list);
static bool add_number(X509_CRL *crl, uint64_t number);

int
reason_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].name, name) == 0)
			return reasons[i].reason;
	return -1;
}

X509_CRL *
make_crl(const List *list)
{
	X509 *root = list->authority->certificate;
	AUTHORITY_KEYID *identifier = make_authority_key_identifier(root);
	X509_CRL *crl = X509_CRL_new();
	bool made = crl != NULL && identifier != NULL && X509_CRL_set_version(crl, 1) == 1 &&
	            X509_CRL_set_issuer_name(crl, X509_get_subject_name(root)) == 1 &&
	            set_times(crl, list);

	for (size_t i = 0; made && i < list->count; i++)
		made = add_revoked(crl, &list->revoked[i]);
	made = made &&
	       X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, identifier, 0,
	                             X509V3_ADD_DEFAULT) == 1 &&
	       add_number(crl, list->number) && add_scope(crl, list) && X509_CRL_sort(crl) == 1 &&
	       X509_CRL_sign(crl, list->authority->key, EVP_sha256()) > 0;
	AUTHORITY_KEYID_free(identifier);
	if (made)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

static bool
set_times(X509_CRL *crl, const List *list)
{
	ASN1_TIME *this_update = ASN1_TIME_set(NULL, list->this_update);
	ASN1_TIME *next_update = ASN1_TIME_set(NULL, list->next_update);
	bool set = this_update != NULL && next_update != NULL &&
	           X509_CRL_set1_lastUpdate(crl, this_update) == 1 &&
	           X509_CRL_set1_nextUpdate(crl, next_update) == 1;

	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
	return set;
}

static bool
add_revoked(X509_CRL *crl, const Revoked *revoked)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *at = ASN1_TIME_set(NULL, revoked->at);
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	bool added =
	    entry != NULL && serial != NULL && at != NULL && reason != NULL &&
	    ASN1_INTEGER_set_uint64(serial, revoked->serial) == 1 &&
	    X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
	    X509_REVOKED_set_revocationDate(entry, at) == 1 &&
	    ASN1_ENUMERATED_set(reason, revoked->reason) == 1 &&
	    (revoked->reason == CRL_REASON_UNSPECIFIED ||
	     X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, X509V3_ADD_DEFAULT) == 1) &&
	    X509_CRL_add0_revoked(crl, entry) == 1;

	if (!added)
		X509_REVOKED_free(entry);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(at);
	ASN1_ENUMERATED_free(reason);
	return added;
}

static bool
add_scope(X509_CRL *crl, const List *list)
{
	X509_NAME *name =
	    distribution_point_name(list->authority->purpose, list->authority->organization,
	                            list->prefecture, list->city);
	ISSUING_DIST_POINT *scope = ISSUING_DIST_POINT_new();
	bool added = false;

	if (name != NULL && scope != NULL)
	{
		scope->distpoint = make_distribution_point_name(name);
		added =
		    scope->distpoint != NULL && X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point,
		                                                      scope, 1, X509V3_ADD_DEFAULT) == 1;
	}
	ISSUING_DIST_POINT_free(scope);
	X509_NAME_free(name);
	return added;
}

static bool
add_number(X509_CRL *crl, uint64_t number)
{
	ASN1_INTEGER *value = ASN1_INTEGER_new();
	bool added = value != NULL && ASN1_INTEGER_set_uint64(value, number) == 1 &&
	             X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, X509V3_ADD_DEFAULT) == 1;

	ASN1_INTEGER_free(value);
	return added;
}
