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

/* Answers that say an error code and nothing else; the code is the detail expected. */
static const struct
{
	long status;
	const char *code;
	long retry_after;
	int attempt;
	enum verdict verdict;
	int retry_seconds;
	bool alarm;
} codes[] = {
    {404, "UNREGISTERED", 0, 1, VERDICT_RETIRED, 0, false},
    {400, "INVALID_ARGUMENT", 0, 1, VERDICT_FAILED, 0, false},
    {403, "SENDER_ID_MISMATCH", 0, 1, VERDICT_FAILED, 0, true},
    {429, "QUOTA_EXCEEDED", 7, 1, VERDICT_RETRY, 7, false},
    /* at least a minute, at most an hour */
    {429, "QUOTA_EXCEEDED", 0, 1, VERDICT_RETRY, 60, false},
    {429, "QUOTA_EXCEEDED", 0, 3, VERDICT_RETRY, 240, false},
    {429, "QUOTA_EXCEEDED", 0, 100, VERDICT_RETRY, 3600, false},
    {503, "UNAVAILABLE", 0, 1, VERDICT_RETRY, 0, false},
    {503, "UNAVAILABLE", 30, 1, VERDICT_RETRY, 30, false},
    {503, "UNAVAILABLE", 31536000, 1, VERDICT_RETRY, 86400, false},
    {500, "INTERNAL", 0, 1, VERDICT_RETRY, 0, false},
    {401, "THIRD_PARTY_AUTH_ERROR", 0, 1, VERDICT_RETRY, 300, true},
    {500, "UNSPECIFIED_ERROR", 0, 4, VERDICT_RETRY, 0, false},
    {500, "UNSPECIFIED_ERROR", 0, 5, VERDICT_FAILED, 0, false},
};

#define STALE 1 /* the access token is not good any more */
#define ALARM 2

/* All other answers, to a first try. */
static const struct
{
	const char *name;
	long status;
	const char *body;
	long retry_after;
	enum verdict verdict;
	const char *detail;
	int retry_seconds, stop_seconds, flags;
} answers[] = {
    {"200", 200, "{\"name\":\"x\"}", 0, VERDICT_DELIVERED, NULL, 0, 0, 0},
    {"200 with rubbish", 200, "\xff{", 0, VERDICT_DELIVERED, NULL, 0, 0, 0},
    {"a dead token, by the wording", 400,
     BODY("The registration token is not a valid FCM registration token", FCM("INVALID_ARGUMENT")),
     0, VERDICT_RETIRED, "INVALID_ARGUMENT", 0, 0, 0},
    {"a dead token, by the field", 400,
     BODY("x", BAD_FIELD("message.token") FCM("INVALID_ARGUMENT")), 0, VERDICT_RETIRED,
     "INVALID_ARGUMENT", 0, 0, 0},
    {"another field", 400,
     BODY("registration token", BAD_FIELD("message.android.ttl") FCM("INVALID_ARGUMENT")), 0,
     VERDICT_FAILED, "INVALID_ARGUMENT", 0, 0, 0},
    {"the project's quota", 429, BODY("x", QUOTA("project:1") FCM("QUOTA_EXCEEDED")), 9,
     VERDICT_RETRY, "QUOTA_EXCEEDED", 9, 9, 0},
    {"a device's quota", 429, BODY("x", QUOTA("device:1") FCM("QUOTA_EXCEEDED")), 9, VERDICT_RETRY,
     "QUOTA_EXCEEDED", 9, 0, 0},
    {"UNAUTHENTICATED", 401, BODY("x", ""), 0, VERDICT_RETRY, "UNAUTHENTICATED", 1, 0, STALE},
    /* not FCM's words: never the token's fault */
    {"404 of a proxy", 404, "<html>not found</html>", 0, VERDICT_RETRY, "HTTP_404", 300, 300,
     ALARM},
    {"404 of another project", 404, BODY("x", ""), 0, VERDICT_RETRY, "HTTP_404", 300, 300, ALARM},
    {"403 of a firewall", 403, "", 0, VERDICT_RETRY, "HTTP_403", 300, 300, ALARM},
    {"302", 302, "", 0, VERDICT_RETRY, "HTTP_3XX", 300, 300, ALARM},
    {"429 without a body", 429, "", 0, VERDICT_RETRY, "HTTP_429", 60, 0, 0},
    {"502", 502, "<html>", 0, VERDICT_RETRY, "HTTP_5XX", 0, 0, 0},
    {"408", 408, "", 0, VERDICT_RETRY, "HTTP_408", 0, 0, 0},
    {"413", 413, "", 0, VERDICT_FAILED, "HTTP_413", 0, 0, 0},
    {"400 without a body", 400, "", 0, VERDICT_FAILED, "HTTP_4XX", 0, 0, 0},
    {"a code nobody knows", 500, BODY("x", FCM("NEW_IN_2030")), 0, VERDICT_RETRY, "HTTP_5XX", 0, 0,
     0},
    {"details that are none", 404, "{\"error\":{\"message\":7,\"details\":{\"@type\":[]}}}", 0,
     VERDICT_RETRY, "HTTP_404", 300, 300, ALARM},
};

static int tests, failed;

static bool
same(const struct classification *a, const struct classification *b)
{
	return a->verdict == b->verdict && a->retry_seconds == b->retry_seconds &&
	       a->stop_seconds == b->stop_seconds && a->stale_token == b->stale_token &&
	       a->alarm == b->alarm &&
	       strcmp(a->detail ? a->detail : "", b->detail ? b->detail : "") == 0;
}

/* check classifies one answer and prints a line of TAP. */
static void
check(const char *name, long status, const char *body, long retry_after, int attempt,
      const struct classification *expected)
{
	struct classification result;
	bool good;

	classify_answer(status, body, strlen(body), retry_after, attempt, &result);
	good = same(&result, expected);
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, name);
	if (!good)
		printf("# verdict %d, %s, retry %d, stop %d, stale %d, alarm %d\n", result.verdict,
		       result.detail ? result.detail : "-", result.retry_seconds, result.stop_seconds,
		       result.stale_token, result.alarm);
}

static void
check_code(size_t i)
{
	struct classification expected = {.verdict = codes[i].verdict,
	                                  .detail = codes[i].code,
	                                  .retry_seconds = codes[i].retry_seconds,
	                                  .alarm = codes[i].alarm};
	char name[100], body[300];

	snprintf(name, sizeof(name), "%s, try %d, Retry-After %ld", codes[i].code, codes[i].attempt,
	         codes[i].retry_after);
	snprintf(body, sizeof(body), BODY("x", FCM("%s")), codes[i].code);
	check(name, codes[i].status, body, codes[i].retry_after, codes[i].attempt, &expected);
}

static void
check_answer(size_t i)
{
	struct classification expected = {.verdict = answers[i].verdict,
	                                  .detail = answers[i].detail,
	                                  .retry_seconds = answers[i].retry_seconds,
	                                  .stop_seconds = answers[i].stop_seconds,
	                                  .stale_token = (answers[i].flags & STALE) != 0,
	                                  .alarm = (answers[i].flags & ALARM) != 0};

	check(answers[i].name, answers[i].status, answers[i].body, answers[i].retry_after, 1,
	      &expected);
}

int
main(void)
{
	size_t code_count = sizeof(codes) / sizeof(*codes);
	size_t answer_count = sizeof(answers) / sizeof(*answers);

	printf("1..%zu\n", code_count + answer_count);
	for (size_t i = 0; i < code_count; i++)
		check_code(i);
	for (size_t i = 0; i < answer_count; i++)
		check_answer(i);
	return failed > 0;
}
