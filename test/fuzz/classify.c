/*
 * Fuzzes what is read from providers' answers: the first bytes choose provider,
 * status and try.
 */
#include "../../bridge/push/classify.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const classify[])(const struct reply *, struct classification *) = {
	    classify_fcm, classify_apns, classify_webpush, classify_line, classify_smtp};
	struct classification result;
	struct reply reply;

	if (size < 5)
		return 0;
	reply = (struct reply){.status = 100 + data[0] * 2 + (data[1] & 1),
	                       .body = (const char *) data + 5,
	                       .length = size - 5,
	                       .retry_after = data[2] * 1000L - 1000,
	                       .attempt = data[3]};
	classify[data[4] % 5](&reply, &result);
	/* whatever the body says, a wait is bounded and a dead token was called so */
	if (result.retry_seconds < 0 || result.retry_seconds > 86400 || result.stop_seconds < 0 ||
	    result.stop_seconds > 86400 || result.dead_since < 0 ||
	    result.dead_since > 100000000000LL ||
	    (result.dead_since != 0 && result.verdict != VERDICT_RETIRED) ||
	    (result.verdict != VERDICT_DELIVERED && result.detail == NULL))
		abort();
	return 0;
}
