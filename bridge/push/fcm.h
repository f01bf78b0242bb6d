/* Firebase Cloud Messaging, HTTP v1: who we are there, and what a message looks like. */
#ifndef PUSH_FCM_H
#define PUSH_FCM_H

#include "config.h"
#include "lib/curl.h"

#include <stdbool.h>
#include <stddef.h>

/* What a message is made of; data is JSON, collapse_key may be NULL. */
struct fcm_message
{
	const char *token, *title, *body, *data, *collapse_key, *priority, *notification_id;
	int ttl;
};

/* The headers with one access token, kept while requests with it are under way. */
struct fcm_credential
{
	struct curl_slist *headers;
	int users;
};

struct fcm;

extern struct fcm *fcm_open(const struct config *config);
extern const char *fcm_project(const struct fcm *fcm);
extern const char *fcm_url(const struct fcm *fcm);
extern void fcm_turn(struct fcm *fcm, struct http *http);
extern bool fcm_ready(const struct fcm *fcm);
extern bool fcm_refused(const struct fcm *fcm);
extern bool fcm_signs(struct fcm *fcm);
extern void fcm_take_answer(struct fcm *fcm, const struct http_answer *answer);
extern struct fcm_credential *fcm_credential(struct fcm *fcm);
extern void fcm_release(struct fcm_credential *credential);
extern void fcm_doubt(struct fcm *fcm, const struct fcm_credential *credential);
extern char *fcm_compose(const struct fcm_message *message, size_t *length);
extern void fcm_close(struct fcm *fcm);

#endif
