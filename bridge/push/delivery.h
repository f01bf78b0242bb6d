/* A message, and one delivery of it that is ours for now. */
#ifndef PUSH_DELIVERY_H
#define PUSH_DELIVERY_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#define DELIVERY_KEY 37 /* a UUID as text, and NUL */

/* What the database says of a message to a device; data and keys are JSON; keys, collapse_key may
 * be NULL. */
struct message
{
	const char *channel, *token, *keys, *title, *body, *data, *collapse_key, *priority;
	const char *notification_id;
	int ttl;
};

struct delivery
{
	struct delivery *next;
	struct delivery *with; /* further ones that the same request carries */
	struct channel *channel;
	long long resident_id, delivery_id, notification_id;
	int attempt;
	bool urgent;
	int lane;
	bool keyed;                 /* a later message with its collapse key replaces it */
	unsigned long long replace; /* that key's digest, as far as the database tells it */
	bool begun;                 /* it may have been sent since it was claimed */
	bool alone;                 /* what it went with was refused: it goes by itself */
	int repetitions;            /* of the very same request */
	long long due;              /* of the next one, by loop_now() as all below */
	long long judged_at, lease_until, expires_at;
	const char *setback; /* why it goes back, and for how many seconds it is not to be claimed */
	int setback_seconds;
	char key[DELIVERY_KEY];   /* the same at every try, and no other delivery's */
	struct seal *seal;        /* of its payload, for Web Push; NULL: not begun */
	unsigned long long route; /* where it goes, as its provider numbers that */
	/* what its provider made of the message, to be freed */
	char *address, *payload, *collapse;
	size_t length; /* of the payload */
	/* the request, while it is under way */
	long long begun_at; /* by loop_now() */
	const void *credential;
	struct curl_slist *headers;
	char *url, *body;
	size_t body_length;
};

extern void delivery_set_key(struct delivery *delivery, const char *message_id);
extern void delivery_write_key(const unsigned char *digest, char key[DELIVERY_KEY]);
extern void delivery_set_replace(struct delivery *delivery, const char *collapse_key);
extern bool delivery_may_be_replaced(const struct delivery *delivery,
                                     const unsigned long long *key);
extern bool delivery_has_expired(const struct delivery *delivery);
extern int delivery_ttl(const struct delivery *delivery);
extern bool delivery_add_header(struct delivery *delivery, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
extern void delivery_clear_request(struct delivery *delivery);
extern void delivery_free(struct delivery *delivery);

#endif
