/*
 * subscription_fault(): a subscription that no browser could have made is
 * refused when it is registered, not when a flood is coming.
 */
#include "postgres.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "utils/builtins.h"

#include "passport.h"
#include "identity/token.h"
#include "outbox/endpoint.h"

#define POINT_BYTES 65
#define AUTH_BYTES 16

PG_FUNCTION_INFO_V1(passport_subscription_fault);

static bool decode(const text *value, uint8_t *bytes, size_t wanted);
static bool is_point(const uint8_t *bytes);

Datum
passport_subscription_fault(PG_FUNCTION_ARGS)
{
	uint8_t point[POINT_BYTES], auth[AUTH_BYTES];
	const char *fault = "malformed_endpoint";

	if (!PG_ARGISNULL(0))
		fault = EndpointFault(VARDATA_ANY(PG_GETARG_TEXT_PP(0)),
		                      VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(0)));
	if (fault == NULL &&
	    (PG_ARGISNULL(1) || !decode(PG_GETARG_TEXT_PP(1), point, POINT_BYTES) || !is_point(point)))
		fault = "malformed_key";
	if (fault == NULL && (PG_ARGISNULL(2) || !decode(PG_GETARG_TEXT_PP(2), auth, AUTH_BYTES)))
		fault = "malformed_auth";
	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}

/* decode decodes base64url of exactly so many bytes. */
static bool
decode(const text *value, uint8_t *bytes, size_t wanted)
{
	size_t size;

	return DecodeBase64Url((DerSlice){(const uint8_t *) VARDATA_ANY(value),
	                                  VARSIZE_ANY_EXHDR(value)},
	                       bytes, wanted, &size) &&
	       size == wanted;
}

/*
 * is_point tells whether bytes are an uncompressed point of P-256.  One that
 * lies beside the curve would give our key away (RFC 8291, section 7).
 */
static bool
is_point(const uint8_t *bytes)
{
	EC_GROUP *curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = curve ? EC_POINT_new(curve) : NULL;
	bool good = point != NULL && bytes[0] == POINT_CONVERSION_UNCOMPRESSED &&
	            EC_POINT_oct2point(curve, point, bytes, POINT_BYTES, NULL) == 1;

	EC_POINT_free(point);
	EC_GROUP_free(curve);
	return good;
}
