/* Public keys and what they verify, with OpenSSL.  Pure C. */
#ifndef PASSPORT_KEY_H
#define PASSPORT_KEY_H

#include <openssl/evp.h>

#include "identity/certificate.h"

typedef enum Scheme
{
	SCHEME_PKCS1,     /* RSASSA-PKCS1-v1_5 with SHA-256: what the card does */
	SCHEME_PSS,       /* RSASSA-PSS with SHA-256 */
	SCHEME_BARE_HASH, /* PKCS#1 padding over the bare SHA-256: the digital authentication app */
	SCHEME_ECDSA      /* with the digest of the curve's size */
} Scheme;

/* MakePublicKey returns NULL when the numbers are no key; EVP_PKEY_free it. */
extern EVP_PKEY *MakePublicKey(const PublicKey *key);

/* IssuerSigned tells whether this key made the signature over a signed structure. */
extern bool IssuerSigned(EVP_PKEY *issuer, Algorithm algorithm, DerSlice tbs, DerSlice signature);

/* KeyScheme tells how a card or a phone signs with such a key. */
extern Scheme KeyScheme(EVP_PKEY *holder);

/* HolderSigned tells whether this key made the signature over a message. */
extern bool HolderSigned(EVP_PKEY *holder, Scheme scheme, DerSlice message, DerSlice signature);

/* AllowedAlgorithms reads a comma separated list into ALGORITHM_ bits; names that it does not
 * know allow nothing. */
extern unsigned AllowedAlgorithms(const char *list);

/* AlgorithmsKnown tells whether such a list holds no name but known ones. */
extern bool AlgorithmsKnown(const char *list);

#endif
