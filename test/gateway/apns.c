/*
 * APNs.  A device token is the hex of a name; dots at its end only fill it up.
 * What the name asks for: fault.h; its CODE is the reason, and that of 410 comes
 * with the timestamp of an hour ago.
 */
#include "apns.h"

#include "connection.h"
#include "fault.h"
#include "record.h"
#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH "/3/device/"
#define PAYLOAD_BYTES 4096

static EVP_PKEY *key;

static int answer_device(struct request *request, const char *name, json_t *payload);
static const char *bad_request(const struct request *request, json_t *payload, int *status);
static const char *bad_token(const char *authorization);
static bool read_name(const char *hex, char *name, size_t room);
static void refuse(struct request *request, int status, const char *reason);
static bool is_uuid(const char *text);

/* apns_open makes the key that Apple's developer site would give. */
bool
apns_open(const char *key_file)
{
	key = token_key(key_file);
	return key != NULL;
}

/* apns_handle answers one request. */
void
apns_handle(struct request *request)
{
	json_t *payload = request->body ? json_loadb(request->body, request->length, 0, NULL) : NULL;
	json_t *claims = token_claims(request->authorization + strlen("bearer "));
	char name[120] = "";
	int delay = 0;

	request->status = 200;
	request->extra_name = "apns-id";
	snprintf(request->extra, sizeof(request->extra), "%.36s",
	         request_header(request, "apns-id") ? request_header(request, "apns-id") : "");
	if (strcmp(request->method, "POST") != 0)
		refuse(request, 405, "MethodNotAllowed");
	else if (!read_name(request->path + sizeof(PATH) - 1, name, sizeof(name)))
		refuse(request, 400, "BadDeviceToken");
	else
		delay = answer_device(request, name, payload);
	if (request->status == 200)
		connection_proven(request->connection);
	/* the token itself is no secret of anybody's here, and the test verifies it */
	record_write(request, json_pack("{s:s, s:O, s:O*, s:o*, s:i}", "name", name, "headers",
	                                request->headers, "payload", payload, "claims", claims,
	                                "connection", request->connection->number));
	json_decref(payload);
	fault_answer(request, delay);
}

/* answer_device answers who has proven who they are; returns milliseconds to wait. */
static int
answer_device(struct request *request, const char *name, json_t *payload)
{
	struct scripted fault;
	int status = 400;
	const char *reason = bad_token(request->authorization);

	if (reason != NULL)
		refuse(request, 403, reason);
	else if ((reason = bad_request(request, payload, &status)) != NULL)
		refuse(request, status, reason);
	else if (fault_scripted(request, name, &fault))
		refuse(request, fault.status, fault.code);
	else
		return fault_apply(request, name);
	return 0;
}

/* bad_request returns what APNs would find wrong with headers or payload, or NULL. */
static const char *
bad_request(const struct request *request, json_t *payload, int *status)
{
	const char *expiration = request_header(request, "apns-expiration");
	const char *priority = request_header(request, "apns-priority");
	const char *collapse = request_header(request, "apns-collapse-id");
	const char *type = request_header(request, "apns-push-type");
	json_t *aps = json_object_get(payload, "aps");

	if (request->length == 0)
		return "PayloadEmpty";
	if (request->length > PAYLOAD_BYTES)
	{
		*status = 413;
		return "PayloadTooLarge";
	}
	if (!json_is_object(aps) || !json_is_object(json_object_get(aps, "alert")))
		return "BadPayload";
	if (request_header(request, "apns-topic") == NULL)
		return "MissingTopic";
	if (strcmp(request_header(request, "apns-topic"), "jp.example.app") != 0)
		return "DeviceTokenNotForTopic";
	if (!is_uuid(request_header(request, "apns-id")))
		return "BadMessageId";
	if (expiration == NULL || strspn(expiration, "0123456789") != strlen(expiration))
		return "BadExpirationDate";
	if (priority == NULL || (strcmp(priority, "10") != 0 && strcmp(priority, "5") != 0))
		return "BadPriority";
	if (collapse != NULL && strlen(collapse) > 64)
		return "BadCollapseId";
	if (type == NULL || strcmp(type, "alert") != 0)
		return "InvalidPushType";
	return NULL;
}

/* bad_token returns what APNs would find wrong with a provider token, or NULL. */
static const char *
bad_token(const char *authorization)
{
	json_t *claims;
	json_int_t issued_at;
	const char *team;
	bool complete;

	if (strncmp(authorization, "bearer ", 7) != 0)
		return "MissingProviderToken";
	if (!token_verifies(key, authorization + 7))
		return "InvalidProviderToken";
	claims = token_claims(authorization + 7);
	team = json_string_value(json_object_get(claims, "iss"));
	issued_at = json_integer_value(json_object_get(claims, "iat"));
	complete = team != NULL && strcmp(team, "TEAM123456") == 0 && json_object_size(claims) == 2;
	json_decref(claims);
	if (!complete)
		return "InvalidProviderToken";
	return issued_at < time(NULL) - 3600 || issued_at > time(NULL) + 60 ? "ExpiredProviderToken"
	                                                                    : NULL;
}

static void
refuse(struct request *request, int status, const char *reason)
{
	json_t *root = json_pack("{s:s}", "reason", reason);

	if (status == 410)
		json_object_set_new(root, "timestamp",
		                    json_integer((json_int_t) (time(NULL) - 3600) * 1000));
	request->status = status;
	request->answer = json_dumps(root, JSON_COMPACT);
	json_decref(root);
}

/* read_name reads the name that a device token is the hex of. */
static bool
read_name(const char *hex, char *name, size_t room)
{
	size_t length = strlen(hex);

	if (length < 32 || length % 2 != 0 || length / 2 >= room ||
	    strspn(hex, "0123456789abcdef") != length)
		return false;
	for (size_t i = 0; i < length / 2; i++)
	{
		unsigned byte;

		sscanf(hex + 2 * i, "%2x", &byte);
		name[i] = (char) byte;
	}
	name[length / 2] = '\0';
	for (size_t end = length / 2; end > 0 && name[end - 1] == '.'; end--)
		name[end - 1] = '\0';
	return true;
}

/* is_uuid tells whether a text is 8-4-4-4-12 lower-case hex digits. */
static bool
is_uuid(const char *text)
{
	int end = 0;

	return text != NULL && strlen(text) == 36 &&
	       sscanf(text, "%*8[0-9a-f]-%*4[0-9a-f]-%*4[0-9a-f]-%*4[0-9a-f]-%*12[0-9a-f]%n", &end) ==
	           0 &&
	       end == 36;
}
