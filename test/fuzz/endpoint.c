/*
 * Fuzzes what is taken as an endpoint: one that is taken leads to a name of two
 * labels at least, without anything that other readers of URLs see otherwise.
 */
#include "outbox/endpoint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *url = (const char *) data, *host = url + 8, *end;

	if (EndpointFault(url, size) != NULL)
		return 0;
	if (size < 12 || memcmp(url, "https://", 8) != 0 || (end = memchr(host, '/', size - 8)) == NULL)
		abort();
	if (memchr(host, '.', end - host) == NULL)
		abort();
	for (const char *c = host; c < end; c++)
		if (*c == '@' || *c == '[' || *c == '%' || *c == '\\' || *c <= ' ' || *c > '~')
			abort();
	return 0;
}
