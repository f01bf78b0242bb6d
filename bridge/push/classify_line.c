/*
 * What LINE answers.  409 says that a request with this retry key was accepted
 * before, so that it is as good as 200; 429 is a rate, or the month's quota,
 * which only its wording tells.  Source: LINE Messaging API reference.
 */
#include "classify.h"

#include <jansson.h>
#include <string.h>

static const struct status_class statuses[] = {
    {200, 299, {"", ACTION_DELIVERED}},         {409, 409, {"", ACTION_DELIVERED}},
    {400, 400, {"HTTP_400", ACTION_FAIL}},      {401, 401, {"HTTP_401", ACTION_MEND_ALL}},
    {403, 403, {"HTTP_403", ACTION_MEND_ALL}},  {404, 404, {"HTTP_404", ACTION_MEND_ALL}},
    {408, 408, {"HTTP_408", ACTION_RETRY}},     {413, 413, {"HTTP_413", ACTION_FAIL}},
    {429, 429, {"HTTP_429", ACTION_QUOTA_ALL}}, {400, 499, {"HTTP_4XX", ACTION_FAIL}},
    {500, 999, {"HTTP_5XX", ACTION_RETRY}},     {0, 399, {"HTTP_3XX", ACTION_MEND_ALL}},
};
static const struct error_class bad_user = {"bad_user", ACTION_RETIRE};
static const struct error_class month_is_used_up = {"monthly_limit", ACTION_MEND_ALL};
static const struct error_class conflict = {"HTTP_409", ACTION_FAIL_ALARM};

static bool names_user(json_t *root);

/* classify_line says what an answer of LINE asks for. */
void
classify_line(const struct reply *reply, struct classification *result)
{
	json_t *root = reply->status == 200 ? NULL : json_loadb(reply->body, reply->length, 0, NULL);
	const char *message = json_string_value(json_object_get(root, "message"));

	if (reply->status == 429 && message != NULL && strstr(message, "monthly limit") != NULL)
		classify_act(&month_is_used_up, reply, result);
	/* the key was used for something else: that it was taken cannot be said of this message */
	else if (reply->status == 409 && message != NULL && strstr(message, "conflicts with") != NULL)
		classify_act(&conflict, reply, result);
	else if (reply->status == 400 && names_user(root))
		classify_act(&bad_user, reply, result);
	else
		classify_status(CLASSES(statuses), reply, result);
	json_decref(root);
}

/* names_user tells whether a refusal is of the user id. */
static bool
names_user(json_t *root)
{
	const char *property;
	json_t *detail;
	size_t i;

	json_array_foreach(json_object_get(root, "details"), i, detail)
	{
		property = json_string_value(json_object_get(detail, "property"));
		if (property != NULL && strcmp(property, "to") == 0)
			return true;
	}
	return false;
}
