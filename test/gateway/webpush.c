/*
 * A push service.  The end of the path is a name that says what is to happen
 * (fault.h; a CODE says nothing here).  The body is recorded as it came: only its
 * receiver can read it, which here is the test.
 */
#include "webpush.h"

#include "fault.h"
#include "record.h"
#include "token.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH "/push/"
#define LONGEST_TTL 2592000

static int bad_request(const struct request *request);
static int bad_token(const struct request *request);
static bool is_topic(const char *topic);
static void write_record(struct request *request, const char *name);

/* webpush_handle answers one request. */
void
webpush_handle(struct request *request)
{
	const char *name = request->path + sizeof(PATH) - 1;
	struct scripted fault;
	int delay = 0;

	request->status = bad_request(request);
	if (request->status == 0)
		request->status = bad_token(request);
	if (request->status == 0)
	{
		request->status = 201;
		request->extra_name = "location";
		snprintf(request->extra, sizeof(request->extra), "/message/%.40s", name);
		if (!fault_scripted(request, name, &fault))
			delay = fault_apply(request, name);
	}
	write_record(request, name);
	if (request->answer == NULL)
		request->answer = strdup("{}");
	fault_answer(request, delay);
}

/* bad_request returns the status for headers that no push service takes, or 0. */
static int
bad_request(const struct request *request)
{
	const char *ttl = request_header(request, "ttl"), *topic = request_header(request, "topic");
	const char *urgency = request_header(request, "urgency");
	const char *encoding = request_header(request, "content-encoding");

	if (strcmp(request->method, "POST") != 0)
		return 405;
	if (ttl == NULL || strspn(ttl, "0123456789") != strlen(ttl) || atol(ttl) > LONGEST_TTL)
		return 400;
	if (topic != NULL && !is_topic(topic))
		return 400;
	if (urgency != NULL && strcmp(urgency, "high") != 0 && strcmp(urgency, "normal") != 0)
		return 400;
	if (encoding == NULL || strcmp(encoding, "aes128gcm") != 0)
		return 400;
	return request->length > 4096 ? 413 : 0;
}

/* bad_token returns the status for a VAPID token that is missing or wrong, or 0. */
static int
bad_token(const struct request *request)
{
	char token[2000], audience[100];
	json_t *claims;
	const char *aud, *sub;
	json_int_t exp;
	bool good;

	if (sscanf(request->authorization, "vapid t=%1999[^,], k=", token) != 1)
		return 401;
	claims = token_claims(token);
	snprintf(audience, sizeof(audience), "https://%.80s",
	         request_header(request, ":authority") ? request_header(request, ":authority") : "");
	good = json_unpack(claims, "{s:s, s:s, s:I}", "aud", &aud, "sub", &sub, "exp", &exp) == 0 &&
	       strcmp(aud, audience) == 0 && exp > time(NULL) && exp <= time(NULL) + 86400 &&
	       (strncmp(sub, "mailto:", 7) == 0 || strncmp(sub, "https:", 6) == 0);
	json_decref(claims);
	return good ? 0 : 403;
}

/* is_topic tells whether a topic is at most 32 letters of base64url. */
static bool
is_topic(const char *topic)
{
	return strlen(topic) <= 32 &&
	       strspn(topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
	           strlen(topic);
}

static void
write_record(struct request *request, const char *name)
{
	unsigned char *text = malloc(request->length / 3 * 4 + 8);

	EVP_EncodeBlock(text, (unsigned char *) (request->body ? request->body : ""), request->length);
	record_write(request, json_pack("{s:s, s:O, s:s}", "name", name, "headers", request->headers,
	                                "sealed", text));
	free(text);
}
