/*
 * FCM's error classes and what each asks for.  Its own errorCode decides (in
 * details[] of the body); the HTTP status alone only where there is none, and
 * then never against a token: a proxy's 404 must not cost a village its devices.
 * Source: firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode and the
 * guide "Best practices when sending FCM messages at scale".  No I/O here:
 * tested and fuzzed alone.
 */
#include "classify.h"

#include <jansson.h>
#include <string.h>

#define QUOTA_WAIT 60 /* least wait after QUOTA_EXCEEDED without Retry-After */
#define QUOTA_LONGEST 3600
#define MENDING_WAIT 300 /* until somebody may have mended a configuration */
#define UNKNOWN_TRIES 5  /* an error that says nothing is tried so often */

/* What a body says, as far as it matters. */
struct answer
{
	char code[40];          /* FcmError's errorCode, or "" */
	bool bad_request;       /* fields are named as bad */
	bool bad_token;         /* the token is what is bad */
	bool project_exhausted; /* the quota is the project's, not a device's */
};

static void read_body(const char *body, size_t length, struct answer *answer);
static void read_detail(json_t *detail, struct answer *answer);
static bool classify_code(const struct answer *answer, long retry_after, int attempt,
                          struct classification *result);
static void classify_status(long status, long retry_after, struct classification *result);
static void retry(struct classification *result, const char *detail, long seconds);
static void end(struct classification *result, enum verdict verdict, const char *detail);
static void mend(struct classification *result, const char *detail, bool everybody);
static int quota_wait(long retry_after, int attempt);

/*
 * classify_answer says what to do.  retry_after: seconds from the header, 0 if
 * there was none; attempt: 1 for the first try.
 */
void
classify_answer(long status, const char *body, size_t length, long retry_after, int attempt,
                struct classification *result)
{
	struct answer answer = {.code = ""};

	memset(result, 0, sizeof(*result));
	if (status >= 200 && status < 300)
	{
		result->verdict = VERDICT_DELIVERED;
		return;
	}
	read_body(body, length, &answer);
	if (!classify_code(&answer, retry_after, attempt, result))
		classify_status(status, retry_after, result);
}

/* classify_code decides by FCM's own code; false: there is none that we know. */
static bool
classify_code(const struct answer *answer, long retry_after, int attempt,
              struct classification *result)
{
	const char *code = answer->code;

	if (strcmp(code, "UNREGISTERED") == 0)
		end(result, VERDICT_RETIRED, "UNREGISTERED");
	else if (strcmp(code, "INVALID_ARGUMENT") == 0)
		end(result, answer->bad_token ? VERDICT_RETIRED : VERDICT_FAILED, "INVALID_ARGUMENT");
	else if (strcmp(code, "SENDER_ID_MISMATCH") == 0)
	{
		/* the device is kept: with the wrong project configured all would answer so */
		end(result, VERDICT_FAILED, "SENDER_ID_MISMATCH");
		result->alarm = true;
	}
	else if (strcmp(code, "QUOTA_EXCEEDED") == 0)
	{
		retry(result, "QUOTA_EXCEEDED", quota_wait(retry_after, attempt));
		result->stop_seconds = answer->project_exhausted ? result->retry_seconds : 0;
	}
	else if (strcmp(code, "UNAVAILABLE") == 0)
		retry(result, "UNAVAILABLE", retry_after);
	else if (strcmp(code, "INTERNAL") == 0)
		retry(result, "INTERNAL", retry_after);
	else if (strcmp(code, "THIRD_PARTY_AUTH_ERROR") == 0)
		mend(result, "THIRD_PARTY_AUTH_ERROR", false);
	else if (strcmp(code, "UNSPECIFIED_ERROR") == 0)
	{
		if (attempt >= UNKNOWN_TRIES)
			end(result, VERDICT_FAILED, "UNSPECIFIED_ERROR");
		else
			retry(result, "UNSPECIFIED_ERROR", retry_after);
	}
	else
		return false;
	return true;
}

/* classify_status decides where the body says nothing. */
static void
classify_status(long status, long retry_after, struct classification *result)
{
	if (status == 401)
	{
		retry(result, "UNAUTHENTICATED", 1);
		result->stale_token = true;
	}
	else if (status == 403 || status == 404)
		mend(result, status == 403 ? "HTTP_403" : "HTTP_404", true);
	else if (status == 429)
		retry(result, "HTTP_429", quota_wait(retry_after, 1));
	else if (status >= 500)
		retry(result, "HTTP_5XX", retry_after);
	else if (status == 408)
		retry(result, "HTTP_408", retry_after);
	else if (status >= 400)
		end(result, VERDICT_FAILED, status == 413 ? "HTTP_413" : "HTTP_4XX");
	else
		/* a redirect: our messages go where we were told to, or nowhere */
		mend(result, "HTTP_3XX", true);
}

static void
retry(struct classification *result, const char *detail, long seconds)
{
	result->verdict = VERDICT_RETRY;
	result->detail = detail;
	result->retry_seconds = seconds > 0 && seconds <= 86400 ? (int) seconds
	                        : seconds > 0                   ? 86400
	                                                        : 0;
}

static void
end(struct classification *result, enum verdict verdict, const char *detail)
{
	result->verdict = verdict;
	result->detail = detail;
}

/* mend waits for a person; everybody: no other delivery would fare better meanwhile. */
static void
mend(struct classification *result, const char *detail, bool everybody)
{
	retry(result, detail, MENDING_WAIT);
	result->alarm = true;
	result->stop_seconds = everybody ? MENDING_WAIT : 0;
}

/* quota_wait returns the seconds asked for, or a minute, doubled with each try. */
static int
quota_wait(long retry_after, int attempt)
{
	int wait = QUOTA_WAIT;

	if (retry_after > 0)
		return retry_after < 86400 ? (int) retry_after : 86400;
	for (int i = 1; i < attempt && wait < QUOTA_LONGEST; i++)
		wait *= 2;
	return wait < QUOTA_LONGEST ? wait : QUOTA_LONGEST;
}

/* read_body takes from a body what it says; one that is no JSON says nothing. */
static void
read_body(const char *body, size_t length, struct answer *answer)
{
	json_t *root = json_loadb(body, length, 0, NULL);
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
