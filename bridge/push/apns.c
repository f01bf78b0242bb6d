/*
 * Apple Push Notification service, with a provider token (ES256).  One token is
 * shared by all connections, and its iat lies on a grid, so that other instances
 * and a restart within the same span claim the same: APNs refuses who comes with
 * new ones too often, and after an hour the old one.  Until a connection has
 * proven itself it is given one stream; we send one request at a time so long.
 */
#include "provider.h"

#include "lib/jwt.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/secret.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKEN_SPAN 2400    /* seconds that a token is used: between 20 and 60 minutes */
#define TOKEN_LEAST 1200   /* seconds before which no new one is made */
#define PAYLOAD_BYTES 4096 /* that APNs takes */
#define COLLAPSE_BYTES 64  /* of a collapse id */
#define UNLIMITED 1000     /* streams that APNs usually allows */

struct apns
{
	EVP_PKEY *key;
	char *key_id, *team_id, *topic;
	const char *endpoint, *sandbox_endpoint;
	char *token;         /* NULL: it could not be made */
	long long issued_at; /* its iat, seconds since 1970 */
	long long signed_at; /* by loop_now(): requests that began before had another one */
	bool doubted;        /* APNs called it expired */
	bool proven;         /* a request succeeded since the last connection broke */
};

static void apns_close(void *self);
static bool is_young(const struct apns *apns);
static bool renew(struct apns *apns, long long issued_at);
static char *compose_payload(const struct message *message, bool urgent);

static bool
apns_wanted(const struct config *config)
{
	return config->apns_key_file != NULL;
}

/* apns_open reads the key that Apple gave; NULL after logging what is wrong with it. */
static void *
apns_open(const struct config *config)
{
	struct apns *apns = calloc(1, sizeof(*apns));
	char *content = secret_read(config->apns_key_file);

	if (apns == NULL || content == NULL)
	{
		free(apns);
		free(content);
		return NULL;
	}
	apns->key = jwt_read_p256_key(content);
	OPENSSL_cleanse(content, strlen(content));
	free(content);
	apns->key_id = config->apns_key_id ? strdup(config->apns_key_id) : NULL;
	apns->team_id = config->apns_team_id ? strdup(config->apns_team_id) : NULL;
	apns->topic = config->apns_topic ? strdup(config->apns_topic) : NULL;
	apns->endpoint = config->apns_endpoint;
	apns->sandbox_endpoint = config->apns_sandbox_endpoint;
	if (apns->key == NULL)
		log_error("the key of APNs is not good", "{s:s, s:s}", "file", config->apns_key_file,
		          "hint", "It is the .p8 file of Apple's developer site, with a key on P-256.");
	else if (!provider_is_plain(apns->key_id) || !provider_is_plain(apns->team_id) ||
	         !provider_is_plain(apns->topic))
		log_error("apns.key_id, apns.team_id and apns.topic are needed", NULL);
	else
		return apns;
	apns_close(apns);
	return NULL;
}

static void
apns_close(void *self)
{
	struct apns *apns = self;

	if (apns->token != NULL)
		OPENSSL_cleanse(apns->token, strlen(apns->token));
	EVP_PKEY_free(apns->key);
	free(apns->key_id);
	free(apns->team_id);
	free(apns->topic);
	free(apns->token);
	free(apns);
}

static bool
apns_check(void *self)
{
	struct apns *apns = self;

	log_info("would use", "{s:s, s:s, s:s, s:s, s:s}", "channel", "apns", "url", apns->endpoint,
	         "sandbox_url", apns->sandbox_endpoint, "topic", apns->topic, "key_id", apns->key_id);
	return renew(apns, time(NULL));
}

/* apns_turn makes a new token when its time has come, or APNs wants one and may be given it. */
static void
apns_turn(void *self, struct http *http)
{
	struct apns *apns = self;
	long long now = time(NULL), grid = now - now % TOKEN_SPAN;

	(void) http;
	if (apns->token != NULL && (is_young(apns) || (!apns->doubted && grid == apns->issued_at)))
		return;
	renew(apns, apns->doubted ? now : grid);
	apns->doubted = false;
}

/* is_young tells whether APNs would take it ill if there were a new token already. */
static bool
is_young(const struct apns *apns)
{
	long long age = time(NULL) - apns->issued_at;

	/* one of the future was made before somebody put the clock right */
	return age > -60 && age < TOKEN_LEAST;
}

/* renew signs a token; the one before stays if that fails. */
static bool
renew(struct apns *apns, long long issued_at)
{
	char claims[256];
	char *token;

	snprintf(claims, sizeof(claims), "{\"iss\":\"%s\",\"iat\":%lld}", apns->team_id, issued_at);
	token = jwt_sign_es256(apns->key, apns->key_id, claims);
	if (token == NULL)
	{
		log_error("a provider token could not be signed", NULL);
		return false;
	}
	free(apns->token);
	apns->token = token;
	apns->issued_at = issued_at;
	apns->signed_at = loop_now();
	return true;
}

static bool
apns_ready(const void *self)
{
	const struct apns *apns = self;

	return apns->token != NULL && !apns->doubted;
}

static int
apns_limit(const void *self)
{
	return ((const struct apns *) self)->proven ? UNLIMITED : 1;
}

/* apns_compose makes the payload; the address is the URL, by the device's environment. */
static bool
apns_compose(void *self, const struct message *message, struct delivery *delivery)
{
	struct apns *apns = self;
	json_t *keys = message->keys ? json_loads(message->keys, 0, NULL) : NULL;
	const char *environment = json_string_value(json_object_get(keys, "environment"));
	bool sandbox = environment != NULL && strcmp(environment, "sandbox") == 0;
	char collapse[COLLAPSE_BYTES + 1];

	json_decref(keys);
	for (const char *c = message->token; *c != '\0'; c++)
		if (!isxdigit((unsigned char) *c))
			return false;
	/* a duplicate replaces its twin on the screen */
	if (message->collapse_key != NULL && strlen(message->collapse_key) <= COLLAPSE_BYTES &&
	    provider_is_plain(message->collapse_key))
		snprintf(collapse, sizeof(collapse), "%s", message->collapse_key);
	else
		snprintf(collapse, sizeof(collapse), "n%s", message->notification_id);
	delivery->collapse = strdup(collapse);
	delivery->payload = compose_payload(message, delivery->urgent);
	delivery->length = delivery->payload ? strlen(delivery->payload) : 0;
	if (asprintf(&delivery->address, "%s/3/device/%s",
	             sandbox ? apns->sandbox_endpoint : apns->endpoint, message->token) < 0)
		delivery->address = NULL;
	return delivery->address != NULL && delivery->collapse != NULL && delivery->payload != NULL &&
	       delivery->length <= PAYLOAD_BYTES;
}

/* compose_payload puts what APNs reads under "aps", and the app's data beside it. */
static char *
compose_payload(const struct message *message, bool urgent)
{
	json_t *root = provider_data(message);
	json_t *aps = json_pack("{s:{s:s, s:s}, s:s}", "alert", "title", message->title, "body",
	                        message->body, "sound", "default");
	char *text;

	if (urgent)
		json_object_set_new(aps, "interruption-level", json_string("time-sensitive"));
	json_object_set_new(root, "aps", aps);
	text = aps ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

static bool
apns_begin(void *self, struct delivery *delivery, struct http_request *request)
{
	struct apns *apns = self;

	request->url = delivery->address;
	request->body = delivery->payload;
	request->length = delivery->length;
	return delivery_add_header(delivery, "authorization: bearer %s", apns->token) &&
	       delivery_add_header(delivery, "apns-id: %s", delivery->key) &&
	       delivery_add_header(delivery, "apns-topic: %s", apns->topic) &&
	       delivery_add_header(delivery, "apns-push-type: alert") &&
	       delivery_add_header(delivery, "apns-priority: %d", delivery->urgent ? 10 : 5) &&
	       delivery_add_header(delivery, "apns-expiration: %lld",
	                           (long long) time(NULL) + delivery_ttl(delivery)) &&
	       delivery_add_header(delivery, "apns-collapse-id: %s", delivery->collapse) &&
	       delivery_add_header(delivery, "content-type: application/json") &&
	       delivery_add_header(delivery, "Expect:") &&
	       (request->headers = delivery->headers) != NULL;
}

static void
apns_judge(void *self, const struct http_answer *answer, const struct delivery *delivery,
           struct classification *result)
{
	struct apns *apns = self;

	provider_judge(classify_apns, answer, delivery, result);
	/* after a broken connection comes a new one, which allows one stream again */
	if (answer->error != CURLE_OK || result->stale_token)
		apns->proven = false;
	else if (result->verdict == VERDICT_DELIVERED)
		apns->proven = true;
	if (!result->stale_token || delivery->begun_at < apns->signed_at)
		return;
	if (!is_young(apns))
		apns->doubted = true;
	else
	{
		/* a token that is new and expired was made by a clock that is wrong */
		log_error("APNs calls a new provider token expired", "{s:s}", "hint",
		          "Is the machine's clock right?");
		result->alarm = true;
		result->retry_seconds = result->stop_seconds = 60;
	}
}

const struct provider apns_provider = {.channel = "apns",
                                       .wanted = apns_wanted,
                                       .open = apns_open,
                                       .close = apns_close,
                                       .check = apns_check,
                                       .turn = apns_turn,
                                       .ready = apns_ready,
                                       .limit = apns_limit,
                                       .compose = apns_compose,
                                       .begin = apns_begin,
                                       .judge = apns_judge};
