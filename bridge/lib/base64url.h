/* base64url without padding (RFC 4648, section 5), as tokens and keys have it. */
#ifndef BRIDGE_BASE64URL_H
#define BRIDGE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

/* characters that so many bytes take, and NUL */
#define BASE64URL_ROOM(bytes) (((bytes) *4 + 2) / 3 + 1)

extern size_t base64url_encode(char *to, const void *from, size_t length);
extern bool base64url_decode(unsigned char *to, size_t wanted, const char *from);

#endif
