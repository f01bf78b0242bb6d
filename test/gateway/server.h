/* A small HTTP/2 server over TLS: one thread, epoll, nghttp2. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_BODY 65536

/* One request, complete.  The answer is given with request_answer(), now or later. */
struct request
{
	struct connection *connection;
	struct request *next, *previous; /* of its connection */
	struct request *later;           /* of those that are answered later */
	long long due;                   /* when that is, in milliseconds */
	int32_t stream;
	char method[8], path[256], authorization[4096], content_type[64];
	char *body;
	size_t length, room;
	/* the answer */
	int status;
	char retry_after[40];
	char *answer;
	size_t answer_length, answer_sent;
	bool reset;
};

struct server_options
{
	const char *certificate, *key;
	int port;    /* 0: any */
	int streams; /* at a time on one connection */
};

typedef void (*request_handler)(struct request *request);

extern int server_open(const struct server_options *options, request_handler handler);
extern void server_run(void (*turn)(void));
extern void request_answer(struct request *request);
extern void request_answer_later(struct request *request, int milliseconds);

#endif
