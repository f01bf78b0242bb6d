/* Many HTTP/2 requests at once over few connections (libcurl's multi interface). */
#ifndef BRIDGE_CURL_H
#define BRIDGE_CURL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* What is kept of a body; an answer that is longer is no answer of a provider */
#define HTTP_BODY 16384

struct http;

struct http_options
{
	const char *ca_file; /* NULL: the system's */
	int connections;     /* to one host */
	int in_flight;       /* requests at a time */
	long timeout;        /* milliseconds a request */
};

struct http_request
{
	const char *url;
	struct curl_slist *headers; /* alive until the answer came, as body */
	const char *body;
	size_t length;
	void *context;
};

struct http_answer
{
	void *context;
	CURLcode error; /* CURLE_OK: there is a status */
	long status;
	long retry_after; /* seconds, 0 if none was asked for */
	const char *body; /* valid until the next call */
	size_t length;
};

extern struct http *http_open(const struct http_options *options);
extern bool http_post(struct http *http, const struct http_request *request);
extern bool http_next(struct http *http, struct http_answer *answer);
extern bool http_turn(struct http *http);
extern void http_wait(struct http *http, const int *readable, int count, int milliseconds);
extern int http_free_slots(const struct http *http);
extern bool http_peer_is_wrong(CURLcode error);
extern void http_close(struct http *http);

#endif
