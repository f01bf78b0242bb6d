/* Many requests at once over few connections (libcurl's multi interface). */
#ifndef BRIDGE_CURL_H
#define BRIDGE_CURL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* What is read of a body where a request does not say how much it wants */
#define HTTP_BODY 16384

struct http;

/* A mail instead of an HTTP request: the URL is one of smtp: or smtps:, the body the message. */
struct http_mail
{
	const char *from;
	struct curl_slist *to;
	const char *user, *password; /* NULL: no login */
};

struct http_options
{
	const char *ca_file;   /* NULL: the system's */
	const char *protocols; /* as libcurl names them */
	bool public_only;      /* private addresses are refused */
	int connections;       /* to one host */
	int in_flight;         /* requests at a time */
	long timeout;          /* milliseconds a request */
};

struct http_request
{
	const char *url;
	struct curl_slist *headers; /* alive until the answer came, as body */
	const char *body;           /* of a POST; NULL: it is a GET */
	size_t length;
	size_t most;                  /* bytes of an answer's body; 0: HTTP_BODY */
	bool public_only;             /* a private address is refused, whatever the options say */
	const struct http_mail *mail; /* NULL: it is HTTP; alive until the answer came */
	void *context;
};

struct http_answer
{
	void *context;
	CURLcode error;         /* CURLE_OK: there is a status */
	long status;            /* of mail: the server's last reply; the body is the last refusal */
	long long microseconds; /* that it took, waiting for a connection included */
	long retry_after;       /* seconds, 0 if none was asked for */
	bool cut;               /* the body was longer than wanted */
	bool refused;           /* the address is private: nothing was sent */
	const char *body;       /* valid until the next call, as all below */
	size_t length;
	const char *etag, *last_modified; /* headers, NULL if there are none */
};

/* A file descriptor to wait for beside the requests; -1: none. */
struct http_file
{
	int file;
	bool writing; /* it is to be written to, too */
};

extern struct http *http_open(const struct http_options *options);
extern bool http_change(struct http *http, const struct http_options *options);
extern bool http_begin(struct http *http, const struct http_request *request);
extern bool http_next(struct http *http, struct http_answer *answer);
extern char *http_take_body(struct http *http);
extern bool http_turn(struct http *http);
extern void http_wait(struct http *http, const struct http_file *files, int count,
                      int milliseconds);
extern int http_free_slots(const struct http *http);
extern bool http_peer_is_wrong(CURLcode error);
extern void http_close(struct http *http);

#endif
