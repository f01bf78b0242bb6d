/*
 * A resident's certificates.  The one for signature names the person in its
 * subject alternative name; the one for authentication says nothing of them.
 */
#include <openssl/sha.h>
#include <string.h>

#include "certificate.h"

/* Nine characters: the desk at which the card was asked for */
#define DESK "20305A001"
#define MUNICIPALITY "20305"
#define JST_OFFSET (9 * 3600)

/* Arc of JPKI's otherNames; the last number says which. */
#define OTHER_NAME_ARC "1.2.392.200149.8.5.5."
#define MAP_MAX 512

static X509_NAME *signature_subject(const Issue *issue);
static X509_NAME *authentication_subject(const Issue *issue);
static bool add_person(X509 *certificate, const Person *person);
static bool add_other_name(GENERAL_NAMES *names, int number, const char *value);
static const char *default_map(const char *map, const char *text, char buffer[MAP_MAX]);

X509 *
make_certificate(const Issue *issue)
{
	const Authority *authority = issue->authority;
	bool signature = authority->purpose == PURPOSE_SIGNATURE;
	X509 *certificate = X509_new();
	X509_NAME *subject = signature ? signature_subject(issue) : authentication_subject(issue);
	X509_NAME *point = distribution_point_name(authority->purpose, authority->organization,
	                                           issue->person->prefecture, issue->person->city);
	AUTHORITY_KEYID *authority_identifier = make_authority_key_identifier(authority->certificate);
	ASN1_OCTET_STRING *identifier = NULL;
	bool made = false;

	if (certificate != NULL && subject != NULL && point != NULL && authority_identifier != NULL &&
	    start_certificate(certificate, issue->serial, issue->not_before, issue->not_after,
	                      issue->key) &&
	    (identifier = key_identifier(certificate)) != NULL)
		/* keyUsage: digitalSignature, for signature also nonRepudiation */
		made =
		    X509_set_issuer_name(certificate, X509_get_subject_name(authority->certificate)) == 1 &&
		    X509_set_subject_name(certificate, subject) == 1 &&
		    add_key_usage(certificate, 0, signature ? 1 : 0) &&
		    add_policy(certificate, authority->purpose, authority->production) &&
		    (!signature || add_person(certificate, issue->person)) &&
		    add_alternative_name(certificate, NID_issuer_alt_name, authority->purpose) &&
		    add_distribution_point(certificate, point) &&
		    X509_add1_ext_i2d(certificate, NID_authority_key_identifier, authority_identifier, 0,
		                      X509V3_ADD_DEFAULT) == 1 &&
		    add_subject_key_identifier(certificate, identifier) &&
		    X509_sign(certificate, authority->key, EVP_sha256()) > 0;
	ASN1_OCTET_STRING_free(identifier);
	AUTHORITY_KEYID_free(authority_identifier);
	X509_NAME_free(point);
	X509_NAME_free(subject);
	if (made)
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* signature_subject: time of request, sequence number, desk. */
static X509_NAME *
signature_subject(const Issue *issue)
{
	X509_NAME *name = X509_NAME_new();
	time_t local = issue->issued + JST_OFFSET;
	char at[32], common_name[64];
	struct tm civil;

	gmtime_r(&local, &civil);
	strftime(at, sizeof(at), "%Y%m%d%H%M%S", &civil);
	snprintf(common_name, sizeof(common_name), "%s%05zu" DESK, at, issue->sequence % 100000);
	if (name != NULL && add_attribute(name, "C", "JP") &&
	    add_attribute(name, "L", issue->person->prefecture) &&
	    add_attribute(name, "L", issue->person->city) && add_attribute(name, "CN", common_name))
		return name;
	X509_NAME_free(name);
	return NULL;
}

/* authentication_subject: 23 characters that mean nothing but the municipality. */
static X509_NAME *
authentication_subject(const Issue *issue)
{
	static const char letters[] = "0123456789ABCDEFGHIJ";
	X509_NAME *name = X509_NAME_new();
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char seed[128], common_name[24];

	snprintf(seed, sizeof(seed), "%s %llx", issue->person->key, (unsigned long long) issue->serial);
	SHA256((unsigned char *) seed, strlen(seed), digest);
	for (int i = 0; i < 14; i++)
		common_name[i] = letters[digest[i] % (sizeof(letters) - 1)];
	snprintf(common_name + 14, sizeof(common_name) - 14, MUNICIPALITY "%03uA", digest[14] % 1000u);
	if (name != NULL && add_attribute(name, "C", "JP") && add_attribute(name, "CN", common_name))
		return name;
	X509_NAME_free(name);
	return NULL;
}

/* add_person adds the attributes in the order of real certificates. */
static bool
add_person(X509 *certificate, const Person *person)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	char name_map[MAP_MAX], address_map[MAP_MAX];
	bool added =
	    names != NULL && add_other_name(names, 1, person->name) &&
	    add_other_name(names, 4, person->birth) && add_other_name(names, 3, person->sex) &&
	    add_other_name(names, 5, person->address) &&
	    add_other_name(names, 2, default_map(person->name_substitution, person->name, name_map)) &&
	    add_other_name(names, 6,
	                   default_map(person->address_substitution, person->address, address_map)) &&
	    X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;

	GENERAL_NAMES_free(names);
	return added;
}

static bool
add_other_name(GENERAL_NAMES *names, int number, const char *value)
{
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();
	ASN1_TYPE *type = ASN1_TYPE_new();
	char oid[64];

	snprintf(oid, sizeof(oid), OTHER_NAME_ARC "%d", number);
	if (general == NULL || text == NULL || type == NULL || ASN1_STRING_set(text, value, -1) != 1)
		return false;
	ASN1_TYPE_set(type, V_ASN1_UTF8STRING, text);
	return GENERAL_NAME_set0_othername(general, OBJ_txt2obj(oid, 1), type) == 1 &&
	       sk_GENERAL_NAME_push(names, general) > 0;
}

/* default_map says for each character that it was not substituted, where nothing is given. */
static const char *
default_map(const char *map, const char *text, char buffer[MAP_MAX])
{
	size_t characters = 0;

	if (map != NULL)
		return map;
	for (; *text != '\0' && characters < MAP_MAX - 1; text++)
		if (((unsigned char) *text & 0xC0) != 0x80)
			buffer[characters++] = '0';
	buffer[characters] = '\0';
	return buffer;
}
