/* What is known of a certificate's revocation.  Include after postgres.h. */
#ifndef PASSPORT_REVOCATION_H
#define PASSPORT_REVOCATION_H

#include "identity/certificate.h"
#include "datatype/timestamp.h"

/* a point has at most as many lists as there are reasons to part them by */
#define STANDING_LISTS (8 * POINTS_MAX)

typedef struct Standing
{
	bool anchor_stands; /* the root is still trusted */
	int list_count;     /* of the lists of the certificate's distribution points that are stored */
	struct
	{
		unsigned reasons; /* that it tells of at this point, as in crl.h */
		TimestampTz this_update;
		TimestampTz next_update;
	} lists[STANDING_LISTS];
	bool listed; /* by a list of the issuer, as revoked */
	int listed_reason;
	TimestampTz listed_at; /* thisUpdate of the newest list that does, where it is answered, too */
	bool answered;         /* by a responder */
	struct
	{
		bool revoked; /* or good */
		int reason;
		TimestampTz this_update;
		TimestampTz next_update; /* this_update, where the responder named none */
	} answer;
} Standing;

/* ReadStanding looks up, in one query as a rule, the root and the revocation of a certificate that
 * it signed; issuer_id is of the root's name.  SPI must be connected. */
extern void ReadStanding(int32 anchor_id, int32 issuer_id, const Certificate *certificate,
                         Standing *standing);

/* CheckRevocation judges it at a time; verdict NULL means not revoked. */
extern Finding CheckRevocation(const Standing *standing, TimestampTz at);

#endif
