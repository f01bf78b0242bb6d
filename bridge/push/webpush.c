/*
 * Web Push: each message is encrypted for its subscription (RFC 8291) and sent to
 * the push service whose URL that is, with a token (VAPID, RFC 8292) that is made
 * once for each service and used for half a day.  The URL comes from a browser:
 * addresses of private networks are refused when it is connected to.  Services
 * are strangers to each other: one that hangs has a share of the requests, and one
 * that fails is given a rest, while the others are sent to.
 */
#include "provider.h"

#include "lib/base64url.h"
#include "lib/jwt.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/secret.h"
#include "lib/webpush_crypto.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define TOKEN_LIFETIME 43200 /* seconds; a day at most (RFC 8292) */
#define TOKEN_LEAST 3600     /* that one still has to last */
#define ORIGIN_BYTES 300
#define SERVICES 32
#define SHARE 2        /* a service has half of the requests at most */
#define FAILURES 10    /* so many in a row, and a service is given a rest */
#define TOPIC_BYTES 24 /* of 32 characters that a topic may have */

/* One push service. */
struct service
{
	char origin[ORIGIN_BYTES], *token;
	long long ends_at; /* of the token, seconds since 1970 */
	int under_way, failures;
	struct patience patience;
};

struct webpush
{
	EVP_PKEY *key;
	char *subject, point[BASE64URL_ROOM(WEBPUSH_POINT)];
	bool allow_private;
	int share; /* requests that one service has at a time */
	struct service services[SERVICES];
	int next; /* to be replaced */
};

static void webpush_close(void *self);
static bool read_receiver(const struct message *message, struct webpush_receiver *receiver);
static char *compose_payload(const struct message *message);
static void make_topic(const struct message *message, const struct delivery *delivery,
                       char topic[BASE64URL_ROOM(TOPIC_BYTES)]);
static struct service *service_of(struct webpush *webpush, const char *url);
static const char *token_for(struct webpush *webpush, struct service *service);
static char *make_token(struct webpush *webpush, const char *origin, long long ends_at);

static bool
webpush_wanted(const struct config *config)
{
	return config->webpush_key_file != NULL;
}

/* webpush_open reads our VAPID key; NULL after logging what is wrong with it. */
static void *
webpush_open(const struct config *config)
{
	struct webpush *webpush = calloc(1, sizeof(*webpush));
	char *content = secret_read(config->webpush_key_file);
	const char *subject = config->webpush_subject ? config->webpush_subject : "";
	unsigned char point[WEBPUSH_POINT];

	if (webpush == NULL || content == NULL)
	{
		free(webpush);
		free(content);
		return NULL;
	}
	webpush->key = jwt_read_p256_key(content);
	OPENSSL_cleanse(content, strlen(content));
	free(content);
	webpush->subject = strdup(subject);
	webpush->allow_private = config->webpush_allow_private;
	webpush->share = (config->in_flight + SHARE - 1) / SHARE;
	if (webpush->key == NULL || !webpush_point(webpush->key, point))
		log_error("the key of Web Push is not good", "{s:s, s:s}", "file", config->webpush_key_file,
		          "hint",
		          "Make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
	else if ((strncmp(subject, "mailto:", 7) != 0 && strncmp(subject, "https://", 8) != 0) ||
	         strpbrk(subject, "\"\\ \t") != NULL || strlen(subject) > 200)
		log_error("webpush.subject is needed: mailto: or https://, where push services turn to",
		          NULL);
	else
	{
		base64url_encode(webpush->point, point, sizeof(point));
		return webpush;
	}
	webpush_close(webpush);
	return NULL;
}

static void
webpush_close(void *self)
{
	struct webpush *webpush = self;

	for (int i = 0; i < SERVICES; i++)
		free(webpush->services[i].token);
	EVP_PKEY_free(webpush->key);
	free(webpush->subject);
	free(webpush);
}

static bool
webpush_check(void *self)
{
	struct webpush *webpush = self;
	char *token = make_token(webpush, "https://push.example.net", time(NULL) + TOKEN_LIFETIME);

	log_info("would use", "{s:s, s:s, s:s, s:b}", "channel", "webpush", "application_server_key",
	         webpush->point, "subject", webpush->subject, "allow_private", webpush->allow_private);
	free(token);
	return token != NULL;
}

/*
 * webpush_compose keeps what is to be encrypted, with the receiver in front of it:
 * each try is encrypted anew.
 */
static bool
webpush_compose(void *self, const struct message *message, struct delivery *delivery)
{
	struct webpush_receiver receiver;
	char topic[BASE64URL_ROOM(TOPIC_BYTES)];
	char *text;

	(void) self;
	if (strncmp(message->token, "https://", 8) != 0 || !read_receiver(message, &receiver))
		return false;
	make_topic(message, delivery, topic);
	text = compose_payload(message);
	delivery->length = text ? sizeof(receiver) + strlen(text) : 0;
	delivery->payload = text ? malloc(delivery->length) : NULL;
	if (delivery->payload != NULL)
	{
		memcpy(delivery->payload, &receiver, sizeof(receiver));
		memcpy(delivery->payload + sizeof(receiver), text, strlen(text));
	}
	free(text);
	delivery->address = strdup(message->token);
	delivery->collapse = strdup(topic);
	return delivery->payload != NULL && delivery->address != NULL && delivery->collapse != NULL &&
	       delivery->length <= sizeof(receiver) + WEBPUSH_PLAINTEXT;
}

/* read_receiver reads the keys of a subscription. */
static bool
read_receiver(const struct message *message, struct webpush_receiver *receiver)
{
	json_t *keys = message->keys ? json_loads(message->keys, 0, NULL) : NULL;
	const char *point = json_string_value(json_object_get(keys, "p256dh"));
	const char *auth = json_string_value(json_object_get(keys, "auth"));
	bool good = point != NULL && auth != NULL &&
	            base64url_decode(receiver->point, WEBPUSH_POINT, point) &&
	            base64url_decode(receiver->auth, WEBPUSH_AUTH, auth);

	json_decref(keys);
	return good;
}

/* compose_payload makes what our service worker reads: title, body, data. */
static char *
compose_payload(const struct message *message)
{
	json_t *root = json_pack("{s:s, s:s, s:o}", "title", message->title, "body", message->body,
	                         "data", provider_data(message));
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	return text;
}

/*
 * make_topic names what a message that has not arrived is replaced by: a later one
 * with the same collapse key, or a second try of itself.
 */
static void
make_topic(const struct message *message, const struct delivery *delivery,
           char topic[BASE64URL_ROOM(TOPIC_BYTES)])
{
	const char *name = message->collapse_key ? message->collapse_key : delivery->key;
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *) name, strlen(name), digest);
	base64url_encode(topic, digest, TOPIC_BYTES);
}

static bool
webpush_begin(void *self, struct delivery *delivery, struct http_request *request)
{
	struct webpush *webpush = self;
	size_t length = delivery->length - sizeof(struct webpush_receiver);
	struct webpush_receiver receiver;
	struct service *service = service_of(webpush, delivery->address);
	const char *token = service ? token_for(webpush, service) : NULL;

	memcpy(&receiver, delivery->payload, sizeof(receiver));
	delivery->body_length = WEBPUSH_BODY(length);
	delivery->body = malloc(delivery->body_length);
	request->url = delivery->address;
	request->public_only = !webpush->allow_private;
	request->body = delivery->body;
	request->length = delivery->body_length;
	if (token == NULL || delivery->body == NULL ||
	    !webpush_encrypt(&receiver, delivery->payload + sizeof(receiver), length,
	                     (unsigned char *) delivery->body) ||
	    !delivery_add_header(delivery, "Authorization: vapid t=%s, k=%s", token, webpush->point) ||
	    !delivery_add_header(delivery, "TTL: %d", delivery_ttl(delivery)) ||
	    !delivery_add_header(delivery, "Urgency: %s", delivery->urgent ? "high" : "normal") ||
	    !delivery_add_header(delivery, "Topic: %s", delivery->collapse) ||
	    !delivery_add_header(delivery, "Content-Encoding: aes128gcm") ||
	    !delivery_add_header(delivery, "Content-Type: application/octet-stream") ||
	    !delivery_add_header(delivery, "Expect:"))
		return false;
	request->headers = delivery->headers;
	delivery->credential = service;
	service->under_way++;
	return true;
}

/*
 * service_of returns the service of a URL, in the place of one that is not in use
 * where it is new; NULL: there is no such place, or the URL is too long.
 */
static struct service *
service_of(struct webpush *webpush, const char *url)
{
	char origin[ORIGIN_BYTES];
	struct service *service;

	/* of "https://host:port/..." what stands before the path */
	if (snprintf(origin, sizeof(origin), "%.*s", (int) (8 + strcspn(url + 8, "/?")), url) >=
	    (int) sizeof(origin))
		return NULL;
	for (int i = 0; i < SERVICES; i++)
		if (strcasecmp(webpush->services[i].origin, origin) == 0)
			return &webpush->services[i];
	for (int i = 0; i < SERVICES; i++)
	{
		service = &webpush->services[webpush->next];
		webpush->next = (webpush->next + 1) % SERVICES;
		if (service->under_way > 0)
			continue;
		free(service->token);
		*service = (struct service){.patience = {.first = 1000, .longest = 60000}};
		memcpy(service->origin, origin, sizeof(origin));
		return service;
	}
	return NULL;
}

static bool
webpush_admits(void *self, const struct delivery *delivery)
{
	struct webpush *webpush = self;
	const struct service *service = service_of(webpush, delivery->address);

	return service != NULL && service->under_way < webpush->share;
}

static int
webpush_rests(void *self, const struct delivery *delivery)
{
	const struct service *service = service_of(self, delivery->address);
	long long wait = service ? service->patience.until - loop_now() : 0;

	return wait > 0 ? (int) (wait / 1000) + 1 : 0;
}

/* token_for returns the token for a service, made anew where it must be. */
static const char *
token_for(struct webpush *webpush, struct service *service)
{
	long long now = time(NULL);

	/* nor one that a clock which was put back has made too long */
	if (service->ends_at < now + TOKEN_LEAST || service->ends_at > now + 2 * TOKEN_LIFETIME)
	{
		free(service->token);
		service->token = make_token(webpush, service->origin, now + TOKEN_LIFETIME);
		service->ends_at = service->token ? now + TOKEN_LIFETIME : 0;
	}
	return service->token;
}

static char *
make_token(struct webpush *webpush, const char *origin, long long ends_at)
{
	json_t *object = json_pack("{s:s, s:I, s:s}", "aud", origin, "exp", (json_int_t) ends_at, "sub",
	                           webpush->subject);
	char *claims = object ? json_dumps(object, JSON_COMPACT) : NULL;
	char *token = claims ? jwt_sign_es256(webpush->key, NULL, claims) : NULL;

	free(claims);
	json_decref(object);
	return token;
}

static void
webpush_judge(void *self, const struct http_answer *answer, const struct delivery *delivery,
              struct classification *result)
{
	struct service *service = (struct service *) delivery->credential;

	(void) self;
	provider_judge(classify_webpush, answer, delivery, result);
	/* one service's certificate says nothing about the others */
	result->stop_seconds = 0;
	if (answer->error == CURLE_OK && answer->status < 500)
	{
		service->failures = 0;
		patience_succeeded(&service->patience);
	}
	else if (++service->failures >= FAILURES && patience_over(&service->patience))
	{
		service->failures = 0;
		patience_failed(&service->patience);
		log_warning("a push service is given a rest", "{s:s, s:I}", "origin", service->origin,
		            "seconds", (json_int_t) (service->patience.wait / 1000));
	}
}

static void
webpush_end(void *self, struct delivery *delivery)
{
	(void) self;
	((struct service *) delivery->credential)->under_way--;
}

const struct provider webpush_provider = {.channel = "webpush",
                                          .wanted = webpush_wanted,
                                          .open = webpush_open,
                                          .close = webpush_close,
                                          .check = webpush_check,
                                          .admits = webpush_admits,
                                          .rests = webpush_rests,
                                          .compose = webpush_compose,
                                          .begin = webpush_begin,
                                          .judge = webpush_judge,
                                          .end = webpush_end};
