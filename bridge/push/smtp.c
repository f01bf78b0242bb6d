/*
 * Mail, for who has neither app nor LINE, by the municipality's own relay, over
 * TLS (RFC 8314) or not at all.  The Message-ID is the delivery's key: a second
 * copy of a mail can be told from another mail.
 */
#include "provider.h"

#include "lib/log.h"
#include "lib/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE 76       /* characters of base64 in a line */
#define WORD_BYTES 45 /* of a text in one encoded word: 60 characters of base64 */
#define HEADER_BYTES 2048

struct smtp
{
	char *url, *from, *user, *password;
	const char *domain; /* of the sender's address */
};

static void smtp_close(void *self);
static void smtp_end(void *self, struct delivery *delivery);
static bool read_password(struct smtp *smtp, const struct config *config);
static bool is_address(const char *text);
static size_t encode_subject(char *to, const char *text);
static size_t encode_body(char *to, const char *text);
static char *compose_mail(const struct smtp *smtp, const struct message *message,
                          const struct delivery *delivery);

static bool
smtp_wanted(const struct config *config)
{
	return config->smtp_url != NULL;
}

/* smtp_open reads the settings of the relay; NULL after logging what is wrong with them. */
static void *
smtp_open(const struct config *config)
{
	struct smtp *smtp = calloc(1, sizeof(*smtp));

	if (smtp == NULL)
		return NULL;
	smtp->url = strdup(config->smtp_url);
	smtp->from = strdup(config->smtp_from ? config->smtp_from : "");
	smtp->user = config->smtp_user ? strdup(config->smtp_user) : NULL;
	if (strncmp(smtp->url, "smtp://", 7) != 0 && strncmp(smtp->url, "smtps://", 8) != 0)
		log_error("smtp.url begins with smtp:// (and STARTTLS) or smtps://", NULL);
	else if (!is_address(smtp->from))
		log_error("smtp.from is needed: the address that mail comes from", NULL);
	else if ((smtp->user == NULL) != (config->smtp_password_file == NULL))
		log_error("smtp.user and smtp.password_file come together or not at all", NULL);
	else if (read_password(smtp, config))
	{
		smtp->domain = strchr(smtp->from, '@') + 1;
		return smtp;
	}
	smtp_close(smtp);
	return NULL;
}

static bool
read_password(struct smtp *smtp, const struct config *config)
{
	if (config->smtp_password_file == NULL)
		return true;
	smtp->password = secret_read(config->smtp_password_file);
	if (smtp->password != NULL)
		smtp->password[strcspn(smtp->password, "\r\n")] = '\0';
	return smtp->password != NULL;
}

/* is_address tells whether a text may stand in a header and an envelope as an address. */
static bool
is_address(const char *text)
{
	const char *at = strchr(text, '@');

	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("<>,;:\"\\()[]", *c) != NULL)
			return false;
	return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	       strlen(text) <= 254;
}

static void
smtp_close(void *self)
{
	struct smtp *smtp = self;

	if (smtp->password != NULL)
		OPENSSL_cleanse(smtp->password, strlen(smtp->password));
	free(smtp->url);
	free(smtp->from);
	free(smtp->user);
	free(smtp->password);
	free(smtp);
}

static bool
smtp_check(void *self)
{
	struct smtp *smtp = self;

	log_info("would use", "{s:s, s:s, s:s, s:b}", "channel", "smtp", "url", smtp->url, "from",
	         smtp->from, "login", smtp->user != NULL);
	return true;
}

static bool
smtp_compose(void *self, const struct message *message, struct delivery *delivery)
{
	if (!is_address(message->token))
		return false;
	delivery->address = strdup(message->token);
	delivery->payload = delivery->address ? compose_mail(self, message, delivery) : NULL;
	delivery->length = delivery->payload ? strlen(delivery->payload) : 0;
	return delivery->payload != NULL;
}

/* compose_mail writes the whole message (RFC 5322): everything in it is ASCII. */
static char *
compose_mail(const struct smtp *smtp, const struct message *message,
             const struct delivery *delivery)
{
	size_t room = HEADER_BYTES + strlen(message->title) * 3 + strlen(message->body) * 2;
	char *mail = malloc(room), date[64];
	time_t now = time(NULL);
	struct tm utc;
	size_t at;

	if (mail == NULL)
		return NULL;
	gmtime_r(&now, &utc);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &utc);
	at = snprintf(mail, HEADER_BYTES,
	              "Date: %s\r\nFrom: <%s>\r\nTo: <%s>\r\nMessage-ID: <%s@%s>\r\n"
	              "Auto-Submitted: auto-generated\r\n%sMIME-Version: 1.0\r\n"
	              "Content-Type: text/plain; charset=UTF-8\r\n"
	              "Content-Transfer-Encoding: base64\r\nSubject:",
	              date, smtp->from, delivery->address, delivery->key, smtp->domain,
	              delivery->urgent ? "Importance: high\r\n" : "");
	at += encode_subject(mail + at, message->title);
	at += snprintf(mail + at, room - at, "\r\n\r\n");
	encode_body(mail + at, message->body);
	return mail;
}

/* encode_subject writes a text as encoded words (RFC 2047), none of which splits a character. */
static size_t
encode_subject(char *to, const char *text)
{
	size_t at = 0, left = strlen(text);

	while (left > 0)
	{
		size_t bytes = left < WORD_BYTES ? left : WORD_BYTES;

		while (bytes < left && bytes > 1 && ((unsigned char) text[bytes] & 0xc0) == 0x80)
			bytes--;
		at += sprintf(to + at, "%s =?UTF-8?B?", at > 0 ? "\r\n" : "");
		at += EVP_EncodeBlock((unsigned char *) to + at, (const unsigned char *) text, bytes);
		at += sprintf(to + at, "?=");
		text += bytes;
		left -= bytes;
	}
	return at;
}

/* encode_body writes a text as lines of base64. */
static size_t
encode_body(char *to, const char *text)
{
	size_t at = 0;

	for (size_t left = strlen(text), bytes; left > 0; left -= bytes, text += bytes)
	{
		bytes = left < LINE / 4 * 3 ? left : LINE / 4 * 3;
		at += EVP_EncodeBlock((unsigned char *) to + at, (const unsigned char *) text, bytes);
		at += sprintf(to + at, "\r\n");
	}
	return at;
}

static bool
smtp_begin(void *self, struct delivery *delivery, struct http_request *request)
{
	struct smtp *smtp = self;
	struct http_mail *envelope = calloc(1, sizeof(*envelope));
	char recipient[300];

	if (envelope == NULL)
		return false;
	snprintf(recipient, sizeof(recipient), "<%s>", delivery->address);
	*envelope = (struct http_mail){.from = smtp->from,
	                               .to = curl_slist_append(NULL, recipient),
	                               .user = smtp->user,
	                               .password = smtp->password};
	delivery->credential = envelope;
	request->url = smtp->url;
	request->mail = envelope;
	request->body = delivery->payload;
	request->length = delivery->length;
	if (envelope->to != NULL)
		return true;
	smtp_end(self, delivery);
	return false;
}

static void
smtp_judge(void *self, const struct http_answer *answer, const struct delivery *delivery,
           struct classification *result)
{
	struct http_answer said = *answer;

	(void) self;
	/* libcurl calls every refusal an error; what the server said is what counts */
	if (said.status >= 400 && !http_peer_is_wrong(said.error))
		said.error = CURLE_OK;
	provider_judge(classify_smtp, &said, delivery, result);
	/* a relay without TLS, or whose login fails without a word */
	if (said.error == CURLE_USE_SSL_FAILED || said.error == CURLE_LOGIN_DENIED)
		*result =
		    (struct classification){.verdict = VERDICT_RETRY,
		                            .detail = said.error == CURLE_LOGIN_DENIED ? "login_denied"
		                                                                       : "no_tls",
		                            .alarm = true,
		                            .retry_seconds = 1,
		                            .stop_seconds = 300};
}

static void
smtp_end(void *self, struct delivery *delivery)
{
	struct http_mail *envelope = (struct http_mail *) delivery->credential;

	(void) self;
	curl_slist_free_all(envelope->to);
	free(envelope);
	delivery->credential = NULL;
}

const struct provider smtp_provider = {.channel = "smtp",
                                       .wanted = smtp_wanted,
                                       .open = smtp_open,
                                       .close = smtp_close,
                                       .check = smtp_check,
                                       .compose = smtp_compose,
                                       .begin = smtp_begin,
                                       .judge = smtp_judge,
                                       .end = smtp_end};
