/* What providers have in common. */
#include "provider.h"

#include <openssl/sha.h>
#include <string.h>

#define UNTRUSTED_STOP 60 /* seconds to wait when the provider's certificate is wrong */

/* provider_judge classifies an answer, or why there is none. */
void
provider_judge(classify_function *classify, const struct http_answer *answer,
               const struct delivery *delivery, struct classification *result)
{
	struct reply reply = {.status = answer->status,
	                      .body = answer->body,
	                      .length = answer->length,
	                      .retry_after = answer->retry_after,
	                      .attempt = delivery->attempt};

	if (answer->error == CURLE_OK)
	{
		classify(&reply, result);
		return;
	}
	memset(result, 0, sizeof(*result));
	result->verdict = VERDICT_RETRY;
	result->detail = answer->error == CURLE_OPERATION_TIMEDOUT    ? "timeout"
	                 : answer->error == CURLE_ABORTED_BY_CALLBACK ? "interrupted"
	                                                              : "network";
	if (answer->refused)
	{
		/* it may be a resolver's mistake; as long as it lasts nothing goes there */
		result->detail = "private_address";
		result->retry_seconds = UNTRUSTED_STOP;
	}
	else if (http_peer_is_wrong(answer->error))
	{
		result->detail = "untrusted_peer";
		result->alarm = true;
		result->retry_seconds = result->stop_seconds = UNTRUSTED_STOP;
	}
}

/* provider_is_plain tells whether a text may stand in a URL, a header or a JWT as it is. */
bool
provider_is_plain(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) <= 200 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") ==
	           strlen(text);
}

/*
 * provider_write_digest writes the first bytes of a text's SHA-256 in base64url: a
 * name of a form that every provider takes.
 */
void
provider_write_digest(const char *text, char name[PROVIDER_DIGEST])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *) text, strlen(text), digest);
	base64url_encode(name, digest, PROVIDER_DIGEST_BYTES);
}

/* provider_data returns the app's data, with the notification's number for it to go by. */
json_t *
provider_data(const struct message *message)
{
	json_t *data = json_loads(message->data, 0, NULL);

	if (!json_is_object(data))
	{
		json_decref(data);
		data = json_object();
	}
	json_object_set_new(data, "notification_id", json_string(message->notification_id));
	return data;
}
