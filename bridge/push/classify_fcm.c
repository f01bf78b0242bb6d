/*
 * FCM's error classes.  Its own errorCode decides (in details[] of the body); the
 * HTTP status alone only where there is none, and then never against a token: a
 * proxy's 404 must not cost a village its devices.  Source:
 * firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode and the guide "Best
 * practices when sending FCM messages at scale".
 */
#include "classify.h"

#include <jansson.h>
#include <string.h>

static const struct error_class codes[] = {
    {"UNREGISTERED", ACTION_RETIRE},
    {"INVALID_ARGUMENT", ACTION_FAIL},
    /* the device is kept: with the wrong project configured all would answer so */
    {"SENDER_ID_MISMATCH", ACTION_FAIL_ALARM},
    {"QUOTA_EXCEEDED", ACTION_QUOTA},
    {"UNAVAILABLE", ACTION_RETRY},
    {"INTERNAL", ACTION_RETRY},
    {"THIRD_PARTY_AUTH_ERROR", ACTION_MEND},
    {"UNSPECIFIED_ERROR", ACTION_RETRY_SOME},
};
static const struct error_class bad_token = {"INVALID_ARGUMENT", ACTION_RETIRE};
static const struct error_class project_exhausted = {"QUOTA_EXCEEDED", ACTION_QUOTA_ALL};

static const struct status_class statuses[] = {
    {200, 299, {"", ACTION_DELIVERED}},
    {401, 401, {"UNAUTHENTICATED", ACTION_RENEW}},
    {403, 403, {"HTTP_403", ACTION_MEND_ALL}},
    {404, 404, {"HTTP_404", ACTION_MEND_ALL}},
    {408, 408, {"HTTP_408", ACTION_RETRY}},
    {413, 413, {"HTTP_413", ACTION_FAIL}},
    {429, 429, {"HTTP_429", ACTION_QUOTA}},
    {400, 499, {"HTTP_4XX", ACTION_FAIL}},
    {500, 999, {"HTTP_5XX", ACTION_RETRY}},
    /* a redirect: our messages go where we were told to, or nowhere */
    {0, 399, {"HTTP_3XX", ACTION_MEND_ALL}},
};

/* What a body says, as far as it matters. */
struct answer
{
	char code[40];          /* FcmError's errorCode, or "" */
	bool bad_request;       /* fields are named as bad */
	bool bad_token;         /* the token is what is bad */
	bool project_exhausted; /* the quota is the project's, not a device's */
};

static void read_body(const struct reply *reply, struct answer *answer);
static void read_detail(json_t *detail, struct answer *answer);

/* classify_fcm says what an answer of FCM asks for. */
void
classify_fcm(const struct reply *reply, struct classification *result)
{
	struct answer answer = {.code = ""};

	if (reply->status < 200 || reply->status > 299)
		read_body(reply, &answer);
	if (strcmp(answer.code, "INVALID_ARGUMENT") == 0 && answer.bad_token)
		classify_act(&bad_token, reply, result);
	else if (strcmp(answer.code, "QUOTA_EXCEEDED") == 0 && answer.project_exhausted)
		classify_act(&project_exhausted, reply, result);
	else if (!classify_code(CLASSES(codes), answer.code, reply, result))
		classify_status(CLASSES(statuses), reply, result);
}

/* read_body takes from a body what it says; one that is no JSON says nothing. */
static void
read_body(const struct reply *reply, struct answer *answer)
{
	json_t *root = json_loadb(reply->body, reply->length, 0, NULL);
	json_t *error = json_object_get(root, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	json_t *detail;
	size_t i;

	json_array_foreach(json_object_get(error, "details"), i, detail) read_detail(detail, answer);
	if (!answer->bad_request && message != NULL && strstr(message, "registration token") != NULL)
		answer->bad_token = true;
	json_decref(root);
}

/* read_detail takes one element of error.details[], told apart by its @type. */
static void
read_detail(json_t *detail, struct answer *answer)
{
	const char *type = json_string_value(json_object_get(detail, "@type"));
	const char *text;
	json_t *violation;
	size_t i;

	if (type == NULL)
		return;
	if (strstr(type, "fcm.v1.FcmError") != NULL)
	{
		text = json_string_value(json_object_get(detail, "errorCode"));
		if (text != NULL && strlen(text) < sizeof(answer->code))
			strcpy(answer->code, text);
	}
	else if (strstr(type, "google.rpc.BadRequest") != NULL)
	{
		answer->bad_request = true;
		json_array_foreach(json_object_get(detail, "fieldViolations"), i, violation)
		{
			text = json_string_value(json_object_get(violation, "field"));
			if (text != NULL && strcmp(text, "message.token") == 0)
				answer->bad_token = true;
		}
	}
	else if (strstr(type, "google.rpc.QuotaFailure") != NULL)
		json_array_foreach(json_object_get(detail, "violations"), i, violation)
		{
			text = json_string_value(json_object_get(violation, "subject"));
			if (text != NULL && strncmp(text, "project:", 8) == 0)
				answer->project_exhausted = true;
		}
}
