/*
 * What a mail server replies.  Its enhanced status (RFC 3463) decides where there
 * is one: 550 alone is said of unknown users and of mail that is not liked.
 * Source: RFC 5321, RFC 3463 and its registry, RFC 7505.
 */
#include "classify.h"

#include <stdio.h>
#include <string.h>

static const struct error_class codes[] = {
    {"5.1.1", ACTION_RETIRE},                                 /* no such mailbox */
    {"5.1.2", ACTION_RETIRE},                                 /* no such domain */
    {"5.1.3", ACTION_RETIRE},                                 /* no such form of address */
    {"5.1.6", ACTION_RETIRE},                                 /* moved, nobody says where to */
    {"5.1.10", ACTION_RETIRE},                                /* a domain that takes no mail */
    {"5.2.1", ACTION_RETIRE},                                 /* switched off */
    {"5.2.2", ACTION_QUOTA},                                  /* full */
    {"5.2.3", ACTION_FAIL},                                   /* too long */
    {"5.3.4", ACTION_FAIL},       {"5.7.0", ACTION_MEND_ALL}, /* we, not the mail: authentication,
                                                                 encryption */
    {"5.7.1", ACTION_FAIL_ALARM},                             /* policy */
    {"5.7.8", ACTION_MEND_ALL},   {"5.7.9", ACTION_MEND_ALL}, {"5.7.11", ACTION_MEND_ALL},
    {"5.7.14", ACTION_MEND_ALL},
};

static const struct status_class statuses[] = {
    {200, 299, {"", ACTION_DELIVERED}},        {421, 421, {"SMTP_421", ACTION_RETRY}},
    {454, 454, {"SMTP_454", ACTION_MEND_ALL}}, {400, 499, {"SMTP_4XX", ACTION_QUOTA}},
    {530, 530, {"SMTP_530", ACTION_MEND_ALL}}, {534, 535, {"SMTP_535", ACTION_MEND_ALL}},
    {538, 538, {"SMTP_538", ACTION_MEND_ALL}}, {551, 551, {"SMTP_551", ACTION_RETIRE}},
    {556, 556, {"SMTP_556", ACTION_RETIRE}},   {500, 504, {"SMTP_50X", ACTION_FAIL_ALARM}},
    {500, 599, {"SMTP_5XX", ACTION_FAIL}},     {0, 999, {"SMTP_XXX", ACTION_RETRY}},
};

/* classify_smtp says what a server's last reply asks for; its text is the body. */
void
classify_smtp(const struct reply *reply, struct classification *result)
{
	char line[40] = "", code[16];
	int class, subject, detail;

	if (reply->length > 4)
		snprintf(line, sizeof(line), "%.*s", (int) (reply->length < 39 ? reply->length : 39) - 4,
		         reply->body + 4);
	if (reply->status >= 500 && sscanf(line, "%1d.%3d.%3d", &class, &subject, &detail) == 3)
	{
		snprintf(code, sizeof(code), "%d.%d.%d", class, subject, detail);
		if (classify_code(CLASSES(codes), code, reply, result))
			return;
	}
	classify_status(CLASSES(statuses), reply, result);
}
