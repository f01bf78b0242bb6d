/*
 * LINE's Messaging API.  One message to many goes by multicast, 500 at a time; a
 * retry key has a request that is sent twice taken once.  The key of a multicast
 * is made of those it carries, so that only the very same request has it again:
 * such a one is therefore repeated whole (sender.c), and split up only where LINE
 * refuses it.
 */
#include "provider.h"

#include "lib/log.h"
#include "lib/secret.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MULTICAST 500
#define TOKEN_BYTES 2000

struct line
{
	char *token, *push_url, *multicast_url;
};

static void line_close(void *self);
static bool read_token(struct line *line, char *content);
static json_t *compose_request(const struct delivery *delivery);
static void group_key(const struct delivery *delivery, char key[DELIVERY_KEY]);

static bool
line_wanted(const struct config *config)
{
	return config->line_token_file != NULL;
}

/* line_open reads the channel access token; NULL after logging what is wrong with it. */
static void *
line_open(const struct config *config)
{
	struct line *line = calloc(1, sizeof(*line));
	char *content = secret_read(config->line_token_file);
	bool good = line != NULL && content != NULL;

	if (good && !(good = read_token(line, content)))
		log_error("the access token of LINE is not good", "{s:s, s:s}", "file",
		          config->line_token_file, "hint",
		          "It is one line: a channel access token of the Messaging API.");
	if (content != NULL)
		OPENSSL_cleanse(content, strlen(content));
	free(content);
	if (good && asprintf(&line->push_url, "%s/v2/bot/message/push", config->line_endpoint) > 0 &&
	    asprintf(&line->multicast_url, "%s/v2/bot/message/multicast", config->line_endpoint) > 0)
		return line;
	if (line != NULL)
		line_close(line);
	return NULL;
}

/* read_token takes the file's one line: nothing that would begin a header of its own. */
static bool
read_token(struct line *line, char *content)
{
	size_t length = strcspn(content, "\r\n");

	if (content[length + strspn(content + length, "\r\n")] != '\0')
		return false;
	content[length] = '\0';
	for (const char *c = content; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	line->token = length > 0 && length <= TOKEN_BYTES ? strdup(content) : NULL;
	return line->token != NULL;
}

static void
line_close(void *self)
{
	struct line *line = self;

	if (line->token != NULL)
		OPENSSL_cleanse(line->token, strlen(line->token));
	free(line->token);
	free(line->push_url);
	free(line->multicast_url);
	free(line);
}

static bool
line_check(void *self)
{
	struct line *line = self;

	log_info("would use", "{s:s, s:s, s:s}", "channel", "line", "url", line->push_url,
	         "multicast_url", line->multicast_url);
	return true;
}

/* line_compose makes the text, which is the same for all who read one language. */
static bool
line_compose(void *self, const struct message *message, struct delivery *delivery)
{
	(void) self;
	delivery->address = strdup(message->token);
	if (asprintf(&delivery->payload, "%s\n%s", message->title, message->body) < 0)
		delivery->payload = NULL;
	delivery->length = delivery->payload ? strlen(delivery->payload) : 0;
	return delivery->address != NULL && delivery->payload != NULL;
}

/* line_joins tells whether two go by one multicast: one message at its first try. */
static bool
line_joins(const struct delivery *first, const struct delivery *other)
{
	return first->attempt == 1 && other->attempt == 1 && !first->alone && !other->alone &&
	       first->notification_id == other->notification_id &&
	       strcmp(first->payload, other->payload) == 0;
}

static bool
line_begin(void *self, struct delivery *delivery, struct http_request *request)
{
	struct line *line = self;
	json_t *root = compose_request(delivery);
	char key[DELIVERY_KEY];

	group_key(delivery, key);
	delivery->body = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	request->url = delivery->with != NULL ? line->multicast_url : line->push_url;
	request->body = delivery->body;
	request->length = delivery->body ? strlen(delivery->body) : 0;
	return delivery->body != NULL &&
	       delivery_add_header(delivery, "Authorization: Bearer %s", line->token) &&
	       delivery_add_header(delivery, "X-Line-Retry-Key: %s", key) &&
	       delivery_add_header(delivery, "Content-Type: application/json") &&
	       delivery_add_header(delivery, "Expect:") &&
	       (request->headers = delivery->headers) != NULL;
}

/* compose_request makes the body: one user id, or a list of them. */
static json_t *
compose_request(const struct delivery *delivery)
{
	json_t *to;

	if (delivery->with == NULL)
		to = json_string(delivery->address);
	else
	{
		to = json_array();
		for (const struct delivery *d = delivery; d != NULL; d = d->with)
			json_array_append_new(to, json_string(d->address));
	}
	return json_pack("{s:o, s:[{s:s, s:s}]}", "to", to, "messages", "type", "text", "text",
	                 delivery->payload);
}

/* group_key is the delivery's key, or one that no other group of deliveries has. */
static void
group_key(const struct delivery *delivery, char key[DELIVERY_KEY])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	if (delivery->with == NULL)
	{
		memcpy(key, delivery->key, DELIVERY_KEY);
		return;
	}
	memset(digest, 0, sizeof(digest));
	for (const struct delivery *d = delivery; d != NULL; d = d->with)
	{
		unsigned char both[SHA256_DIGEST_LENGTH + DELIVERY_KEY];

		memcpy(both, digest, sizeof(digest));
		memcpy(both + sizeof(digest), d->key, DELIVERY_KEY);
		SHA256(both, sizeof(both), digest);
	}
	delivery_write_key(digest, key);
}

static void
line_judge(void *self, const struct http_answer *answer, const struct delivery *delivery,
           struct classification *result)
{
	(void) self;
	provider_judge(classify_line, answer, delivery, result);
}

const struct provider line_provider = {.channel = "line",
                                       .wanted = line_wanted,
                                       .open = line_open,
                                       .close = line_close,
                                       .check = line_check,
                                       .compose = line_compose,
                                       .joins = line_joins,
                                       .most = MULTICAST,
                                       .begin = line_begin,
                                       .judge = line_judge};
