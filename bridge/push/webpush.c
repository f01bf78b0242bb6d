/*
 * Web Push: each message is encrypted for its subscription (RFC 8291) and sent to
 * the push service whose URL that is, with a token (VAPID, RFC 8292) that is made
 * once for each service and used for half a day.  The URL comes from a browser:
 * addresses of private networks are refused when it is connected to.  Services
 * are strangers to each other (origin.c).
 */
#include "provider.h"

#include "lib/base64url.h"
#include "lib/jwt.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/secret.h"
#include "lib/webpush_crypto.h"
#include "origin.h"
#include "sealer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKEN_LIFETIME 43200  /* seconds; a day at most (RFC 8292) */
#define TOKEN_LEAST 3600      /* that one still has to last */
#define STRANGER_TIMEOUT 5000 /* milliseconds for one that has not answered yet */
#define CROWDED 5             /* seconds until there may be a place for one more origin */
#define HANGING 2000          /* milliseconds without an answer; half of a short timeout */

struct webpush
{
	EVP_PKEY *key;
	char *subject, point[BASE64URL_ROOM(WEBPUSH_POINT)];
	bool allow_private, sealing;
	struct origins origins;
};

static void webpush_close(void *self);
static bool read_receiver(const struct message *message, struct webpush_receiver *receiver);
static char *compose_payload(const struct message *message);
static struct seal *begin_seal(const struct delivery *delivery);
static const char *token_for(struct webpush *webpush, struct origin *origin, const char *url);
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
	webpush->sealing = sealer_open();
	webpush->key = jwt_read_p256_key(content);
	OPENSSL_cleanse(content, strlen(content));
	free(content);
	webpush->subject = strdup(subject);
	webpush->allow_private = config->webpush_allow_private;
	webpush->origins = (struct origins){.in_flight = config->in_flight,
	                                    .connections = config->connections,
	                                    .hanging = config->timeout * 1000 / 2 < HANGING
	                                                   ? config->timeout * 1000 / 2
	                                                   : HANGING};
	if (!webpush->sealing)
		log_error("no thread could be started to encrypt in", NULL);
	else if (webpush->key == NULL || !webpush_point(webpush->key, point))
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

	if (webpush->sealing)
		sealer_close();
	origins_close(&webpush->origins);
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
	char topic[PROVIDER_DIGEST], origin[ORIGIN_BYTES];
	char *text;

	(void) self;
	if (strncmp(message->token, "https://", 8) != 0 || !origin_write(message->token, origin) ||
	    !read_receiver(message, &receiver))
		return false;
	/* a message that has not arrived is replaced by a later one with its collapse key, or by
	 * a second try of itself */
	provider_write_digest(message->collapse_key ? message->collapse_key : delivery->key, topic);
	delivery->route = origin_name(origin);
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

static bool
webpush_begin(void *self, struct delivery *delivery, struct http_request *request)
{
	struct webpush *webpush = self;
	struct origin *origin = origins_find(&webpush->origins, delivery->route);
	const char *token = origin ? token_for(webpush, origin, delivery->address) : NULL;

	delivery->body_length = WEBPUSH_BODY(delivery->length - sizeof(struct webpush_receiver));
	delivery->body = seal_take(delivery->seal);
	delivery->seal = NULL;
	request->url = delivery->address;
	request->public_only = !webpush->allow_private;
	/* who may never answer does not keep others out for long */
	request->timeout = origin != NULL && !origin->answers ? STRANGER_TIMEOUT : 0;
	request->body = delivery->body;
	request->length = delivery->body_length;
	if (token == NULL || delivery->body == NULL ||
	    !delivery_add_header(delivery, "Authorization: vapid t=%s, k=%s", token, webpush->point) ||
	    !delivery_add_header(delivery, "TTL: %d", delivery_ttl(delivery)) ||
	    !delivery_add_header(delivery, "Urgency: %s", delivery->urgent ? "high" : "normal") ||
	    !delivery_add_header(delivery, "Topic: %s", delivery->collapse) ||
	    !delivery_add_header(delivery, "Content-Encoding: aes128gcm") ||
	    !delivery_add_header(delivery, "Content-Type: application/octet-stream") ||
	    !delivery_add_header(delivery, "Expect:"))
		return false;
	request->headers = delivery->headers;
	delivery->credential = origin;
	origins_begin(&webpush->origins, origin);
	return true;
}

/*
 * webpush_admits has a message encrypted before its turn comes, except for an origin
 * that may never answer.
 */
static bool
webpush_admits(void *self, struct delivery *delivery)
{
	struct webpush *webpush = self;
	const struct origin *origin = origins_find(&webpush->origins, delivery->route);
	bool admitted = origin != NULL && origins_admit(&webpush->origins, origin, delivery->urgent);

	if (delivery->seal == NULL && origin != NULL && (admitted || origin->answers))
		delivery->seal = begin_seal(delivery);
	return admitted && delivery->seal != NULL && seal_is_done(delivery->seal);
}

static struct seal *
begin_seal(const struct delivery *delivery)
{
	struct webpush_receiver receiver;

	memcpy(&receiver, delivery->payload, sizeof(receiver));
	return seal_begin(&receiver, delivery->payload + sizeof(receiver),
	                  delivery->length - sizeof(receiver));
}

static int
webpush_rests(void *self, const struct delivery *delivery)
{
	struct webpush *webpush = self;
	struct origin *origin = origins_find(&webpush->origins, delivery->route);

	/* as many as there is place for are in use: later */
	return origin != NULL ? origins_rest(&webpush->origins, origin) : CROWDED;
}

/* token_for returns the token for an origin, made anew where it must be. */
static const char *
token_for(struct webpush *webpush, struct origin *origin, const char *url)
{
	long long now = time(NULL);
	char text[ORIGIN_BYTES];

	/* nor one that a clock which was put back has made too long */
	if (origin->token_ends_at < now + TOKEN_LEAST ||
	    origin->token_ends_at > now + 2 * TOKEN_LIFETIME)
	{
		free(origin->token);
		origin->token =
		    origin_write(url, text) ? make_token(webpush, text, now + TOKEN_LIFETIME) : NULL;
		origin->token_ends_at = origin->token ? now + TOKEN_LIFETIME : 0;
	}
	return origin->token;
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
	(void) self;
	provider_judge(classify_webpush, answer, delivery, result);
	/* one service's certificate says nothing about the others */
	result->stop_seconds = 0;
	origins_hear((struct origin *) delivery->credential, answer);
}

static void
webpush_end(void *self, struct delivery *delivery)
{
	origins_end(&((struct webpush *) self)->origins, (struct origin *) delivery->credential);
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
