/*
 * One connection, its TLS and its HTTP/2 session.  Bytes go through memory:
 * epoll says that a socket is ready, SSL_read fills nghttp2, and what nghttp2
 * wants to send is gathered into large TLS records, which is where most of the
 * speed comes from.
 */
#include "connection.h"

#include "request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESETS 1000000

static bool begin_session(struct connection *c);
static bool drain_output(struct connection *c);
static void watch(struct connection *c, int operation);

/* connection_open makes a connection of an accepted socket. */
void
connection_open(const struct endpoint *endpoint, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));
	int yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	c->endpoint = endpoint;
	c->fd = fd;
	c->ssl = SSL_new(endpoint->tls);
	SSL_set_fd(c->ssl, fd);
	SSL_set_accept_state(c->ssl);
	watch(c, EPOLL_CTL_ADD);
}

/* connection_read takes all that has come on a connection; false: it is over. */
bool
connection_read(struct connection *c)
{
	unsigned char input[16384];
	int got = 0;

	if (!c->established)
	{
		int result = SSL_do_handshake(c->ssl);

		if (result != 1)
		{
			int error = SSL_get_error(c->ssl, result);

			ERR_clear_error();
			return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
		}
		c->established = true;
		if (!begin_session(c))
			return false;
	}
	while ((got = SSL_read(c->ssl, input, sizeof(input))) > 0)
		if (nghttp2_session_mem_recv(c->session, input, got) < 0)
			return false;
	got = SSL_get_error(c->ssl, got);
	ERR_clear_error();
	return got == SSL_ERROR_WANT_READ || got == SSL_ERROR_WANT_WRITE;
}

/* connection_write sends all that is to be said on it; false: it is over. */
bool
connection_write(struct connection *c)
{
	return !c->established || (connection_flush(c) && (nghttp2_session_want_read(c->session) ||
	                                                   nghttp2_session_want_write(c->session)));
}

static bool
begin_session(struct connection *c)
{
	nghttp2_option *option = NULL;
	bool good = nghttp2_option_new(&option) == 0;
	nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
	                                      c->endpoint->prove ? 1 : c->endpoint->streams},
	                                     {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};

	/* libcurl 7.88 resets streams that are answered whole, when several are at once; a
	 * thousand such resets look to nghttp2 like an attack, and it ends the connection */
	if (good)
		nghttp2_option_set_stream_reset_rate_limit(option, RESETS, RESETS);
	good = good && nghttp2_session_server_new2(&c->session, request_callbacks(), c, option) == 0 &&
	       nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 2) == 0 &&
	       nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, 1 << 26) == 0;
	nghttp2_option_del(option);
	return good;
}

/* connection_proven allows all streams, as APNs does after a token was found good. */
void
connection_proven(struct connection *c)
{
	nghttp2_settings_entry setting = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
	                                  c->endpoint->streams};

	if (c->proven || !c->endpoint->prove)
		return;
	c->proven = true;
	nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &setting, 1);
}

/* connection_flush writes all that nghttp2 has, as far as the socket takes it. */
bool
connection_flush(struct connection *c)
{
	const uint8_t *data;
	ssize_t length;

	while (true)
	{
		if (!drain_output(c))
			return false;
		if (c->output_length > 0)
			break; /* the socket is full */
		while (c->output_length < OUTPUT / 2 &&
		       (length = nghttp2_session_mem_send(c->session, &data)) > 0)
		{
			/* a frame has at most 16 KiB and its header */
			memcpy(c->output + c->output_length, data, length);
			c->output_length += length;
		}
		if (c->output_length == 0)
			break;
	}
	if (c->wants_write != (c->output_length > 0))
	{
		c->wants_write = c->output_length > 0;
		watch(c, EPOLL_CTL_MOD);
	}
	return true;
}

static bool
drain_output(struct connection *c)
{
	while (c->output_sent < c->output_length)
	{
		int sent = SSL_write(c->ssl, c->output + c->output_sent, c->output_length - c->output_sent);

		if (sent <= 0)
		{
			int error = SSL_get_error(c->ssl, sent);

			ERR_clear_error();
			return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ;
		}
		c->output_sent += sent;
	}
	c->output_sent = c->output_length = 0;
	return true;
}

static void
watch(struct connection *c, int operation)
{
	struct epoll_event event = {.events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0), .data.ptr = c};

	epoll_ctl(c->endpoint->epoll, operation, c->fd, &event);
}

/* connection_close frees a connection and the requests that are left of it. */
void
connection_close(struct connection *c)
{
	while (c->requests != NULL)
		request_free(c->requests);
	nghttp2_session_del(c->session);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}
