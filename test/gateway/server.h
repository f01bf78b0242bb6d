/* A small HTTP/2 server over TLS: one thread, epoll, nghttp2. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "request.h"

struct server_options
{
	const char *certificate, *key;
	int port;    /* 0: any */
	int streams; /* at a time on one connection */
	bool prove;  /* but one until a request has proven who sends */
};

extern int server_open(const struct server_options *options, request_handler handler);
extern void server_run(void (*keep)(void));

#endif
