/* The server: its port, its TLS, and the loop over its connections. */
#include "server.h"

#include "connection.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static struct endpoint endpoint;
static int listener;
static volatile sig_atomic_t ended;

static SSL_CTX *make_tls(const struct server_options *options);
static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                     const unsigned char *in, unsigned int inlen, void *arg);
static int open_listener(int port);
static void accept_all(void);
static void end(int signal);

/* server_open listens on 127.0.0.1 and returns the port, or -1. */
int
server_open(const struct server_options *options, request_handler handler)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	endpoint.streams = options->streams;
	endpoint.prove = options->prove;
	endpoint.tls = make_tls(options);
	listener = endpoint.tls ? open_listener(options->port) : -1;
	if (listener < 0 || getsockname(listener, (struct sockaddr *) &address, &length) != 0)
		return -1;
	request_begin(handler);
	endpoint.epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(endpoint.epoll, EPOLL_CTL_ADD, listener, &event);
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

/* server_run serves until SIGTERM; keep is called before an answer to what was done leaves. */
void
server_run(void (*keep)(void))
{
	struct epoll_event events[64];

	while (!ended)
	{
		int count = epoll_wait(endpoint.epoll, events, 64, request_answer_due());

		for (int i = 0; i < count; i++)
		{
			struct connection *c = events[i].data.ptr;
			bool alive;

			if (c == NULL)
			{
				accept_all();
				continue;
			}
			alive = connection_read(c);
			keep();
			if (!alive || !connection_write(c))
				connection_close(c);
		}
		keep();
	}
}

static void
accept_all(void)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		connection_open(&endpoint, fd);
}
