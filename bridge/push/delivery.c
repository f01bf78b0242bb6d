/*
 * The life of a delivery here.  Its key is made of what the database gave to the
 * message and to the delivery, so that every worker that ever tries it tells the
 * provider the same one, and no other database's deliveries can have it.
 */
#include "delivery.h"

#include "lib/loop.h"
#include "sealer.h"

#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 4096

/* delivery_set_key makes the key from SHA-256. */
void
delivery_set_key(struct delivery *delivery, const char *message_id)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char text[80];
	int length = snprintf(text, sizeof(text), "%.40s:%lld", message_id, delivery->delivery_id);

	SHA256((const unsigned char *) text, (size_t) length, digest);
	delivery_write_key(digest, delivery->key);
}

/* delivery_write_key writes a UUID of version 8 (RFC 9562) of a digest's first 16 bytes. */
void
delivery_write_key(const unsigned char *digest, char key[DELIVERY_KEY])
{
	size_t at = 0;

	for (int i = 0; i < 16; i++)
	{
		unsigned byte = i == 6   ? (digest[i] & 0x0fu) | 0x80u
		                : i == 8 ? (digest[i] & 0x3fu) | 0x80u
		                         : digest[i];

		at += snprintf(key + at, DELIVERY_KEY - at, "%s%02x",
		               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
	}
}

/* delivery_set_replace remembers by which key a later message replaces it; NULL: by none. */
void
delivery_set_replace(struct delivery *delivery, const char *collapse_key)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	if (collapse_key == NULL)
		return;
	SHA256((const unsigned char *) collapse_key, strlen(collapse_key), digest);
	for (size_t i = 0; i < sizeof(delivery->replace); i++)
		delivery->replace = delivery->replace << 8 | digest[i];
	delivery->keyed = true;
}

/* delivery_may_be_replaced tells whether a message with a key, or NULL for any, may replace it. */
bool
delivery_may_be_replaced(const struct delivery *delivery, const unsigned long long *key)
{
	return delivery->keyed && (key == NULL || delivery->replace == *key);
}

/* delivery_has_expired tells whether it is too late to send it, or will be within a second. */
bool
delivery_has_expired(const struct delivery *delivery)
{
	return loop_now() >= delivery->expires_at;
}

/* delivery_ttl returns the seconds for which it is still worth delivering, 0 at least. */
int
delivery_ttl(const struct delivery *delivery)
{
	long long left = (delivery->expires_at - loop_now()) / 1000;

	return left > 0 ? (int) left : 0;
}

/* delivery_add_header adds a header to the request; false: out of memory, or it is too long. */
bool
delivery_add_header(struct delivery *delivery, const char *format, ...)
{
	char line[HEADER_BYTES];
	struct curl_slist *more;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t) length >= sizeof(line))
		return false;
	more = curl_slist_append(delivery->headers, line);
	if (more != NULL)
		delivery->headers = more;
	return more != NULL;
}

/* delivery_clear_request forgets the request; what its provider made of the message stays. */
void
delivery_clear_request(struct delivery *delivery)
{
	curl_slist_free_all(delivery->headers);
	free(delivery->url);
	free(delivery->body);
	delivery->headers = NULL;
	delivery->url = delivery->body = NULL;
	delivery->credential = NULL;
}

void
delivery_free(struct delivery *delivery)
{
	delivery_clear_request(delivery);
	seal_drop(delivery->seal);
	free(delivery->address);
	free(delivery->payload);
	free(delivery->collapse);
	free(delivery);
}
