/* Connections of the server; what they share is the endpoint. */
#ifndef GATEWAY_CONNECTION_H
#define GATEWAY_CONNECTION_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

/* half of it, and a frame of 16 KiB with its header, fit */
#define OUTPUT 65536

struct endpoint
{
	SSL_CTX *tls;
	int epoll, streams; /* streams: at a time on one connection */
	bool prove;         /* one at a time until connection_proven() */
};

struct connection
{
	const struct endpoint *endpoint;
	int fd;
	SSL *ssl;
	nghttp2_session *session;
	struct request *requests;
	unsigned char output[OUTPUT];
	size_t output_length, output_sent;
	bool established, wants_write, proven;
};

extern void connection_open(const struct endpoint *endpoint, int fd);
extern bool connection_read(struct connection *c);
extern bool connection_write(struct connection *c);
extern bool connection_flush(struct connection *c);
extern void connection_proven(struct connection *c);
extern void connection_close(struct connection *c);

#endif
