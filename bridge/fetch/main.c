/* passport-fetch: fetches revocation lists and OCSP responses for the database. */
#include "lib/carrier.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column
{
	COLUMN_SOURCE,
	COLUMN_URL,
	COLUMN_BODY,
	COLUMN_CONTENT_TYPE,
	COLUMN_ETAG,
	COLUMN_LAST_MODIFIED,
	COLUMN_MOST_BYTES
};

static bool prepare(struct errand *errand, struct http_request *request);
static bool take_body(struct errand *errand, struct http_request *request, const char *text);
static void report(const struct errand *errand, struct completion *completion);

static const struct trade fetch = {
    .command = {.name = "passport-fetch",
                .config = "/etc/passport/fetch.conf",
                .once = "fetches what is due now",
                .check = "settings and the database"},
    /* lists and responses are signed, and many are published without TLS */
    .protocols = "http,https",
    .in_flight = 2,
    .lease = 600,
    .longest_lease = 3600,
    .poll = 10,
    .timeout = 300,
    .claim_sql = "SELECT source_id, url, body, content_type, etag, last_modified, most_bytes"
                 " FROM passport.claim_sources($1, $2, $3)",
    .complete_sql = "SELECT verdict, good FROM passport.complete_source("
                    "$1, $2, $3, $4, $5, $6, $7, $8) WHERE verdict <> 'not_claimed'",
    .values = 8,
    .check_sql =
        "SELECT has_function_privilege('passport.claim_sources(text,int,interval)', 'EXECUTE')"
        " AND has_function_privilege('passport.complete_source("
        "text,int,int,bytea,text,text,int,text)', 'EXECUTE')",
    .check_failed = "this role may not claim sources",
    .prepare = prepare,
    .report = report};

int
main(int argc, char **argv)
{
	return carrier_main(&fetch, argc, argv);
}

/* prepare makes a GET, on conditions where there are any, or the POST of a question. */
static bool
prepare(struct errand *errand, struct http_request *request)
{
	const char *body = errand_value(errand, COLUMN_BODY);

	request->url = errand_value(errand, COLUMN_URL);
	request->most = strtoull(errand_value(errand, COLUMN_MOST_BYTES), NULL, 10);
	return (body == NULL || take_body(errand, request, body)) &&
	       errand_add_header(errand, "Content-Type", errand_value(errand, COLUMN_CONTENT_TYPE)) &&
	       errand_add_header(errand, "If-None-Match", errand_value(errand, COLUMN_ETAG)) &&
	       errand_add_header(errand, "If-Modified-Since",
	                         errand_value(errand, COLUMN_LAST_MODIFIED));
}

/* take_body makes bytes of a bytea's text. */
static bool
take_body(struct errand *errand, struct http_request *request, const char *text)
{
	unsigned char *bytes = PQunescapeBytea((const unsigned char *) text, &request->length);

	errand->body = bytes ? malloc(request->length + 1) : NULL;
	if (errand->body != NULL)
		memcpy(errand->body, bytes, request->length);
	PQfreemem(bytes);
	request->body = errand->body;
	return errand->body != NULL;
}

/* report gives the database all that it decides by: status or failure, the body, the validators. */
static void
report(const struct errand *errand, struct completion *completion)
{
	bool too_large = errand->cut && errand->status == 200;
	const char **values = completion->values;

	snprintf(completion->numbers[0], sizeof(completion->numbers[0]), "%ld", errand->status);
	snprintf(completion->numbers[1], sizeof(completion->numbers[1]), "%ld", errand->retry_after);
	values[1] = errand_value(errand, COLUMN_SOURCE);
	values[2] = errand->status != 0 && !too_large ? completion->numbers[0] : NULL;
	/* only a body that is meant is worth the way */
	if (errand->status == 200 && !too_large)
	{
		values[3] = errand->answer ? errand->answer : "";
		completion->lengths[3] = (int) errand->length;
		completion->formats[3] = 1;
	}
	values[4] = *errand->etag ? errand->etag : NULL;
	values[5] = *errand->last_modified ? errand->last_modified : NULL;
	values[6] = completion->numbers[1];
	values[7] = too_large ? "too_large" : errand->failure;
}
