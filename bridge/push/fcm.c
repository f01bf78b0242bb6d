/*
 * Firebase Cloud Messaging, HTTP v1.  The access token: a JWT signed by the
 * service account is exchanged for it (RFC 7523), ahead of its end, by one
 * request at a time, beside the sending.
 */
#include "provider.h"

#include "lib/jwt.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKEN_SCOPE "https://www.googleapis.com/auth/firebase.messaging"
#define TOKEN_GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
#define TOKEN_LIFETIME 3600 /* of our JWT: the longest that is taken */
#define TOKEN_AHEAD 300000  /* milliseconds before its end that a token is renewed */
#define TOKEN_MARGIN 10000  /* milliseconds before its end that it is no longer used */
#define TOKEN_BYTES 8192

/* The headers with one access token, kept while requests with it are under way. */
struct credential
{
	struct curl_slist *headers;
	int users;
};

struct fcm
{
	EVP_PKEY *key;
	char *email, *key_id, *token_uri, *project, *url;
	struct curl_slist *form_headers;
	struct credential *credential;
	long long renew_at, ends_at; /* of the credential, by loop_now() */
	bool asking, refused;
	char *form; /* of the request under way */
	struct patience patience;
};

static bool read_account(struct fcm *fcm, const char *content);
static char *copy_text(json_t *account, const char *key);
static char *grant_form(struct fcm *fcm);
static bool take_token(struct fcm *fcm, const struct http_answer *answer);
static struct credential *new_credential(const char *token);
static void release(struct credential *credential);
static void fcm_close(void *self);

static bool
fcm_wanted(const struct config *config)
{
	return config->fcm_service_account != NULL;
}

/* fcm_open reads the service account; NULL after logging what is wrong with it. */
static void *
fcm_open(const struct config *config)
{
	struct fcm *fcm = calloc(1, sizeof(*fcm));
	char *content = secret_read(config->fcm_service_account);
	bool good = fcm != NULL && content != NULL;

	if (good && !(good = read_account(fcm, content)))
		log_error("the service account is not good", "{s:s, s:s}", "file",
		          config->fcm_service_account, "hint",
		          "It is the JSON file of a Google service account, with an RSA key and https.");
	if (content != NULL)
		OPENSSL_cleanse(content, strlen(content));
	free(content);
	if (good)
	{
		size_t room = strlen(config->fcm_endpoint) + strlen(fcm->project) + 40;

		fcm->url = malloc(room);
		snprintf(fcm->url, room, "%s/v1/projects/%s/messages:send", config->fcm_endpoint,
		         fcm->project);
		fcm->form_headers = curl_slist_append(NULL, "Expect:");
		fcm->patience = (struct patience){.first = 1000, .longest = 60000};
		return fcm;
	}
	if (fcm != NULL)
		fcm_close(fcm);
	return NULL;
}

/* read_account takes what we need from the service account's JSON. */
static bool
read_account(struct fcm *fcm, const char *content)
{
	json_t *account = json_loads(content, 0, NULL);
	const char *type = json_string_value(json_object_get(account, "type"));
	const char *pem = json_string_value(json_object_get(account, "private_key"));

	fcm->email = copy_text(account, "client_email");
	fcm->key_id = copy_text(account, "private_key_id");
	fcm->token_uri = copy_text(account, "token_uri");
	fcm->project = copy_text(account, "project_id");
	fcm->key = pem ? jwt_read_key(pem) : NULL;
	if (pem != NULL)
		OPENSSL_cleanse((char *) pem, strlen(pem));
	json_decref(account);
	return type != NULL && fcm->key != NULL && fcm->email != NULL && fcm->token_uri != NULL &&
	       strncmp(fcm->token_uri, "https://", 8) == 0 && provider_is_plain(fcm->project) &&
	       (fcm->key_id == NULL || provider_is_plain(fcm->key_id));
}

static char *
copy_text(json_t *account, const char *key)
{
	const char *text = json_string_value(json_object_get(account, key));

	return text ? strdup(text) : NULL;
}

/* fcm_check tells whether our key can sign at all. */
static bool
fcm_check(void *self)
{
	struct fcm *fcm = self;
	char *form = grant_form(fcm);

	log_info("would use", "{s:s, s:s, s:s}", "channel", "fcm", "project", fcm->project, "url",
	         fcm->url);
	free(form);
	return form != NULL;
}

/* fcm_turn asks for a new access token when that is due and nobody is asking. */
static void
fcm_turn(void *self, struct http *http)
{
	struct fcm *fcm = self;
	struct http_request request = {.url = fcm->token_uri, .headers = fcm->form_headers};

	if (fcm->asking || loop_now() < fcm->renew_at || !patience_over(&fcm->patience) ||
	    http_free_slots(http) == 0)
		return;
	free(fcm->form);
	fcm->form = grant_form(fcm);
	request.body = fcm->form;
	request.length = fcm->form ? strlen(fcm->form) : 0;
	request.context = fcm;
	fcm->asking = fcm->form != NULL && http_begin(http, &request);
	if (!fcm->asking)
		patience_failed(&fcm->patience);
}

/* grant_form returns the body of a request for an access token. */
static char *
grant_form(struct fcm *fcm)
{
	long long now = time(NULL);
	json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", fcm->email, "scope", TOKEN_SCOPE,
	                           "aud", fcm->token_uri, "iat", (json_int_t) now, "exp",
	                           (json_int_t) now + TOKEN_LIFETIME);
	char *claims = object ? json_dumps(object, JSON_COMPACT) : NULL;
	char *assertion = claims ? jwt_sign_rs256(fcm->key, fcm->key_id, claims) : NULL;
	size_t room = assertion ? strlen(assertion) + sizeof(TOKEN_GRANT) : 0;
	char *form = assertion ? malloc(room) : NULL;

	if (form != NULL)
		snprintf(form, room, "%s%s", TOKEN_GRANT, assertion);
	free(assertion);
	free(claims);
	json_decref(object);
	return form;
}

/* fcm_take_answer takes the answer to a request for an access token. */
static void
fcm_take_answer(void *self, const struct http_answer *answer)
{
	struct fcm *fcm = self;

	fcm->asking = false;
	fcm->refused = false;
	if (answer->error == CURLE_OK && answer->status == 200 && take_token(fcm, answer))
	{
		patience_succeeded(&fcm->patience);
		return;
	}
	patience_failed(&fcm->patience);
	fcm->refused = true;
	if (answer->error != CURLE_OK)
		log_error("could not get an access token", "{s:s, s:s}", "reason",
		          curl_easy_strerror(answer->error), "hint",
		          http_peer_is_wrong(answer->error)
		              ? "The server's certificate is not trusted: check ca_file and the host."
		              : "Is the provider reachable?");
	else
		log_error("no access token was given", "{s:i, s:s}", "status", (int) answer->status, "hint",
		          "Is the service account still valid, and the clock right?");
}

/* take_token makes the token of an answer the one to use. */
static bool
take_token(struct fcm *fcm, const struct http_answer *answer)
{
	json_t *root = json_loadb(answer->body, answer->length, 0, NULL);
	const char *token = json_string_value(json_object_get(root, "access_token"));
	json_int_t lifetime = json_integer_value(json_object_get(root, "expires_in"));
	struct credential *fresh = token ? new_credential(token) : NULL;

	json_decref(root);
	if (fresh == NULL || lifetime <= TOKEN_MARGIN / 1000 || lifetime > 86400)
	{
		release(fresh);
		return false;
	}
	lifetime *= 1000;
	release(fcm->credential);
	fcm->credential = fresh;
	fcm->ends_at = loop_now() + lifetime - TOKEN_MARGIN;
	fcm->renew_at =
	    loop_now() + (lifetime > 2 * TOKEN_AHEAD ? lifetime - TOKEN_AHEAD : lifetime / 2);
	return true;
}

/* new_credential makes the headers with a token, in use once. */
static struct credential *
new_credential(const char *token)
{
	static const char prefix[] = "Authorization: Bearer ";
	struct credential *made;
	char header[sizeof(prefix) + TOKEN_BYTES];

	if (*token == '\0' || strlen(token) > TOKEN_BYTES)
		return NULL;
	/* nothing but visible characters: a line feed would begin a header of its own */
	for (const char *c = token; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return NULL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return NULL;
	snprintf(header, sizeof(header), "%s%s", prefix, token);
	made->headers = curl_slist_append(NULL, header);
	made->headers =
	    curl_slist_append(made->headers, "Content-Type: application/json; charset=UTF-8");
	made->headers = curl_slist_append(made->headers, "Expect:");
	made->users = 1;
	OPENSSL_cleanse(header, sizeof(header));
	return made;
}

/* fcm_asking tells whether a request for an access token is under way. */
static bool
fcm_asking(const void *self)
{
	return ((const struct fcm *) self)->asking;
}

/* fcm_ready tells whether there is an access token to send with. */
static bool
fcm_ready(const void *self)
{
	const struct fcm *fcm = self;

	return fcm->credential != NULL && loop_now() < fcm->ends_at;
}

/* fcm_refused tells whether the last request for an access token failed. */
static bool
fcm_refused(const void *self)
{
	return ((const struct fcm *) self)->refused;
}

static void
release(struct credential *credential)
{
	if (credential == NULL || --credential->users > 0)
		return;
	for (struct curl_slist *h = credential->headers; h != NULL; h = h->next)
		OPENSSL_cleanse(h->data, strlen(h->data));
	curl_slist_free_all(credential->headers);
	free(credential);
}

/*
 * fcm_compose makes the request's JSON.  The tag has a duplicate replace its twin
 * on the screen instead of ringing beside it; a collapse key for each delivery
 * would not do, since FCM keeps only four of them for a device.
 */
static bool
fcm_compose(void *self, const struct message *message, struct delivery *delivery)
{
	char ttl[16], tag[32];
	json_t *root;

	(void) self;
	snprintf(ttl, sizeof(ttl), "%ds", message->ttl);
	snprintf(tag, sizeof(tag), "n%s", message->notification_id);
	root = json_pack("{s:{s:s, s:{s:s, s:s}, s:o, s:{s:s, s:s, s:s*, s:{s:s}}}}", "message",
	                 "token", message->token, "notification", "title", message->title, "body",
	                 message->body, "data", provider_data(message), "android", "priority",
	                 strcmp(message->priority, "high") == 0 ? "high" : "normal", "ttl", ttl,
	                 "collapse_key", message->collapse_key, "notification", "tag",
	                 message->collapse_key ? message->collapse_key : tag);
	delivery->payload = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	delivery->length = delivery->payload ? strlen(delivery->payload) : 0;
	return delivery->payload != NULL;
}

static bool
fcm_begin(void *self, struct delivery *delivery, struct http_request *request)
{
	struct fcm *fcm = self;

	fcm->credential->users++;
	delivery->credential = fcm->credential;
	request->url = fcm->url;
	request->headers = fcm->credential->headers;
	request->body = delivery->payload;
	request->length = delivery->length;
	return true;
}

static void
fcm_judge(void *self, const struct http_answer *answer, const struct delivery *delivery,
          struct classification *result)
{
	struct fcm *fcm = self;

	provider_judge(classify_fcm, answer, delivery, result);
	/* another answer may have said so before, and a newer token be in use */
	if (result->stale_token && fcm->credential == delivery->credential)
		fcm->ends_at = fcm->renew_at = 0;
}

static void
fcm_end(void *self, struct delivery *delivery)
{
	(void) self;
	release((struct credential *) delivery->credential);
}

static void
fcm_close(void *self)
{
	struct fcm *fcm = self;

	release(fcm->credential);
	curl_slist_free_all(fcm->form_headers);
	EVP_PKEY_free(fcm->key);
	free(fcm->email);
	free(fcm->key_id);
	free(fcm->token_uri);
	free(fcm->project);
	free(fcm->url);
	free(fcm->form);
	free(fcm);
}

const struct provider fcm_provider = {.channel = "fcm",
                                      .wanted = fcm_wanted,
                                      .open = fcm_open,
                                      .close = fcm_close,
                                      .check = fcm_check,
                                      .turn = fcm_turn,
                                      .take_answer = fcm_take_answer,
                                      .asking = fcm_asking,
                                      .ready = fcm_ready,
                                      .refused = fcm_refused,
                                      .compose = fcm_compose,
                                      .begin = fcm_begin,
                                      .judge = fcm_judge,
                                      .end = fcm_end};
