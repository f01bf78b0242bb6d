/* Which URLs can be the endpoint of a Web Push subscription. */
#ifndef PASSPORT_ENDPOINT_H
#define PASSPORT_ENDPOINT_H

#include <stddef.h>

extern const char *EndpointFault(const char *url, size_t length);

#endif
