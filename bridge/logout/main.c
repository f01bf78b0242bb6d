/*
 * passport-logout: tells services that sessions of theirs have ended (OpenID
 * Connect Back-Channel Logout 1.0).
 */
#include "lib/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column
{
	COLUMN_LOGOUT,
	COLUMN_RESIDENT,
	COLUMN_URI,
	COLUMN_TOKEN
};

static bool prepare(struct errand *errand, struct http_request *request);
static void report(const struct errand *errand, struct completion *completion);
static const char *outcome(const struct errand *errand);

static const struct trade logout = {
    .command = {.name = "passport-logout",
                .config = "/etc/passport/logout.conf",
                .once = "tells what is due now",
                .check = "settings and the database"},
    .protocols = "https",
    .in_flight = 8,
    .lease = 60,
    /* the tokens of a claim hold for two minutes */
    .longest_lease = 120,
    .poll = 1,
    .timeout = 20,
    .claim_sql = "SELECT logout_id, resident_id, uri, logout_token"
                 " FROM passport.claim_logouts($1, $2, $3)",
    .complete_sql = "SELECT $4::text, $4 = 'delivered' FROM passport.complete_logouts("
                    "$1, ARRAY[$2::bigint], ARRAY[$3::bigint], ARRAY[$4]) AS done WHERE done = 1",
    .values = 4,
    .check_sql =
        "SELECT has_function_privilege('passport.claim_logouts(text,int,interval)', 'EXECUTE')"
        " AND has_function_privilege("
        "'passport.complete_logouts(text,bigint[],bigint[],text[])', 'EXECUTE')",
    .check_failed = "this role may not claim logouts",
    .prepare = prepare,
    .report = report};

int
main(int argc, char **argv)
{
	return carrier_main(&logout, argc, argv);
}

/* prepare makes the POST of a logout token; nothing in a JWT is to be escaped in a form. */
static bool
prepare(struct errand *errand, struct http_request *request)
{
	static const char *const field = "logout_token=";
	const char *token = errand_value(errand, COLUMN_TOKEN);
	size_t room = strlen(field) + strlen(token) + 1;

	errand->body = malloc(room);
	if (errand->body == NULL)
		return false;
	snprintf(errand->body, room, "%s%s", field, token);
	request->url = errand_value(errand, COLUMN_URI);
	request->body = errand->body;
	request->length = room - 1;
	return errand_add_header(errand, "Content-Type", "application/x-www-form-urlencoded");
}

static void
report(const struct errand *errand, struct completion *completion)
{
	completion->values[1] = errand_value(errand, COLUMN_RESIDENT);
	completion->values[2] = errand_value(errand, COLUMN_LOGOUT);
	completion->values[3] = outcome(errand);
}

/* outcome reads an answer as section 2.8 has it: 200 or 204 is done, 400 refuses this token for
 * good.
 */
static const char *
outcome(const struct errand *errand)
{
	if (errand->status == 200 || errand->status == 204)
		return "delivered";
	return errand->status == 400 ? "failed" : "retry";
}
