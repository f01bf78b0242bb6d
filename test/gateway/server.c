/*
 * Connections, their TLS and their HTTP/2 sessions.  Bytes go through memory:
 * epoll says that a socket is ready, SSL_read fills nghttp2, and what nghttp2
 * wants to send is gathered into large TLS records, which is where most of the
 * speed comes from.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* half of it, and a frame of 16 KiB with its header, fit */
#define OUTPUT 65536

struct connection
{
	int fd;
	SSL *ssl;
	nghttp2_session *session;
	struct request *requests;
	unsigned char output[OUTPUT];
	size_t output_length, output_sent;
	bool established, wants_write;
};

static SSL_CTX *tls;
static nghttp2_session_callbacks *callbacks;
static request_handler handle;
static int listener, epoll, max_streams;
static struct request *later;
static volatile sig_atomic_t ended;

static SSL_CTX *make_tls(const struct server_options *options);
static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                     const unsigned char *in, unsigned int inlen, void *arg);
static int open_listener(int port);
static void make_callbacks(void);
static void accept_all(void);
static bool serve(struct connection *c);
static bool begin_session(struct connection *c);
static bool flush(struct connection *c);
static bool drain_output(struct connection *c);
static void watch(struct connection *c, int operation);
static void close_connection(struct connection *c);
static void free_request(struct request *request);
static int answer_due(void);
static void end(int signal);

/* server_open listens on 127.0.0.1 and returns the port, or -1. */
int
server_open(const struct server_options *options, request_handler handler)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	handle = handler;
	max_streams = options->streams;
	tls = make_tls(options);
	listener = tls ? open_listener(options->port) : -1;
	if (listener < 0 || getsockname(listener, (struct sockaddr *) &address, &length) != 0)
		return -1;
	make_callbacks();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, end);
	signal(SIGINT, end);
	return ntohs(address.sin_port);
}

static void
end(int signal)
{
	(void) signal;
	ended = 1;
}

static SSL_CTX *
make_tls(const struct server_options *options)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL || SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1)
	{
		ERR_print_errors_fp(stderr);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_select_cb(context, choose_h2, NULL);
	return context;
}

static int
choose_h2(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
          unsigned int inlen, void *arg)
{
	(void) ssl;
	(void) arg;
	return nghttp2_select_next_protocol((unsigned char **) out, outlen, in, inlen) == 1
	           ? SSL_TLSEXT_ERR_OK
	           : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int
open_listener(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 ||
	    listen(fd, 128) != 0)
	{
		perror("listen");
		return -1;
	}
	return fd;
}

/* server_run serves until SIGTERM; turn is called whenever something was done. */
void
server_run(void (*turn)(void))
{
	struct epoll_event events[64];

	while (!ended)
	{
		int count = epoll_wait(epoll, events, 64, answer_due());

		for (int i = 0; i < count; i++)
		{
			struct connection *c = events[i].data.ptr;

			if (c == NULL)
				accept_all();
			else if (!serve(c))
				close_connection(c);
		}
		turn();
	}
	turn();
}

static void
accept_all(void)
{
	int fd, yes = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
	{
		struct connection *c = calloc(1, sizeof(*c));

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		c->fd = fd;
		c->ssl = SSL_new(tls);
		SSL_set_fd(c->ssl, fd);
		SSL_set_accept_state(c->ssl);
		watch(c, EPOLL_CTL_ADD);
	}
}

/* serve does all that a connection is ready for; false: it is over. */
static bool
serve(struct connection *c)
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
	if (got != SSL_ERROR_WANT_READ && got != SSL_ERROR_WANT_WRITE)
		return false;
	return flush(c) &&
	       (nghttp2_session_want_read(c->session) || nghttp2_session_want_write(c->session));
}

static bool
begin_session(struct connection *c)
{
	nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams},
	                                     {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};

	return nghttp2_session_server_new(&c->session, callbacks, c) == 0 &&
	       nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 2) == 0 &&
	       nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, 1 << 26) == 0;
}

/* flush writes all that nghttp2 has, as far as the socket takes it. */
static bool
flush(struct connection *c)
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

	epoll_ctl(epoll, operation, c->fd, &event);
}

static void
close_connection(struct connection *c)
{
	while (c->requests != NULL)
		free_request(c->requests);
	nghttp2_session_del(c->session);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static void
free_request(struct request *request)
{
	if (request->previous != NULL)
		request->previous->next = request->next;
	else
		request->connection->requests = request->next;
	if (request->next != NULL)
		request->next->previous = request->previous;
	for (struct request **r = &later; *r != NULL; r = &(*r)->later)
		if (*r == request)
		{
			*r = request->later;
			break;
		}
	free(request->body);
	free(request->answer);
	free(request);
}

/* answer_due answers what is due, and returns the milliseconds until the next is, or -1. */
static int
answer_due(void)
{
	struct timespec now;
	long long time;
	int wait = -1;

	if (later == NULL)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
	for (struct request **r = &later; *r != NULL;)
	{
		struct request *request = *r;

		if (request->due <= time)
		{
			*r = request->later;
			request->later = NULL;
			request_answer(request);
			flush(request->connection);
			continue;
		}
		if (wait < 0 || request->due - time < wait)
			wait = request->due - time;
		r = &request->later;
	}
	return wait;
}

/* request_answer_later answers after a while; it does not hold up others. */
void
request_answer_later(struct request *request, int milliseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	request->due = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + milliseconds;
	request->later = later;
	later = request;
}

/* ---- nghttp2's side ---- */

static ssize_t
read_answer(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t length,
            uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct request *request = source->ptr;
	size_t left = request->answer_length - request->answer_sent;
	size_t bytes = left < length ? left : length;

	(void) session;
	(void) stream;
	(void) context;
	memcpy(buffer, request->answer + request->answer_sent, bytes);
	request->answer_sent += bytes;
	if (request->answer_sent == request->answer_length)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return bytes;
}

#define HEADER(name, value)                                                                        \
	(nghttp2_nv)                                                                                   \
	{                                                                                              \
		(uint8_t *) (name), (uint8_t *) (value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE \
	}

/* request_answer sends the answer that stands in the request. */
void
request_answer(struct request *request)
{
	nghttp2_data_provider provider = {.source.ptr = request, .read_callback = read_answer};
	nghttp2_nv headers[4];
	char status[12], length[24];

	if (request->reset)
	{
		nghttp2_submit_rst_stream(request->connection->session, NGHTTP2_FLAG_NONE, request->stream,
		                          NGHTTP2_INTERNAL_ERROR);
		return;
	}
	snprintf(status, sizeof(status), "%d", request->status);
	headers[0] = HEADER(":status", status);
	headers[1] = HEADER("content-type", "application/json; charset=UTF-8");
	/* libcurl 7.88 resets each stream whose answer has no length; a thousand such resets
	 * look to nghttp2 like an attack */
	snprintf(length, sizeof(length), "%zu", request->answer_length);
	headers[2] = HEADER("content-length", length);
	headers[3] = HEADER("retry-after", request->retry_after);
	nghttp2_submit_response(request->connection->session, request->stream, headers,
	                        request->retry_after[0] ? 4 : 3, &provider);
}

static int
begin_request(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct connection *c = context;
	struct request *request = calloc(1, sizeof(*request));

	request->connection = c;
	request->stream = frame->hd.stream_id;
	request->next = c->requests;
	if (c->requests != NULL)
		c->requests->previous = request;
	c->requests = request;
	return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, request);
}

static int
take_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
            size_t name_length, const uint8_t *value, size_t length, uint8_t flags, void *context)
{
	struct request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	const struct
	{
		const char *name;
		char *place;
		size_t room;
	} known[] = {{":method", request->method, sizeof(request->method)},
	             {":path", request->path, sizeof(request->path)},
	             {"authorization", request->authorization, sizeof(request->authorization)},
	             {"content-type", request->content_type, sizeof(request->content_type)}};

	(void) flags;
	(void) context;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i].name) == name_length && memcmp(known[i].name, name, name_length) == 0 &&
		    length < known[i].room)
			memcpy(known[i].place, value, length);
	return 0;
}

static int
take_body(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
          size_t length, void *context)
{
	struct request *request = nghttp2_session_get_stream_user_data(session, stream);

	(void) flags;
	(void) context;
	if (request == NULL || request->length + length > REQUEST_BODY)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (request->length + length + 1 > request->room)
	{
		request->room = request->length + length + 1024;
		request->body = realloc(request->body, request->room);
	}
	memcpy(request->body + request->length, data, length);
	request->length += length;
	request->body[request->length] = '\0';
	return 0;
}

static int
end_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct request *request;

	(void) context;
	if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (request != NULL)
		handle(request);
	return 0;
}

static int
end_stream(nghttp2_session *session, int32_t stream, uint32_t error, void *context)
{
	struct request *request = nghttp2_session_get_stream_user_data(session, stream);

	(void) error;
	(void) context;
	if (request != NULL)
		free_request(request);
	return 0;
}

static void
make_callbacks(void)
{
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_request);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_body);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, end_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, end_stream);
}
