/*
 * APNs's reasons.  Source: Apple, "Handling notification responses from APNs",
 * and the reasons that its clients have met.  A reason decides, where there is
 * one; a status alone never costs a device.
 */
#include "classify.h"

#include <jansson.h>
#include <string.h>

static const struct error_class reasons[] = {
    {"BadDeviceToken", ACTION_RETIRE},
    {"Unregistered", ACTION_RETIRE},
    {"ExpiredToken", ACTION_RETIRE},
    /* the device is kept: with the wrong topic configured all would answer so */
    {"DeviceTokenNotForTopic", ACTION_FAIL_ALARM},
    {"BadCollapseId", ACTION_FAIL_ALARM},
    {"BadExpirationDate", ACTION_FAIL_ALARM},
    {"BadMessageId", ACTION_FAIL_ALARM},
    {"BadPriority", ACTION_FAIL_ALARM},
    {"BadTopic", ACTION_FAIL_ALARM},
    {"DuplicateHeaders", ACTION_FAIL_ALARM},
    {"InvalidPushType", ACTION_FAIL_ALARM},
    {"MissingDeviceToken", ACTION_FAIL_ALARM},
    {"MissingTopic", ACTION_FAIL_ALARM},
    {"PayloadEmpty", ACTION_FAIL_ALARM},
    {"TopicDisallowed", ACTION_FAIL_ALARM},
    {"BadPath", ACTION_FAIL_ALARM},
    {"MethodNotAllowed", ACTION_FAIL_ALARM},
    {"PayloadTooLarge", ACTION_FAIL},
    {"IdleTimeout", ACTION_RETRY},
    {"ExpiredProviderToken", ACTION_RENEW},
    {"InvalidProviderToken", ACTION_MEND_ALL},
    {"MissingProviderToken", ACTION_MEND_ALL},
    {"BadCertificate", ACTION_MEND_ALL},
    {"BadCertificateEnvironment", ACTION_MEND_ALL},
    {"BadEnvironmentKeyInToken", ACTION_MEND_ALL},
    {"UnrelatedKeyIdInToken", ACTION_MEND_ALL},
    {"Forbidden", ACTION_MEND_ALL},
    {"TooManyRequests", ACTION_QUOTA},
    /* the token in use stays good: what must end is asking with new ones */
    {"TooManyProviderTokenUpdates", ACTION_QUOTA_ALL},
    {"InternalServerError", ACTION_RETRY},
    {"ServiceUnavailable", ACTION_RETRY},
    {"Shutdown", ACTION_RETRY},
};

static const struct status_class statuses[] = {
    {200, 200, {"", ACTION_DELIVERED}},          {403, 403, {"HTTP_403", ACTION_MEND_ALL}},
    {404, 405, {"HTTP_404", ACTION_MEND_ALL}},   {408, 408, {"HTTP_408", ACTION_RETRY}},
    {410, 410, {"HTTP_410", ACTION_RETRY_SOME}}, {413, 413, {"HTTP_413", ACTION_FAIL}},
    {429, 429, {"HTTP_429", ACTION_QUOTA}},      {400, 499, {"HTTP_4XX", ACTION_FAIL}},
    {500, 999, {"HTTP_5XX", ACTION_RETRY}},      {0, 399, {"HTTP_3XX", ACTION_MEND_ALL}},
};

/* classify_apns says what an answer of APNs asks for. */
void
classify_apns(const struct reply *reply, struct classification *result)
{
	json_t *root = reply->status == 200 ? NULL : json_loadb(reply->body, reply->length, 0, NULL);
	const char *reason = json_string_value(json_object_get(root, "reason"));
	json_int_t dead_since = json_integer_value(json_object_get(root, "timestamp"));

	if (reason == NULL || !classify_code(CLASSES(reasons), reason, reply, result))
		classify_status(CLASSES(statuses), reply, result);
	/* milliseconds; of a year that a timestamp of PostgreSQL can hold */
	if (result->verdict == VERDICT_RETIRED && dead_since > 0 && dead_since < 100000000000000LL)
		result->dead_since = dead_since / 1000;
	json_decref(root);
}
