/* Every row of FCM's table of errors, and answers that no table has. */
#include "push/classify.c"

#include <stdio.h>

#define FCM(code) \
	"{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" code "\"}"
#define BODY(message, details) \
	"{\"error\":{\"code\":1,\"message\":\"" message "\",\"details\":[" details "]}}"
#define BAD_FIELD(field)                \
	"{\"@type\":\"type.googleapis.com/" \
	"google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"" field "\"}]},"
#define QUOTA(subject)                  \
	"{\"@type\":\"type.googleapis.com/" \
	"google.rpc.QuotaFailure\",\"violations\":[{\"subject\":\"" subject "\"}]},"

static const struct
{
	const char *name;
	long status;
	const char *body;
	long retry_after;
	int attempt;
	struct classification expected;
} cases[] = {
    {"200", 200, "{\"name\":\"x\"}", 0, 1, {.verdict = VERDICT_DELIVERED}},
    {"200 with rubbish", 200, "\xff{", 0, 1, {.verdict = VERDICT_DELIVERED}},
    {"UNREGISTERED",
     404,
     BODY("x", FCM("UNREGISTERED")),
     0,
     1,
     {VERDICT_RETIRED, "UNREGISTERED", 0, 0, 0, 0}},
    {"INVALID_ARGUMENT, token wording",
     400,
     BODY("The registration token is not a valid FCM registration token", FCM("INVALID_ARGUMENT")),
     0,
     1,
     {VERDICT_RETIRED, "INVALID_ARGUMENT", 0, 0, 0, 0}},
    {"INVALID_ARGUMENT, field message.token",
     400,
     BODY("x", BAD_FIELD("message.token") FCM("INVALID_ARGUMENT")),
     0,
     1,
     {VERDICT_RETIRED, "INVALID_ARGUMENT", 0, 0, 0, 0}},
    {"INVALID_ARGUMENT, another field",
     400,
     BODY("registration token", BAD_FIELD("message.android.ttl") FCM("INVALID_ARGUMENT")),
     0,
     1,
     {VERDICT_FAILED, "INVALID_ARGUMENT", 0, 0, 0, 0}},
    {"INVALID_ARGUMENT, no reason",
     400,
     BODY("x", FCM("INVALID_ARGUMENT")),
     0,
     1,
     {VERDICT_FAILED, "INVALID_ARGUMENT", 0, 0, 0, 0}},
    {"SENDER_ID_MISMATCH",
     403,
     BODY("x", FCM("SENDER_ID_MISMATCH")),
     0,
     1,
     {VERDICT_FAILED, "SENDER_ID_MISMATCH", 0, 0, 0, 1}},
    {"QUOTA_EXCEEDED, Retry-After",
     429,
     BODY("x", FCM("QUOTA_EXCEEDED")),
     7,
     1,
     {VERDICT_RETRY, "QUOTA_EXCEEDED", 7, 0, 0, 0}},
    {"QUOTA_EXCEEDED, at least a minute",
     429,
     BODY("x", FCM("QUOTA_EXCEEDED")),
     0,
     1,
     {VERDICT_RETRY, "QUOTA_EXCEEDED", 60, 0, 0, 0}},
    {"QUOTA_EXCEEDED, third try",
     429,
     BODY("x", FCM("QUOTA_EXCEEDED")),
     0,
     3,
     {VERDICT_RETRY, "QUOTA_EXCEEDED", 240, 0, 0, 0}},
    {"QUOTA_EXCEEDED, hundredth try",
     429,
     BODY("x", FCM("QUOTA_EXCEEDED")),
     0,
     100,
     {VERDICT_RETRY, "QUOTA_EXCEEDED", 3600, 0, 0, 0}},
    {"QUOTA_EXCEEDED of the project",
     429,
     BODY("x", QUOTA("project:1") FCM("QUOTA_EXCEEDED")),
     9,
     1,
     {VERDICT_RETRY, "QUOTA_EXCEEDED", 9, 9, 0, 0}},
    {"QUOTA_EXCEEDED of a device",
     429,
     BODY("x", QUOTA("device:1") FCM("QUOTA_EXCEEDED")),
     9,
     1,
     {VERDICT_RETRY, "QUOTA_EXCEEDED", 9, 0, 0, 0}},
    {"UNAVAILABLE",
     503,
     BODY("x", FCM("UNAVAILABLE")),
     0,
     1,
     {VERDICT_RETRY, "UNAVAILABLE", 0, 0, 0, 0}},
    {"UNAVAILABLE, Retry-After",
     503,
     BODY("x", FCM("UNAVAILABLE")),
     30,
     1,
     {VERDICT_RETRY, "UNAVAILABLE", 30, 0, 0, 0}},
    {"UNAVAILABLE, a year",
     503,
     BODY("x", FCM("UNAVAILABLE")),
     31536000,
     1,
     {VERDICT_RETRY, "UNAVAILABLE", 86400, 0, 0, 0}},
    {"INTERNAL", 500, BODY("x", FCM("INTERNAL")), 0, 1, {VERDICT_RETRY, "INTERNAL", 0, 0, 0, 0}},
    {"THIRD_PARTY_AUTH_ERROR",
     401,
     BODY("x", FCM("THIRD_PARTY_AUTH_ERROR")),
     0,
     1,
     {VERDICT_RETRY, "THIRD_PARTY_AUTH_ERROR", 300, 0, 0, 1}},
    {"UNAUTHENTICATED", 401, BODY("x", ""), 0, 1, {VERDICT_RETRY, "UNAUTHENTICATED", 1, 0, 1, 0}},
    {"UNSPECIFIED_ERROR",
     500,
     BODY("x", FCM("UNSPECIFIED_ERROR")),
     0,
     4,
     {VERDICT_RETRY, "UNSPECIFIED_ERROR", 0, 0, 0, 0}},
    {"UNSPECIFIED_ERROR, fifth try",
     500,
     BODY("x", FCM("UNSPECIFIED_ERROR")),
     0,
     5,
     {VERDICT_FAILED, "UNSPECIFIED_ERROR", 0, 0, 0, 0}},
    /* not FCM's words: never the token's fault */
    {"404 of a proxy",
     404,
     "<html>not found</html>",
     0,
     1,
     {VERDICT_RETRY, "HTTP_404", 300, 300, 0, 1}},
    {"404 of another project",
     404,
     BODY("x", ""),
     0,
     1,
     {VERDICT_RETRY, "HTTP_404", 300, 300, 0, 1}},
    {"403 of a firewall", 403, "", 0, 1, {VERDICT_RETRY, "HTTP_403", 300, 300, 0, 1}},
    {"302", 302, "", 0, 1, {VERDICT_RETRY, "HTTP_3XX", 300, 300, 0, 1}},
    {"429 without a body", 429, "", 0, 1, {VERDICT_RETRY, "HTTP_429", 60, 0, 0, 0}},
    {"502", 502, "<html>", 0, 1, {VERDICT_RETRY, "HTTP_5XX", 0, 0, 0, 0}},
    {"408", 408, "", 0, 1, {VERDICT_RETRY, "HTTP_408", 0, 0, 0, 0}},
    {"413", 413, "", 0, 1, {VERDICT_FAILED, "HTTP_413", 0, 0, 0, 0}},
    {"400 without a body", 400, "", 0, 1, {VERDICT_FAILED, "HTTP_4XX", 0, 0, 0, 0}},
    {"a code nobody knows",
     500,
     BODY("x", FCM("NEW_IN_2030")),
     0,
     1,
     {VERDICT_RETRY, "HTTP_5XX", 0, 0, 0, 0}},
    {"details that are none",
     404,
     "{\"error\":{\"message\":7,\"details\":{\"@type\":[]}}}",
     0,
     1,
     {VERDICT_RETRY, "HTTP_404", 300, 300, 0, 1}},
};

static bool
same(const struct classification *a, const struct classification *b)
{
	return a->verdict == b->verdict && a->retry_seconds == b->retry_seconds &&
	       a->stop_seconds == b->stop_seconds && a->stale_token == b->stale_token &&
	       a->alarm == b->alarm &&
	       strcmp(a->detail ? a->detail : "", b->detail ? b->detail : "") == 0;
}

int
main(void)
{
	size_t count = sizeof(cases) / sizeof(*cases), failed = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
	{
		struct classification result;
		bool good;

		classify_answer(cases[i].status, cases[i].body, strlen(cases[i].body), cases[i].retry_after,
		                cases[i].attempt, &result);
		good = same(&result, &cases[i].expected);
		failed += !good;
		printf("%sok %zu - %s\n", good ? "" : "not ", i + 1, cases[i].name);
		if (!good)
			printf("# verdict %d, %s, retry %d, stop %d, stale %d, alarm %d\n", result.verdict,
			       result.detail ? result.detail : "-", result.retry_seconds, result.stop_seconds,
			       result.stale_token, result.alarm);
	}
	return failed > 0;
}
