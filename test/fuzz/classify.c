/* Fuzzes what is read from FCM's answers: the first bytes choose status and try. */
#include "../../bridge/push/classify.c"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct classification result;

	if (size < 4)
		return 0;
	classify_answer(100 + data[0] * 2 + (data[1] & 1), (const char *) data + 4, size - 4,
	                data[2] * 1000L - 1000, data[3], &result);
	/* whatever the body says, a wait is bounded and a dead token was called so */
	if (result.retry_seconds < 0 || result.retry_seconds > 86400 || result.stop_seconds < 0 ||
	    result.stop_seconds > 86400 ||
	    (result.verdict != VERDICT_DELIVERED && result.detail == NULL))
		abort();
	return 0;
}
