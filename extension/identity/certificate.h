/*
 * A certificate of the JPKI profile, as its bytes say it.  ParseCertificate
 * reads it, CheckProfile judges it for a purpose; who signed it and whether it
 * is revoked is for others to say.  Pure C.
 */
#ifndef PASSPORT_CERTIFICATE_H
#define PASSPORT_CERTIFICATE_H

#include "identity/der.h"

#define CERTIFICATE_MAX 65536 /* bytes of DER */
#define ATTRIBUTE_MAX 2048    /* bytes of one attribute; an address has 200 characters */
#define SERIAL_MAX 20         /* bytes, RFC 5280 4.1.2.2 */
#define POINTS_MAX 4          /* distribution points of one certificate */

typedef enum Purpose
{
	PURPOSE_NONE,
	PURPOSE_SIGNATURE,
	PURPOSE_AUTHENTICATION
} Purpose;

typedef enum Hierarchy
{
	HIERARCHY_UNKNOWN,
	HIERARCHY_PRODUCTION,
	HIERARCHY_TEST
} Hierarchy;

/* Bits, so that a set of them is a setting */
typedef enum Algorithm
{
	ALGORITHM_OTHER = 0,
	ALGORITHM_RSA_SHA256 = 1,
	ALGORITHM_ECDSA_SHA256 = 2,
	ALGORITHM_ECDSA_SHA384 = 4
} Algorithm;

typedef enum KeyKind
{
	KEY_OTHER,
	KEY_RSA,
	KEY_P256,
	KEY_P384
} KeyKind;

/* Bits of keyUsage by their number in RFC 5280 4.2.1.3 */
#define USAGE_DIGITAL_SIGNATURE (1 << 0)
#define USAGE_NON_REPUDIATION (1 << 1)
#define USAGE_KEY_CERT_SIGN (1 << 5)
#define USAGE_CRL_SIGN (1 << 6)

/* The otherNames of a signature certificate, .5.1 to .5.6 */
typedef enum Attribute
{
	ATTRIBUTE_NAME,
	ATTRIBUTE_NAME_SUBSTITUTION,
	ATTRIBUTE_SEX,
	ATTRIBUTE_BIRTH_DATE,
	ATTRIBUTE_ADDRESS,
	ATTRIBUTE_ADDRESS_SUBSTITUTION,
	ATTRIBUTE_COUNT
} Attribute;

/* All slices point into the bytes that were parsed; data is NULL for what is absent. */
typedef struct PublicKey
{
	KeyKind kind;
	int bits;
	DerSlice modulus;  /* RSA */
	DerSlice exponent; /* RSA */
	DerSlice point;    /* EC, uncompressed */
	DerSlice encoded;  /* the subjectPublicKey, of which others take hashes */
} PublicKey;

/* Where lists tell of a certificate's revocation, and for which reasons */
typedef struct DistributionPoint
{
	DerSlice name;    /* a directory name as DER */
	unsigned reasons; /* a bit for each ReasonFlags, 1 to 8, as in crl.h */
} DistributionPoint;

typedef struct Certificate
{
	DerSlice whole;
	DerSlice tbs;
	DerSlice signature;
	Algorithm algorithm;
	DerSlice serial; /* unsigned, without leading zeros */
	DerSlice issuer; /* names as DER */
	DerSlice subject;
	int64_t not_before; /* seconds since 1970 */
	int64_t not_after;
	PublicKey key;
	Hierarchy hierarchy;
	bool has_key_usage;
	unsigned key_usage;
	bool is_ca;
	unsigned policies;     /* POLICY_ bits of certificate.c */
	bool unknown_critical; /* holds a critical extension that we do not know */
	bool ocsp_signing;     /* may answer for its issuer (RFC 6960 4.2.2.2) */
	bool ocsp_no_check;    /* and need not be looked up itself */
	DerSlice attribute[ATTRIBUTE_COUNT];
	DistributionPoint points[POINTS_MAX]; /* each name once */
	int point_count;
} Certificate;

/* What a check found: a verdict of verify_signature, and the rule with a sentence. */
typedef struct Finding
{
	const char *verdict;
	const char *detail;
} Finding;

/* ParseCertificate returns NULL, or the rule that the bytes break: they are malformed then. */
extern const char *ParseCertificate(const uint8_t *der, size_t size, Certificate *certificate);

/* CheckProfile returns a Finding whose verdict is NULL when the certificate may serve. */
extern Finding CheckProfile(const Certificate *certificate, Purpose purpose, unsigned algorithms);

/* CheckAnchor does so for a root that shall be trusted. */
extern Finding CheckAnchor(const Certificate *certificate);

/* CheckResponder does so for who answers about certificates in their issuer's stead. */
extern Finding CheckResponder(const Certificate *certificate, unsigned algorithms);

/* CertificatePurpose tells by policy what a certificate is for, PURPOSE_NONE when it is unclear. */
extern Purpose CertificatePurpose(const Certificate *certificate);

/* The parts that other structures have too */
extern bool ReadAlgorithm(DerSlice *rest, Algorithm *algorithm);
extern bool ReadExtension(DerSlice *rest, DerSlice *oid, bool *critical, DerSlice *value);
extern Hierarchy NameHierarchy(DerSlice issuer);
extern bool ReadDirectoryPoint(DerSlice point_name, DerSlice *directory);

/* extension.c */
extern const char *ParseExtensions(DerSlice extensions, Certificate *certificate);

#define POLICY_SIGNATURE 1
#define POLICY_SIGNATURE_TEST 2
#define POLICY_SIGNATURE_MOBILE 4
#define POLICY_AUTHENTICATION 8

#endif
