/*
 * Who may answer for a root, and whether an answer is about its certificates
 * and of its time.  Pure C.
 *
 * OpenSSL would build a chain to any trusted root and accept what lies on it;
 * here the responder is the root itself or certified by it, so that neither a
 * resident nor the root of the other purpose can call a certificate good
 * (RFC 6960 4.2.2.2: signed by the same key as the certificate in question).
 */
#include <string.h>

#include <openssl/sha.h>

#include "identity/key.h"
#include "identity/ocsp.h"

static bool is_responder(const OcspResponse *response, const Certificate *certificate);
static Finding check_root(const OcspResponse *response, const Certificate *root,
                          EVP_PKEY *root_key);
static Finding check_delegate(const OcspResponse *response, const Certificate *responder,
                              int64_t now, unsigned algorithms);
static Finding check_validity(const Certificate *certificate, int64_t now);
static bool is_hash_of(DerSlice hash, DerSlice bytes);

const char SIGNER_ELSEWHERE[] = "responder: it is neither a trust anchor nor certified by one.";

Finding
CheckSigner(const OcspResponse *response, const Certificate *root, EVP_PKEY *root_key, int64_t now,
            unsigned algorithms, Certificate *responder)
{
	DerSlice rest = response->certificates;
	DerItem item;
	Finding finding = {"untrusted", SIGNER_ELSEWHERE};

	if ((response->algorithm & algorithms) == 0)
		return (Finding){"weak_key", "algorithm: the signature algorithm is not allowed."};
	memset(responder, 0, sizeof(*responder));
	if (is_responder(response, root))
	{
		finding = check_root(response, root, root_key);
		if (finding.verdict == NULL)
			return check_validity(root, now);
	}
	while (DerRead(&rest, &item))
	{
		if (ParseCertificate(item.whole.data, item.whole.size, responder) != NULL ||
		    !is_responder(response, responder) || !DerEqual(responder->issuer, root->subject) ||
		    !IssuerSigned(root_key, responder->algorithm, responder->tbs, responder->signature))
			continue;
		finding = check_validity(root, now);
		if (finding.verdict == NULL)
			finding = check_delegate(response, responder, now, algorithms);
		if (finding.verdict == NULL)
			return finding;
	}
	return finding;
}

static bool
is_responder(const OcspResponse *response, const Certificate *certificate)
{
	if (response->responder_name.data != NULL)
		return DerEqual(response->responder_name, certificate->subject);
	return is_hash_of(response->responder_key, certificate->key.encoded);
}

static Finding
check_root(const OcspResponse *response, const Certificate *root, EVP_PKEY *root_key)
{
	if (!(root->key_usage & USAGE_CRL_SIGN))
		return (Finding){"wrong_purpose", "key_usage: the root signs nothing about revocation."};
	if (!IssuerSigned(root_key, response->algorithm, response->tbs, response->signature))
		return (Finding){"bad_signature", "signature: it is not the responder's."};
	return (Finding){NULL, NULL};
}

/* check_delegate judges a certificate that the root signed. */
static Finding
check_delegate(const OcspResponse *response, const Certificate *responder, int64_t now,
               unsigned algorithms)
{
	Finding finding = CheckResponder(responder, algorithms);
	EVP_PKEY *key;

	if (finding.verdict == NULL)
		finding = check_validity(responder, now);
	if (finding.verdict != NULL)
		return finding;
	key = MakePublicKey(&responder->key);
	if (key == NULL)
		return (Finding){"weak_key", "key: the responder's numbers are not a public key."};
	if (!IssuerSigned(key, response->algorithm, response->tbs, response->signature))
		finding = (Finding){"bad_signature", "signature: it is not the responder's."};
	EVP_PKEY_free(key);
	return finding;
}

static Finding
check_validity(const Certificate *certificate, int64_t now)
{
	if (now < certificate->not_before)
		return (Finding){"not_yet_valid",
		                 "validity: the responder's certificate is not valid yet."};
	if (now > certificate->not_after)
		return (Finding){"expired", "validity: the responder's certificate has expired."};
	return (Finding){NULL, NULL};
}

bool
AnswerIsAbout(const OcspAnswer *answer, const Certificate *root)
{
	return answer->name_hash.size > 0 && is_hash_of(answer->name_hash, root->subject) &&
	       is_hash_of(answer->key_hash, root->key.encoded);
}

/* is_hash_of tells by a hash's size which it is. */
static bool
is_hash_of(DerSlice hash, DerSlice bytes)
{
	uint8_t ours[SHA256_DIGEST_LENGTH];

	if (hash.size == SHA256_DIGEST_LENGTH)
		SHA256(bytes.data, bytes.size, ours);
	else
		SHA1(bytes.data, bytes.size, ours);
	return memcmp(ours, hash.data, hash.size) == 0;
}

const char *
CheckAnswerTime(const OcspAnswer *answer, int64_t now, int grace)
{
	if (answer->this_update > now + OCSP_SKEW)
		return "this_update: the answer comes from the future.";
	if (answer->has_next_update && now > answer->next_update + grace)
		return "next_update: the answer is too old to be of use.";
	/* without nextUpdate newer information is there at any time (RFC 6960 2.4) */
	if (!answer->has_next_update && now > answer->this_update + grace)
		return "next_update: there is none, and the answer is too old to be of use.";
	return NULL;
}
