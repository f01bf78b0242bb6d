/*
 * A provider: everything that differs from one channel to another.  What is NULL
 * in the table is not needed there.  No provider waits for anything, knows the
 * database, or decides what becomes of a delivery but by its table of errors.
 */
#ifndef PUSH_PROVIDER_H
#define PUSH_PROVIDER_H

#include "classify.h"
#include "config.h"
#include "delivery.h"
#include "lib/curl.h"

#include <jansson.h>
#include <stdbool.h>

struct provider
{
	const char *channel; /* as the database names it */

	/* whether the settings ask for it */
	bool (*wanted)(const struct config *config);
	/* who we are there; NULL after logging what is wrong with it */
	void *(*open)(const struct config *config);
	void (*close)(void *self);
	/* whether its keys can sign; logs what it would use */
	bool (*check)(void *self);

	/* requests of its own, such as for an access token: their context is self */
	void (*turn)(void *self, struct http *http);
	void (*take_answer)(void *self, const struct http_answer *answer);
	bool (*asking)(const void *self);
	/* whether it can be sent to, and whether it refuses to let us */
	bool (*ready)(const void *self);
	bool (*refused)(const void *self);
	/* requests that it takes at a time, if fewer than the settings allow */
	int (*limit)(const void *self);

	/* of a channel of many services: whether this one takes one more now, and how many seconds
	 * it is given a rest */
	bool (*admits)(void *self, const struct delivery *delivery);
	int (*rests)(void *self, const struct delivery *delivery);

	/* what a message looks like there; false: it cannot be said there */
	bool (*compose)(void *self, const struct message *message, struct delivery *delivery);
	/* whether one request can carry both, and how many it can carry */
	bool (*joins)(const struct delivery *first, const struct delivery *other);
	int most;
	/* the request of a delivery and those with it; false: out of memory */
	bool (*begin)(void *self, struct delivery *delivery, struct http_request *request);
	/* what the answer means; called whether there is one or not */
	void (*judge)(void *self, const struct http_answer *answer, const struct delivery *delivery,
	              struct classification *result);
	/* the request is over */
	void (*end)(void *self, struct delivery *delivery);
};

extern const struct provider fcm_provider, apns_provider, webpush_provider, line_provider,
    smtp_provider;

typedef void classify_function(const struct reply *reply, struct classification *result);

extern void provider_judge(classify_function *classify, const struct http_answer *answer,
                           const struct delivery *delivery, struct classification *result);
extern bool provider_is_plain(const char *text);
extern json_t *provider_data(const struct message *message);

#endif
