/*
 * What push services answer.  They share statuses (RFC 8030, RFC 8292) and no
 * code; each is somebody else's server, so that what one of them refuses says
 * nothing about the others.
 */
#include "classify.h"

static const struct status_class statuses[] = {
    {200, 299, {"", ACTION_DELIVERED}},          {404, 404, {"HTTP_404", ACTION_RETIRE}},
    {410, 410, {"HTTP_410", ACTION_RETIRE}},     {401, 401, {"HTTP_401", ACTION_MEND}},
    {403, 403, {"HTTP_403", ACTION_MEND}},       {408, 408, {"HTTP_408", ACTION_RETRY}},
    {413, 413, {"HTTP_413", ACTION_FAIL}},       {429, 429, {"HTTP_429", ACTION_QUOTA}},
    {400, 400, {"HTTP_400", ACTION_FAIL_ALARM}}, {400, 499, {"HTTP_4XX", ACTION_FAIL}},
    {500, 999, {"HTTP_5XX", ACTION_RETRY}},      {0, 399, {"HTTP_3XX", ACTION_RETRY_SOME}},
};

/* classify_webpush says what an answer of a push service asks for. */
void
classify_webpush(const struct reply *reply, struct classification *result)
{
	classify_status(CLASSES(statuses), reply, result);
}
