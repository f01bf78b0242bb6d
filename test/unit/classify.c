/* Every row of each provider's table of errors, and answers that no table has. */
#include "check.h"
#include "push/classify.h"

#include <string.h>

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
    {"404 of a proxy", 404, "<html>not found</html>", 0, VERDICT_RETRY, "HTTP_404", 1, 300, ALARM},
    {"404 of another project", 404, BODY("x", ""), 0, VERDICT_RETRY, "HTTP_404", 1, 300, ALARM},
    {"403 of a firewall", 403, "", 0, VERDICT_RETRY, "HTTP_403", 1, 300, ALARM},
    {"302", 302, "", 0, VERDICT_RETRY, "HTTP_3XX", 1, 300, ALARM},
    {"429 without a body", 429, "", 0, VERDICT_RETRY, "HTTP_429", 60, 0, 0},
    {"502", 502, "<html>", 0, VERDICT_RETRY, "HTTP_5XX", 0, 0, 0},
    {"408", 408, "", 0, VERDICT_RETRY, "HTTP_408", 0, 0, 0},
    {"413", 413, "", 0, VERDICT_FAILED, "HTTP_413", 0, 0, 0},
    {"400 without a body", 400, "", 0, VERDICT_FAILED, "HTTP_4XX", 0, 0, 0},
    {"a code nobody knows", 500, BODY("x", FCM("NEW_IN_2030")), 0, VERDICT_RETRY, "HTTP_5XX", 0, 0,
     0},
    {"details that are none", 404, "{\"error\":{\"message\":7,\"details\":{\"@type\":[]}}}", 0,
     VERDICT_RETRY, "HTTP_404", 1, 300, ALARM},
};

#define REASON(reason) "{\"reason\":\"" reason "\"}"
#define LINE_ERROR(message) "{\"message\":\"" message "\"}"
#define LINE_PROPERTY(property) \
	"{\"message\":\"x\",\"details\":[{\"message\":\"y\",\"property\":\"" property "\"}]}"

typedef void classify_function(const struct reply *reply, struct classification *result);

/* The answers of the other providers, to a first try. */
static const struct
{
	const char *name;
	classify_function *classify;
	long status;
	const char *body;
	long retry_after;
	enum verdict verdict;
	const char *detail;
	int retry_seconds, stop_seconds, flags;
	long long dead_since;
} others[] = {
    {"APNs 200", classify_apns, 200, "", 0, VERDICT_DELIVERED, NULL, 0, 0, 0, 0},
    {"APNs 410 without a timestamp", classify_apns, 410, REASON("Unregistered"), 0, VERDICT_RETIRED,
     "Unregistered", 0, 0, 0, 0},
    {"APNs 410 with one", classify_apns, 410,
     "{\"reason\":\"ExpiredToken\",\"timestamp\":1454948015990}", 0, VERDICT_RETIRED,
     "ExpiredToken", 0, 0, 0, 1454948015},
    {"APNs 410 with an absurd one", classify_apns, 410,
     "{\"reason\":\"ExpiredToken\",\"timestamp\":9223372036854775807}", 0, VERDICT_RETIRED,
     "ExpiredToken", 0, 0, 0, 0},
    {"APNs bad token", classify_apns, 400, REASON("BadDeviceToken"), 0, VERDICT_RETIRED,
     "BadDeviceToken", 0, 0, 0, 0},
    {"APNs wrong topic", classify_apns, 400, REASON("DeviceTokenNotForTopic"), 0, VERDICT_FAILED,
     "DeviceTokenNotForTopic", 0, 0, ALARM, 0},
    {"APNs expired token", classify_apns, 403, REASON("ExpiredProviderToken"), 0, VERDICT_RETRY,
     "ExpiredProviderToken", 1, 0, STALE, 0},
    {"APNs bad key", classify_apns, 403, REASON("InvalidProviderToken"), 0, VERDICT_RETRY,
     "InvalidProviderToken", 1, 300, ALARM, 0},
    {"APNs too many tokens", classify_apns, 429, REASON("TooManyProviderTokenUpdates"), 0,
     VERDICT_RETRY, "TooManyProviderTokenUpdates", 60, 60, 0, 0},
    {"APNs too many to one", classify_apns, 429, REASON("TooManyRequests"), 5, VERDICT_RETRY,
     "TooManyRequests", 5, 0, 0, 0},
    {"APNs shutdown", classify_apns, 503, REASON("Shutdown"), 0, VERDICT_RETRY, "Shutdown", 0, 0, 0,
     0},
    {"APNs too large", classify_apns, 413, REASON("PayloadTooLarge"), 0, VERDICT_FAILED,
     "PayloadTooLarge", 0, 0, 0, 0},
    {"APNs, a reason nobody knows", classify_apns, 400, REASON("NewIn2030"), 0, VERDICT_FAILED,
     "HTTP_4XX", 0, 0, 0, 0},
    /* not APNs's words: never the token's fault */
    {"APNs, 410 of a proxy", classify_apns, 410, "<html>gone", 0, VERDICT_RETRY, "HTTP_410", 0, 0,
     0, 0},
    {"APNs, 404 of a proxy", classify_apns, 404, "", 0, VERDICT_RETRY, "HTTP_404", 1, 300, ALARM,
     0},
    {"APNs, a reason that is none", classify_apns, 503, "{\"reason\":7}", 9, VERDICT_RETRY,
     "HTTP_5XX", 9, 0, 0, 0},
    {"APNs 302", classify_apns, 302, "", 0, VERDICT_RETRY, "HTTP_3XX", 1, 300, ALARM, 0},

    {"Web Push 201", classify_webpush, 201, "", 0, VERDICT_DELIVERED, NULL, 0, 0, 0, 0},
    {"Web Push 202", classify_webpush, 202, "", 0, VERDICT_DELIVERED, NULL, 0, 0, 0, 0},
    {"Web Push 404", classify_webpush, 404, "", 0, VERDICT_RETIRED, "HTTP_404", 0, 0, 0, 0},
    {"Web Push 410", classify_webpush, 410, "", 0, VERDICT_RETIRED, "HTTP_410", 0, 0, 0, 0},
    {"Web Push 401", classify_webpush, 401, "", 0, VERDICT_RETRY, "HTTP_401", 300, 0, ALARM, 0},
    {"Web Push 403", classify_webpush, 403, "", 0, VERDICT_RETRY, "HTTP_403", 300, 0, ALARM, 0},
    {"Web Push 400", classify_webpush, 400, "", 0, VERDICT_FAILED, "HTTP_400", 0, 0, ALARM, 0},
    {"Web Push 413", classify_webpush, 413, "", 0, VERDICT_FAILED, "HTTP_413", 0, 0, 0, 0},
    {"Web Push 429", classify_webpush, 429, "", 17, VERDICT_RETRY, "HTTP_429", 17, 0, 0, 0},
    {"Web Push 503", classify_webpush, 503, "", 0, VERDICT_RETRY, "HTTP_5XX", 0, 0, 0, 0},
    {"Web Push 307", classify_webpush, 307, "", 0, VERDICT_RETRY, "HTTP_3XX", 0, 0, 0, 0},

    {"LINE 200", classify_line, 200, "{}", 0, VERDICT_DELIVERED, NULL, 0, 0, 0, 0},
    {"LINE 409", classify_line, 409, LINE_ERROR("The retry key is already accepted"), 0,
     VERDICT_DELIVERED, NULL, 0, 0, 0, 0},
    {"LINE 409 of another request", classify_line, 409,
     LINE_ERROR("The retry key conflicts with another request"), 0, VERDICT_FAILED, "HTTP_409", 0,
     0, ALARM, 0},
    {"LINE 429, the month", classify_line, 429, LINE_ERROR("You have reached your monthly limit."),
     0, VERDICT_RETRY, "monthly_limit", 1, 300, ALARM, 0},
    {"LINE 429, the rate", classify_line, 429, LINE_ERROR("The API rate limit has been exceeded."),
     0, VERDICT_RETRY, "HTTP_429", 60, 60, 0, 0},
    {"LINE 400, the user", classify_line, 400, LINE_PROPERTY("to"), 0, VERDICT_RETIRED, "bad_user",
     0, 0, 0, 0},
    {"LINE 400, the message", classify_line, 400, LINE_PROPERTY("messages[0].text"), 0,
     VERDICT_FAILED, "HTTP_400", 0, 0, 0, 0},
    {"LINE 400, details that are none", classify_line, 400, "{\"details\":{\"to\":1}}", 0,
     VERDICT_FAILED, "HTTP_400", 0, 0, 0, 0},
    {"LINE 401", classify_line, 401, "", 0, VERDICT_RETRY, "HTTP_401", 1, 300, ALARM, 0},
    {"LINE 500", classify_line, 500, "", 0, VERDICT_RETRY, "HTTP_5XX", 0, 0, 0, 0},

    {"mail taken", classify_smtp, 250, "250 2.0.0 ok\r\n", 0, VERDICT_DELIVERED, NULL, 0, 0, 0, 0},
    {"no such mailbox", classify_smtp, 550, "550 5.1.1 unknown\r\n", 0, VERDICT_RETIRED, "5.1.1", 0,
     0, 0, 0},
    {"a domain that takes no mail", classify_smtp, 556, "556 5.1.10 null MX\r\n", 0,
     VERDICT_RETIRED, "5.1.10", 0, 0, 0, 0},
    /* 550 alone is said of mail that is not liked, too */
    {"550 alone", classify_smtp, 550, "550 no\r\n", 0, VERDICT_FAILED, "SMTP_5XX", 0, 0, 0, 0},
    {"policy", classify_smtp, 550, "550 5.7.1 spam\r\n", 0, VERDICT_FAILED, "5.7.1", 0, 0, ALARM,
     0},
    {"mailbox full", classify_smtp, 552, "552 5.2.2 full\r\n", 0, VERDICT_RETRY, "5.2.2", 60, 0, 0,
     0},
    {"greylisted", classify_smtp, 451, "451 4.7.1 later\r\n", 0, VERDICT_RETRY, "SMTP_4XX", 60, 0,
     0, 0},
    {"closing", classify_smtp, 421, "421 4.3.2 closing\r\n", 0, VERDICT_RETRY, "SMTP_421", 0, 0, 0,
     0},
    {"login refused", classify_smtp, 535, "535 5.7.8 no\r\n", 0, VERDICT_RETRY, "5.7.8", 1, 300,
     ALARM, 0},
    {"login wanted", classify_smtp, 530, "530", 0, VERDICT_RETRY, "SMTP_530", 1, 300, ALARM, 0},
    {"no words at all", classify_smtp, 500, "", 0, VERDICT_FAILED, "SMTP_50X", 0, 0, ALARM, 0},
};

/* Every reason of APNs and every enhanced status of mail that decides by itself, to a first try. */
static const struct
{
	long status;
	const char *code;
	enum action action;
} own_codes[] = {
    {400, "BadCollapseId", ACTION_FAIL_ALARM},
    {400, "BadDeviceToken", ACTION_RETIRE},
    {400, "BadExpirationDate", ACTION_FAIL_ALARM},
    {400, "BadMessageId", ACTION_FAIL_ALARM},
    {400, "BadPriority", ACTION_FAIL_ALARM},
    {400, "BadTopic", ACTION_FAIL_ALARM},
    {400, "DeviceTokenNotForTopic", ACTION_FAIL_ALARM},
    {400, "DuplicateHeaders", ACTION_FAIL_ALARM},
    {400, "IdleTimeout", ACTION_RETRY},
    {400, "InvalidPushType", ACTION_FAIL_ALARM},
    {400, "MissingDeviceToken", ACTION_FAIL_ALARM},
    {400, "MissingTopic", ACTION_FAIL_ALARM},
    {400, "PayloadEmpty", ACTION_FAIL_ALARM},
    {400, "TopicDisallowed", ACTION_FAIL_ALARM},
    {403, "BadCertificate", ACTION_MEND_ALL},
    {403, "BadCertificateEnvironment", ACTION_MEND_ALL},
    {403, "BadEnvironmentKeyInToken", ACTION_MEND_ALL},
    {403, "ExpiredProviderToken", ACTION_RENEW},
    {403, "Forbidden", ACTION_MEND_ALL},
    {403, "InvalidProviderToken", ACTION_MEND_ALL},
    {403, "MissingProviderToken", ACTION_MEND_ALL},
    {403, "UnrelatedKeyIdInToken", ACTION_MEND_ALL},
    {404, "BadPath", ACTION_FAIL_ALARM},
    {405, "MethodNotAllowed", ACTION_FAIL_ALARM},
    {410, "ExpiredToken", ACTION_RETIRE},
    {410, "Unregistered", ACTION_RETIRE},
    {413, "PayloadTooLarge", ACTION_FAIL},
    {429, "TooManyProviderTokenUpdates", ACTION_QUOTA_ALL},
    {429, "TooManyRequests", ACTION_QUOTA},
    {500, "InternalServerError", ACTION_RETRY},
    {503, "ServiceUnavailable", ACTION_RETRY},
    {503, "Shutdown", ACTION_RETRY},
    {550, "5.1.1", ACTION_RETIRE},
    {550, "5.1.2", ACTION_RETIRE},
    {553, "5.1.3", ACTION_RETIRE},
    {550, "5.1.6", ACTION_RETIRE},
    {556, "5.1.10", ACTION_RETIRE},
    {550, "5.2.1", ACTION_RETIRE},
    {552, "5.2.2", ACTION_QUOTA},
    {552, "5.2.3", ACTION_FAIL},
    {552, "5.3.4", ACTION_FAIL},
    {530, "5.7.0", ACTION_MEND_ALL},
    {550, "5.7.1", ACTION_FAIL_ALARM},
    {535, "5.7.8", ACTION_MEND_ALL},
    {534, "5.7.9", ACTION_MEND_ALL},
    {538, "5.7.11", ACTION_MEND_ALL},
    {534, "5.7.14", ACTION_MEND_ALL},
};

static bool
same(const struct classification *a, const struct classification *b)
{
	return a->verdict == b->verdict && a->retry_seconds == b->retry_seconds &&
	       a->stop_seconds == b->stop_seconds && a->stale_token == b->stale_token &&
	       a->alarm == b->alarm && a->dead_since == b->dead_since &&
	       strcmp(a->detail ? a->detail : "", b->detail ? b->detail : "") == 0;
}

/* check classifies one answer and prints a line of TAP. */
static void
check(const char *name, classify_function *classify, const struct reply *reply,
      const struct classification *expected)
{
	struct classification result;
	bool good;

	classify(reply, &result);
	good = same(&result, expected);
	Check(good, name);
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
	check(name, classify_fcm,
	      &(struct reply){codes[i].status, body, strlen(body), codes[i].retry_after,
	                      codes[i].attempt},
	      &expected);
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

	check(answers[i].name, classify_fcm,
	      &(struct reply){answers[i].status, answers[i].body, strlen(answers[i].body),
	                      answers[i].retry_after, 1},
	      &expected);
}

static void
check_other(size_t i)
{
	struct classification expected = {.verdict = others[i].verdict,
	                                  .detail = others[i].detail,
	                                  .retry_seconds = others[i].retry_seconds,
	                                  .stop_seconds = others[i].stop_seconds,
	                                  .stale_token = (others[i].flags & STALE) != 0,
	                                  .alarm = (others[i].flags & ALARM) != 0,
	                                  .dead_since = others[i].dead_since};

	check(others[i].name, others[i].classify,
	      &(struct reply){others[i].status, others[i].body, strlen(others[i].body),
	                      others[i].retry_after, 1},
	      &expected);
}

/* check_own takes what the action comes to from classify_act, whose sums are checked above. */
static void
check_own(size_t i)
{
	bool mail = own_codes[i].code[1] == '.';
	struct reply reply = {.status = own_codes[i].status, .attempt = 1};
	struct classification expected;
	char body[100];

	if (mail)
		snprintf(body, sizeof(body), "%ld %s x\r\n", reply.status, own_codes[i].code);
	else
		snprintf(body, sizeof(body), REASON("%s"), own_codes[i].code);
	reply.body = body;
	reply.length = strlen(body);
	classify_act(&(struct error_class){own_codes[i].code, own_codes[i].action}, &reply, &expected);
	check(own_codes[i].code, mail ? classify_smtp : classify_apns, &reply, &expected);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		check_code(i);
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		check_answer(i);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		check_other(i);
	for (size_t i = 0; i < sizeof(own_codes) / sizeof(*own_codes); i++)
		check_own(i);
	return FinishChecks();
}
