/*
 * FCM HTTP v1.  A device token says by its first word what is to happen to it,
 * beside what every provider here does (fault.h):
 *
 *   unregistered-X    404 UNREGISTERED
 *   invalid-X         400 INVALID_ARGUMENT, the token is not one
 *   badrequest-X      400 INVALID_ARGUMENT, a field of the message is bad
 *   mismatch-X        403 SENDER_ID_MISMATCH
 *   thirdparty-X      401 THIRD_PARTY_AUTH_ERROR
 *   throttle-N-X      429 QUOTA_EXCEEDED with Retry-After: N at the first try
 *   unavailable-N-X   503 UNAVAILABLE for the first N tries
 *   internal-N-X      500 INTERNAL for the first N tries
 *   expire-X          401 at the first try: all access tokens end
 *
 * and every other one is delivered.
 */
#include "fcm.h"

#include "account.h"
#include "fault.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

static long long messages;

static int send_message(struct request *request, json_t *message);
static int apply_fault(struct request *request, const char *token);
static int apply_timed_fault(struct request *request, const char *token, const char *word, int n);
static size_t payload_bytes(json_t *message);
static const char *bad_field(json_t *root);
static bool has_only(json_t *object, const char *const *names);
static int refuse(struct request *request, int status, const char *name, const char *code,
                  const char *text);
static void write_record(struct request *request, json_t *root);

/* fcm_handle answers one request. */
void
fcm_handle(struct request *request)
{
	json_t *root = NULL;
	const char *problem;
	int delay = 0;

	request->status = 200;
	if (strcmp(request->method, "POST") != 0)
		refuse(request, 405, "METHOD_NOT_ALLOWED", NULL, "only POST");
	else if (strcmp(request->path, "/token") == 0)
	{
		problem = account_grant(request->body, &request->answer);
		if (problem != NULL)
			refuse(request, 400, "invalid_grant", NULL, problem);
	}
	else if (strncmp(request->path, "/v1/projects/", 13) != 0 ||
	         strstr(request->path, "/messages:send") == NULL)
		refuse(request, 404, "NOT_FOUND", NULL, "no such method");
	else if (!account_knows(request->authorization))
		refuse(request, 401, "UNAUTHENTICATED", NULL,
		       "Request had invalid authentication credentials.");
	else
	{
		root = request->body ? json_loadb(request->body, request->length, 0, NULL) : NULL;
		delay = send_message(request, json_object_get(root, "message"));
	}
	write_record(request, root);
	json_decref(root);
	fault_answer(request, delay);
}

/* send_message takes a message or refuses it; returns milliseconds to wait before the answer. */
static int
send_message(struct request *request, json_t *message)
{
	const char *token = json_string_value(json_object_get(message, "token"));
	const char *field = bad_field(message);
	char text[200];
	int delay;

	if (field == NULL && payload_bytes(message) > 4096)
		field = "size";
	if (field != NULL || token == NULL)
	{
		snprintf(text, sizeof(text), "Invalid JSON payload received. Bad field %s.",
		         field ? field : "token");
		return refuse(request, 400, "INVALID_ARGUMENT", "BadRequest", text);
	}
	delay = fault_apply(request, token);
	if (delay == 0 && request->status == 200 && request->answer == NULL)
		delay = apply_fault(request, token);
	if (request->answer == NULL &&
	    asprintf(&request->answer, "{\n  \"name\": \"projects/gateway/messages/%lld\"\n}\n",
	             ++messages) < 0)
		abort();
	return delay;
}

/* apply_fault does what the token's first word says. */
static int
apply_fault(struct request *request, const char *token)
{
	size_t length = strcspn(token, "-");
	char word[20] = "";
	int n = 0;

	if (token[length] == '\0' || length >= sizeof(word))
		return 0;
	memcpy(word, token, length);
	n = atoi(token + length + 1);
	if (strcmp(word, "unregistered") == 0)
		return refuse(request, 404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found.");
	if (strcmp(word, "invalid") == 0)
		return refuse(request, 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT",
		              "The registration token is not a valid FCM registration token");
	if (strcmp(word, "badrequest") == 0)
		return refuse(request, 400, "INVALID_ARGUMENT", "BadRequest", "Invalid value at 'message'");
	if (strcmp(word, "mismatch") == 0)
		return refuse(request, 403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch");
	if (strcmp(word, "thirdparty") == 0)
		return refuse(request, 401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR",
		              "Auth error from APNS or Web Push Service");
	return apply_timed_fault(request, token, word, n);
}

/* apply_timed_fault does what holds for the first tries only. */
static int
apply_timed_fault(struct request *request, const char *token, const char *word, int n)
{
	static const char *const words[] = {"throttle", "unavailable", "internal", "expire"};
	int count = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i]) == 0)
			count = fault_count(token);
	if (count == 1 && strcmp(word, "throttle") == 0)
	{
		snprintf(request->retry_after, sizeof(request->retry_after), "%d", n);
		refuse(request, 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Quota exceeded.");
	}
	else if (count == 1 && strcmp(word, "expire") == 0)
	{
		account_forget();
		refuse(request, 401, "UNAUTHENTICATED", NULL, "Request had invalid credentials.");
	}
	else if (count > 0 && count <= n && strcmp(word, "unavailable") == 0)
		refuse(request, 503, "UNAVAILABLE", "UNAVAILABLE", "The service is overloaded.");
	else if (count > 0 && count <= n && strcmp(word, "internal") == 0)
		refuse(request, 500, "INTERNAL", "INTERNAL", "Internal error encountered.");
	return 0;
}

/* bad_field returns the first place in a message that FCM's schema does not know, or NULL. */
static const char *
bad_field(json_t *message)
{
	static const char *const in_message[] = {"token", "notification", "data", "android", NULL};
	static const char *const in_notification[] = {"title", "body", "image", NULL};
	static const char *const in_android[] = {"collapse_key", "priority", "ttl", "notification",
	                                         NULL};
	static const char *const in_android_notification[] = {"tag", "channel_id", "sound", NULL};
	json_t *android = json_object_get(message, "android"), *value;
	json_t *nested = json_object_get(android, "notification");
	const char *priority = json_string_value(json_object_get(android, "priority"));
	const char *ttl = json_string_value(json_object_get(android, "ttl")), *key;

	if (!has_only(message, in_message))
		return "message";
	if (!has_only(json_object_get(message, "notification"), in_notification))
		return "message.notification";
	if (!has_only(android, in_android))
		return "message.android";
	if (nested != NULL && !has_only(nested, in_android_notification))
		return "message.android.notification";
	if (priority == NULL || (strcmp(priority, "high") != 0 && strcmp(priority, "normal") != 0))
		return "message.android.priority";
	if (ttl == NULL || strspn(ttl, "0123456789") != strlen(ttl) - 1 ||
	    ttl[strlen(ttl) - 1] != 's' || atol(ttl) > 2419200)
		return "message.android.ttl";
	json_object_foreach(json_object_get(message, "data"), key,
	                    value) if (!json_is_string(value) || strcmp(key, "from") == 0 ||
	                               strncmp(key, "google", 6) == 0) return "message.data";
	return NULL;
}

/* payload_bytes returns what FCM limits: keys and values of notification and data. */
static size_t
payload_bytes(json_t *message)
{
	static const char *const parts[] = {"notification", "data"};
	size_t bytes = 0;
	const char *key;
	json_t *value;

	for (int i = 0; i < 2; i++)
		json_object_foreach(json_object_get(message, parts[i]), key, value) bytes +=
		    strlen(key) + json_string_length(value);
	return bytes;
}

/* has_only tells whether a value is an object with none but known keys. */
static bool
has_only(json_t *object, const char *const *names)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return false;
	json_object_foreach(object, key, value)
	{
		const char *const *name = names;

		while (*name != NULL && strcmp(*name, key) != 0)
			name++;
		if (*name == NULL)
			return false;
	}
	return true;
}

/* refuse makes an error as FCM words it; code: FcmError's, BadRequest, or NULL. */
static int
refuse(struct request *request, int status, const char *name, const char *code, const char *text)
{
	json_t *error = json_pack("{s:i, s:s, s:s}", "code", status, "message", text, "status", name);
	json_t *root = json_pack("{s:o}", "error", error);

	if (code != NULL && strcmp(code, "BadRequest") == 0)
		json_object_set_new(error, "details",
		                    json_pack("[{s:s, s:[{s:s, s:s}]}, {s:s, s:s}]", "@type",
		                              "type.googleapis.com/google.rpc.BadRequest",
		                              "fieldViolations", "field", "message", "description", text,
		                              "@type",
		                              "type.googleapis.com/google.firebase.fcm.v1.FcmError",
		                              "errorCode", "INVALID_ARGUMENT"));
	else if (code != NULL)
		json_object_set_new(error, "details",
		                    json_pack("[{s:s, s:s}]", "@type",
		                              "type.googleapis.com/google.firebase.fcm.v1.FcmError",
		                              "errorCode", code));
	request->status = status;
	request->answer = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return 0;
}

/* write_record adds a request to the record; credentials are left out. */
static void
write_record(struct request *request, json_t *root)
{
	json_t *message = json_object_get(root, "message");
	json_t *notification = json_object_get(message, "notification");

	record_write(request, json_pack("{s:O*, s:O*, s:O*, s:O*, s:O*}", "token",
	                                json_object_get(message, "token"), "title",
	                                json_object_get(notification, "title"), "body",
	                                json_object_get(notification, "body"), "data",
	                                json_object_get(message, "data"), "android",
	                                json_object_get(message, "android")));
}
