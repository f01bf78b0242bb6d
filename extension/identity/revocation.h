/* What is known of a certificate's revocation.  Include after postgres.h. */
#ifndef PASSPORT_REVOCATION_H
#define PASSPORT_REVOCATION_H

#include "identity/certificate.h"
#include "datatype/timestamp.h"

typedef struct Standing
{
	bool anchor_stands; /* the root is still trusted */
	bool list_known;    /* a list of the certificate's distribution point is stored */
	TimestampTz this_update;
	TimestampTz next_update;
	bool revoked;
	int reason;
} Standing;

/* ReadStanding looks up, in one query, the root and the revocation of a certificate that it
 * signed.  SPI must be connected. */
extern void ReadStanding(int32 anchor_id, const Certificate *certificate, Standing *standing);

/* CheckRevocation judges it at a time; verdict NULL means not revoked. */
extern Finding CheckRevocation(const Standing *standing, TimestampTz at);

#endif
