/*
 * Reads a certificate (RFC 5280) and judges it by the JPKI profile.
 *
 * The profile: a root of one tier signs everything.  A signature certificate
 * (署名用) carries the holder's four attributes, an authentication certificate
 * (利用者証明用) carries none; they are told apart by policy, never by key
 * usage alone.  Rules are named as in "key_usage: ...": the word before the
 * colon stays, the sentence may change.
 */
#include <string.h>

#include "identity/certificate.h"
#include "identity/name.h"

static const char *parse_tbs(DerItem *tbs, Certificate *certificate);
static const char *parse_names(DerSlice *rest, Certificate *certificate);
static const char *parse_key(DerSlice *rest, PublicKey *key);
static const char *parse_rsa_key(DerSlice bits, PublicKey *key);
static const char *parse_ec_key(DerSlice parameters, DerSlice bits, PublicKey *key);
static Finding check_key(const PublicKey *key);
static Algorithm key_algorithm(const PublicKey *key);

const char *
ParseCertificate(const uint8_t *der, size_t size, Certificate *certificate)
{
	DerItem outer, tbs, bits;
	DerSlice inner_algorithm, outer_algorithm;
	const char *fault;
	int unused;

	memset(certificate, 0, sizeof(*certificate));
	if (size == 0)
		return "empty: there are no bytes.";
	if (size > CERTIFICATE_MAX)
		return "size: a certificate has at most 64 KiB.";
	certificate->whole = (DerSlice){der, size};
	if (!DerOnly(certificate->whole, DER_SEQUENCE, &outer) || !DerWellFormed(certificate->whole))
		return "der: the bytes are not one DER element.";
	if (!DerReadTag(&outer.content, DER_SEQUENCE, &tbs))
		return "der: there is no TBSCertificate.";
	certificate->tbs = tbs.whole;

	/* the algorithm stands at the same place in both parts and must be the same bytes */
	outer_algorithm = outer.content;
	fault = parse_tbs(&tbs, certificate);
	if (fault != NULL)
		return fault;
	inner_algorithm = tbs.content;
	if (!ReadAlgorithm(&outer.content, &certificate->algorithm))
		return "algorithm: the signature's is not an algorithm identifier.";
	outer_algorithm.size -= outer.content.size;
	if (!DerEqual(inner_algorithm, outer_algorithm))
		return "algorithm: the two signature algorithms differ.";
	if (!DerReadTag(&outer.content, DER_BIT_STRING, &bits) ||
	    !DerBits(&bits, &certificate->signature, &unused) || unused != 0 || outer.content.size != 0)
		return "der: the signature is not a string of whole octets, or something follows it.";
	return NULL;
}

/* parse_tbs reads the signed part and leaves its AlgorithmIdentifier as tbs->content. */
static const char *
parse_tbs(DerItem *tbs, Certificate *certificate)
{
	DerSlice rest = tbs->content;
	DerSlice algorithm;
	DerItem version, number, serial, extensions;
	const char *fault;

	if (!DerReadTag(&rest, DER_CONTEXT_CONSTRUCTED(0), &version) ||
	    !DerOnly(version.content, DER_INTEGER, &number) || number.content.size != 1 ||
	    number.content.data[0] != 2)
		return "version: only version 3 has the extensions that the profile needs.";
	if (!DerReadTag(&rest, DER_INTEGER, &serial) || !DerUnsigned(&serial, &certificate->serial) ||
	    certificate->serial.size > SERIAL_MAX || DerBitLength(certificate->serial) == 0)
		return "serial: a serial number is positive and has at most 20 octets.";

	algorithm = rest;
	if (!ReadAlgorithm(&rest, &certificate->algorithm))
		return "algorithm: the signed part's is not an algorithm identifier.";
	algorithm.size -= rest.size;
	tbs->content = algorithm;

	fault = parse_names(&rest, certificate);
	if (fault == NULL)
		fault = parse_key(&rest, &certificate->key);
	if (fault != NULL)
		return fault;

	/* unique identifiers, [1] and [2], are forbidden by RFC 5280 4.1.2.8 */
	if (!DerReadTag(&rest, DER_CONTEXT_CONSTRUCTED(3), &extensions) || rest.size != 0)
		return "extensions: they are missing, or something else stands there.";
	return ParseExtensions(extensions.content, certificate);
}

/* parse_names reads issuer, validity and subject, which stand together. */
static const char *
parse_names(DerSlice *rest, Certificate *certificate)
{
	DerItem issuer, validity, not_before, not_after, subject;

	if (!DerReadTag(rest, DER_SEQUENCE, &issuer) || issuer.content.size == 0 ||
	    !NameValid(issuer.whole))
		return "issuer: it is not a name of at most 1 KiB.";
	certificate->issuer = issuer.whole;
	certificate->hierarchy = NameHierarchy(issuer.whole);

	if (!DerReadTag(rest, DER_SEQUENCE, &validity) || !DerRead(&validity.content, &not_before) ||
	    !DerRead(&validity.content, &not_after) || validity.content.size != 0 ||
	    !DerTime(&not_before, &certificate->not_before) ||
	    !DerTime(&not_after, &certificate->not_after))
		return "validity: it is not two times in Zulu.";

	if (!DerReadTag(rest, DER_SEQUENCE, &subject) || !NameValid(subject.whole))
		return "subject: it is not a name of at most 1 KiB.";
	certificate->subject = subject.whole;
	return NULL;
}

/* ReadAlgorithm takes an AlgorithmIdentifier off the slice, false when none is there; OTHER is what
 * we do not verify. */
bool
ReadAlgorithm(DerSlice *rest, Algorithm *algorithm)
{
	DerItem sequence, oid, parameters = {0};
	bool has_null;

	*algorithm = ALGORITHM_OTHER;
	if (!DerReadTag(rest, DER_SEQUENCE, &sequence) ||
	    !DerReadTag(&sequence.content, DER_OID, &oid) || !DerOid(&oid))
		return false;
	if (sequence.content.size > 0 &&
	    (!DerRead(&sequence.content, &parameters) || sequence.content.size > 0))
		return false;

	/* RSA has NULL as parameters, ECDSA has none, not even NULL (RFC 4055, RFC 5758) */
	has_null = parameters.tag == DER_NULL && parameters.content.size == 0;
	if (DerEqual(oid.content, DER_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b")) && has_null)
		*algorithm = ALGORITHM_RSA_SHA256;
	else if (parameters.whole.data != NULL)
		*algorithm = ALGORITHM_OTHER;
	else if (DerEqual(oid.content, DER_LITERAL("\x2a\x86\x48\xce\x3d\x04\x03\x02")))
		*algorithm = ALGORITHM_ECDSA_SHA256;
	else if (DerEqual(oid.content, DER_LITERAL("\x2a\x86\x48\xce\x3d\x04\x03\x03")))
		*algorithm = ALGORITHM_ECDSA_SHA384;
	return true;
}

static const char *
parse_key(DerSlice *rest, PublicKey *key)
{
	DerItem info, algorithm, oid, parameter, bit_string;
	DerSlice bits, parameters;
	int unused;

	if (!DerReadTag(rest, DER_SEQUENCE, &info) ||
	    !DerReadTag(&info.content, DER_SEQUENCE, &algorithm) ||
	    !DerReadTag(&algorithm.content, DER_OID, &oid) || !DerOid(&oid) ||
	    !DerReadTag(&info.content, DER_BIT_STRING, &bit_string) || info.content.size != 0 ||
	    !DerBits(&bit_string, &bits, &unused))
		return "key: it is not a SubjectPublicKeyInfo.";
	key->encoded = bits;
	/* also of a key that we do not know: an algorithm has one parameter or none */
	parameters = algorithm.content;
	if (parameters.size > 0 && (!DerRead(&parameters, &parameter) || parameters.size > 0))
		return "key: its algorithm has more than one parameter.";

	if (DerEqual(oid.content, DER_LITERAL("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")))
	{
		DerItem null;

		if (unused != 0 || !DerOnly(algorithm.content, DER_NULL, &null) || null.content.size != 0)
			return "key: an RSA key has NULL as parameters.";
		return parse_rsa_key(bits, key);
	}
	if (DerEqual(oid.content, DER_LITERAL("\x2a\x86\x48\xce\x3d\x02\x01")) && unused == 0)
		return parse_ec_key(algorithm.content, bits, key);
	key->kind = KEY_OTHER;
	return NULL;
}

static const char *
parse_rsa_key(DerSlice bits, PublicKey *key)
{
	DerItem sequence, modulus, exponent;

	if (!DerWellFormed(bits) || !DerOnly(bits, DER_SEQUENCE, &sequence) ||
	    !DerReadTag(&sequence.content, DER_INTEGER, &modulus) ||
	    !DerReadTag(&sequence.content, DER_INTEGER, &exponent) || sequence.content.size != 0 ||
	    !DerUnsigned(&modulus, &key->modulus) || !DerUnsigned(&exponent, &key->exponent))
		return "key: it is not an RSA key.";
	key->kind = KEY_RSA;
	key->bits = DerBitLength(key->modulus);
	return NULL;
}

static const char *
parse_ec_key(DerSlice parameters, DerSlice bits, PublicKey *key)
{
	DerItem curve;

	if (!DerOnly(parameters, DER_OID, &curve) || !DerOid(&curve))
		return "key: an EC key names its curve.";
	if (DerEqual(curve.content, DER_LITERAL("\x2a\x86\x48\xce\x3d\x03\x01\x07")))
		key->bits = 256;
	else if (DerEqual(curve.content, DER_LITERAL("\x2b\x81\x04\x00\x22")))
		key->bits = 384;
	else
		return NULL;
	if (bits.size != 1 + 2 * (size_t) key->bits / 8 || bits.data[0] != 4)
		return "key: an EC point is given uncompressed.";
	key->kind = key->bits == 256 ? KEY_P256 : KEY_P384;
	key->point = bits;
	return NULL;
}

/* NameHierarchy tells by O whether a name is of the production or the test hierarchy. */
Hierarchy
NameHierarchy(DerSlice issuer)
{
	DerSlice organization;

	if (!NameOrganization(issuer, &organization))
		return HIERARCHY_UNKNOWN;
	if (DerEqual(organization, DER_LITERAL("JPKI")))
		return HIERARCHY_PRODUCTION;
	if (DerEqual(organization, DER_LITERAL("JPKI-TEST")))
		return HIERARCHY_TEST;
	return HIERARCHY_UNKNOWN;
}

Purpose
CertificatePurpose(const Certificate *certificate)
{
	unsigned signature = POLICY_SIGNATURE | POLICY_SIGNATURE_MOBILE;

	/* the test policy says nothing outside the test hierarchy */
	if (certificate->hierarchy == HIERARCHY_TEST)
		signature |= POLICY_SIGNATURE_TEST;
	if (certificate->policies != 0 && (certificate->policies & ~signature) == 0)
		return PURPOSE_SIGNATURE;
	if (certificate->policies == POLICY_AUTHENTICATION)
		return PURPOSE_AUTHENTICATION;
	return PURPOSE_NONE;
}

Finding
CheckProfile(const Certificate *certificate, Purpose purpose, unsigned algorithms)
{
	unsigned required = USAGE_DIGITAL_SIGNATURE;
	Finding finding;

	if (purpose == PURPOSE_SIGNATURE)
		required |= USAGE_NON_REPUDIATION;

	if (certificate->is_ca)
		return (Finding){"wrong_purpose", "basic_constraints: this is a CA's certificate."};
	if (certificate->unknown_critical)
		return (Finding){"wrong_purpose", "critical_extension: one is critical and not known."};
	if (certificate->ocsp_signing)
		return (Finding){"wrong_purpose", "extended_key_usage: this is a responder's certificate."};
	if (CertificatePurpose(certificate) != purpose)
		return (Finding){"wrong_purpose", "policy: the policies are not those of this purpose."};
	if (!certificate->has_key_usage || (certificate->key_usage & required) != required)
		return (Finding){"wrong_purpose", "key_usage: what this purpose needs is not allowed."};
	if (certificate->key_usage & (USAGE_KEY_CERT_SIGN | USAGE_CRL_SIGN))
		return (Finding){"wrong_purpose", "key_usage: a holder's key signs no certificates."};
	if ((certificate->algorithm & algorithms) == 0)
		return (Finding){"weak_key", "algorithm: the issuer's signature algorithm is not allowed."};
	finding = check_key(&certificate->key);
	if (finding.verdict == NULL && (key_algorithm(&certificate->key) & algorithms) == 0)
		return (Finding){"weak_key", "key_type: the holder's signature algorithm is not allowed."};
	return finding;
}

/* key_algorithm tells what the holder of a key that was checked signs with. */
static Algorithm
key_algorithm(const PublicKey *key)
{
	switch (key->kind)
	{
		case KEY_RSA:
			return ALGORITHM_RSA_SHA256;
		case KEY_P256:
			return ALGORITHM_ECDSA_SHA256;
		case KEY_P384:
			return ALGORITHM_ECDSA_SHA384;
		default:
			return ALGORITHM_OTHER;
	}
}

Finding
CheckAnchor(const Certificate *certificate)
{
	if (certificate->hierarchy == HIERARCHY_UNKNOWN)
		return (Finding){"wrong_purpose", "hierarchy: O is neither JPKI nor JPKI-TEST."};
	if (!DerEqual(certificate->issuer, certificate->subject))
		return (Finding){"untrusted", "self_signed: issuer and subject differ."};
	if (!certificate->is_ca)
		return (Finding){"wrong_purpose", "basic_constraints: this is not a CA's certificate."};
	if (certificate->unknown_critical)
		return (Finding){"wrong_purpose", "critical_extension: one is critical and not known."};
	if (certificate->ocsp_signing)
		return (Finding){"wrong_purpose", "extended_key_usage: this is a responder's certificate."};
	if (!certificate->has_key_usage || !(certificate->key_usage & USAGE_KEY_CERT_SIGN))
		return (Finding){"wrong_purpose", "key_usage: keyCertSign is missing."};
	if (certificate->algorithm == ALGORITHM_OTHER)
		return (Finding){"weak_key", "algorithm: the signature algorithm is not known."};
	return check_key(&certificate->key);
}

/* A responder whose own revocation nobody may ask for (it would answer itself) is trusted as its
 * issuer says, for as long as it says or for a week. */
Finding
CheckResponder(const Certificate *certificate, unsigned algorithms)
{
	const int64_t week = 7 * 86400;

	if (certificate->is_ca)
		return (Finding){"wrong_purpose", "basic_constraints: this is a CA's certificate."};
	if (certificate->unknown_critical)
		return (Finding){"wrong_purpose", "critical_extension: one is critical and not known."};
	if (certificate->policies != 0)
		return (Finding){"wrong_purpose", "policy: this is a holder's certificate."};
	if (!certificate->ocsp_signing)
		return (Finding){"wrong_purpose", "extended_key_usage: OCSPSigning is missing."};
	if (!certificate->has_key_usage || !(certificate->key_usage & USAGE_DIGITAL_SIGNATURE))
		return (Finding){"wrong_purpose", "key_usage: digitalSignature is missing."};
	if (certificate->key_usage & (USAGE_KEY_CERT_SIGN | USAGE_CRL_SIGN))
		return (Finding){"wrong_purpose", "key_usage: a responder's key signs no certificates."};
	if (!certificate->ocsp_no_check && certificate->not_after - certificate->not_before > week)
		return (Finding){"wrong_purpose", "no_check: a responder's certificate has "
		                                  "id-pkix-ocsp-nocheck or lasts a week at most."};
	if ((certificate->algorithm & algorithms) == 0)
		return (Finding){"weak_key", "algorithm: the issuer's signature algorithm is not allowed."};
	return check_key(&certificate->key);
}

/* check_key bounds a key from both sides: a weak one proves nothing, a huge one costs too much. */
static Finding
check_key(const PublicKey *key)
{
	if (key->kind == KEY_P256 || key->kind == KEY_P384)
		return (Finding){NULL, NULL};
	if (key->kind != KEY_RSA)
		return (Finding){"weak_key", "key_type: the key is neither RSA nor on P-256 or P-384."};
	if (key->bits < 2048 || key->bits > 8192)
		return (Finding){"weak_key", "key_size: an RSA key has 2048 to 8192 bits."};
	if ((key->modulus.data[key->modulus.size - 1] & 1) == 0)
		return (Finding){"weak_key", "modulus: it is even."};
	if (DerBitLength(key->exponent) < 17 || DerBitLength(key->exponent) > 33 ||
	    (key->exponent.data[key->exponent.size - 1] & 1) == 0)
		return (Finding){"weak_key", "exponent: it is even, below 65537 or above 33 bits."};
	return (Finding){NULL, NULL};
}
