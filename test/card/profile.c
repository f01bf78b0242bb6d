/*
 * Names and extensions of the JPKI profile.
 */
#include <openssl/objects.h>
#include <string.h>

#include "profile.h"

#define AGENCY "Japan Agency for Local Authority Information Systems"
#define PRACTICE_STATEMENT "http://www.jpki.go.jp/cps.html"

const char *const purpose_names[PURPOSES] = {"signature", "authentication"};

static const char *const authority_units[PURPOSES] = {"JPKI for digital signature",
                                                      "JPKI for user authentication"};
static const char *const japanese_units[PURPOSES] = {"公的個人認証サービス署名用",
                                                     "公的個人認証サービス利用者証明用"};
/* [purpose][production]; of the test hierarchy only the first is known to differ. */
static const char *const policies[PURPOSES][2] = {
    {"1.2.392.200149.8.5.1.0.20", "1.2.392.200149.8.5.1.1.20"},
    {"1.2.392.200149.8.5.1.3.30", "1.2.392.200149.8.5.1.3.30"}};

static GENERAL_NAME *directory_name(X509_NAME *name);

X509_NAME *
issuer_name(Purpose purpose, const char *organization)
{
	X509_NAME *name = X509_NAME_new();

	if (name != NULL && add_attribute(name, "C", "JP") && add_attribute(name, "O", organization) &&
	    add_attribute(name, "OU", authority_units[purpose]) && add_attribute(name, "OU", AGENCY))
		return name;
	X509_NAME_free(name);
	return NULL;
}

X509_NAME *
distribution_point_name(Purpose purpose, const char *organization, const char *prefecture,
                        const char *city)
{
	X509_NAME *name = X509_NAME_new();
	char common_name[128];

	snprintf(common_name, sizeof(common_name), "%s CRLDP", city);
	if (name != NULL && add_attribute(name, "C", "JP") && add_attribute(name, "O", organization) &&
	    add_attribute(name, "OU", authority_units[purpose]) &&
	    add_attribute(name, "OU", "CRL Distribution Points") &&
	    add_attribute(name, "OU", prefecture) && add_attribute(name, "CN", common_name))
		return name;
	X509_NAME_free(name);
	return NULL;
}

bool
add_attribute(X509_NAME *name, const char *attribute, const char *value)
{
	int type = strcmp(attribute, "C") == 0 ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;

	return X509_NAME_add_entry_by_txt(name, attribute, type, (const unsigned char *) value, -1, -1,
	                                  0) == 1;
}

/* add_key_usage adds keyUsage with two bits, or one given twice. */
bool
add_key_usage(X509 *certificate, int first_bit, int second_bit)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	bool added = usage != NULL && ASN1_BIT_STRING_set_bit(usage, first_bit, 1) == 1 &&
	             ASN1_BIT_STRING_set_bit(usage, second_bit, 1) == 1 &&
	             X509_add1_ext_i2d(certificate, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) == 1;

	ASN1_BIT_STRING_free(usage);
	return added;
}

/* add_policy adds the one policy, critical, with where its practice statement is. */
bool
add_policy(X509 *certificate, Purpose purpose, bool production)
{
	CERTIFICATEPOLICIES *list = CERTIFICATEPOLICIES_new();
	POLICYINFO *policy = POLICYINFO_new();
	POLICYQUALINFO *qualifier = POLICYQUALINFO_new();
	bool added = false;

	if (list != NULL && policy != NULL && qualifier != NULL &&
	    (policy->qualifiers = sk_POLICYQUALINFO_new_null()) != NULL)
	{
		policy->policyid = OBJ_txt2obj(policies[purpose][production], 1);
		qualifier->pqualid = OBJ_nid2obj(NID_id_qt_cps);
		qualifier->d.cpsuri = ASN1_IA5STRING_new();
		added = ASN1_STRING_set(qualifier->d.cpsuri, PRACTICE_STATEMENT, -1) == 1 &&
		        sk_POLICYQUALINFO_push(policy->qualifiers, qualifier) > 0 &&
		        sk_POLICYINFO_push(list, policy) > 0 &&
		        X509_add1_ext_i2d(certificate, NID_certificate_policies, list, 1,
		                          X509V3_ADD_DEFAULT) == 1;
	}
	CERTIFICATEPOLICIES_free(list);
	return added;
}

/*
 * add_alternative_name adds the Japanese name of the authority: as subject's
 * alternative name to a root, as issuer's to what it signs.
 */
bool
add_alternative_name(X509 *certificate, int nid, Purpose purpose)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509_NAME *name = X509_NAME_new();
	bool added = names != NULL && name != NULL && add_attribute(name, "C", "JP") &&
	             add_attribute(name, "O", "公的個人認証サービス") &&
	             add_attribute(name, "OU", japanese_units[purpose]) &&
	             add_attribute(name, "OU", "地方公共団体情報システム機構") &&
	             sk_GENERAL_NAME_push(names, directory_name(name)) > 0 &&
	             X509_add1_ext_i2d(certificate, nid, names, 0, X509V3_ADD_DEFAULT) == 1;

	GENERAL_NAMES_free(names);
	X509_NAME_free(name);
	return added;
}

bool
add_distribution_point(X509 *certificate, X509_NAME *name)
{
	CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
	DIST_POINT *point = DIST_POINT_new();
	bool added = false;

	if (points != NULL && point != NULL)
	{
		point->distpoint = make_distribution_point_name(name);
		added = point->distpoint != NULL && sk_DIST_POINT_push(points, point) > 0 &&
		        X509_add1_ext_i2d(certificate, NID_crl_distribution_points, points, 0,
		                          X509V3_ADD_DEFAULT) == 1;
	}
	CRL_DIST_POINTS_free(points);
	return added;
}

bool
add_subject_key_identifier(X509 *certificate, const ASN1_OCTET_STRING *identifier)
{
	return X509_add1_ext_i2d(certificate, NID_subject_key_identifier, (void *) identifier, 0,
	                         X509V3_ADD_DEFAULT) == 1;
}

AUTHORITY_KEYID *
make_authority_key_identifier(X509 *issuer)
{
	AUTHORITY_KEYID *identifier = AUTHORITY_KEYID_new();

	if (identifier != NULL)
		identifier->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(issuer));
	return identifier;
}

DIST_POINT_NAME *
make_distribution_point_name(X509_NAME *name)
{
	DIST_POINT_NAME *point = DIST_POINT_NAME_new();

	if (point == NULL)
		return NULL;
	point->type = 0; /* fullName */
	point->name.fullname = GENERAL_NAMES_new();
	if (point->name.fullname != NULL &&
	    sk_GENERAL_NAME_push(point->name.fullname, directory_name(name)) > 0)
		return point;
	DIST_POINT_NAME_free(point);
	return NULL;
}

ASN1_OCTET_STRING *
key_identifier(X509 *certificate)
{
	ASN1_OCTET_STRING *identifier = ASN1_OCTET_STRING_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length;

	if (identifier != NULL && X509_pubkey_digest(certificate, EVP_sha1(), digest, &length) == 1 &&
	    ASN1_OCTET_STRING_set(identifier, digest, (int) length) == 1)
		return identifier;
	ASN1_OCTET_STRING_free(identifier);
	return NULL;
}

static GENERAL_NAME *
directory_name(X509_NAME *name)
{
	GENERAL_NAME *general = GENERAL_NAME_new();

	if (general != NULL)
		GENERAL_NAME_set0_value(general, GEN_DIRNAME, X509_NAME_dup(name));
	return general;
}
