/*
 * Puts an emulated card into the virtual reader of vsmartcard's vpcd.
 *
 * vpcd listens on TCP, the card connects.  A message is two bytes of length,
 * big-endian, and the payload; one byte from vpcd is control (off, on, reset,
 * ATR), everything else is a command APDU.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "card.h"

#define DEFAULT_PORT 35963 /* slot 0; slot 1 is the next */
#define CONNECT_TRIES 100  /* a tenth of a second each */
#define MESSAGE_MAX 65535

enum
{
	CONTROL_OFF = 0,
	CONTROL_ON = 1,
	CONTROL_RESET = 2,
	CONTROL_ATR = 4
};

static int connect_reader(int port);
static void serve(Card *card, int reader, bool trace);
static bool answer(Card *card, int reader, const uint8_t *message, size_t length, bool trace);
static void trace_exchange(const uint8_t *command, size_t command_length, const uint8_t *response,
                           size_t response_length);
static bool receive_message(int reader, uint8_t *message, size_t *length);
static bool receive_bytes(int reader, uint8_t *bytes, size_t length);
static bool send_message(int reader, const uint8_t *message, size_t length);

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'},
	                                        {"trace", no_argument, NULL, 't'},
	                                        {NULL, 0, NULL, 0}};
	int port = DEFAULT_PORT, option, reader;
	bool trace = false;
	char problem[512];
	Card *card;

	while ((option = getopt_long(argc, argv, "p:t", options, NULL)) != -1)
	{
		if (option == 'p')
			port = atoi(optarg);
		else if (option == 't')
			trace = true;
		else
			return 2;
	}
	if (optind + 1 != argc)
	{
		fprintf(stderr, "usage: emulator [--port PORT] [--trace] CARD_DIRECTORY\n");
		return 2;
	}
	card = card_load(argv[optind], problem, sizeof(problem));
	if (card == NULL)
	{
		fprintf(stderr, "emulator: %s\n", problem);
		return 1;
	}

	/* A card whose test died must not stay in the reader. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	while ((reader = connect_reader(port)) >= 0)
	{
		serve(card, reader, trace);
		close(reader);
		card_reset(card);
	}
	fprintf(stderr, "emulator: no virtual reader listens on port %d\n", port);
	card_free(card);
	return 1;
}

/* connect_reader waits until vpcd listens; -1 when it does not in ten seconds. */
static int
connect_reader(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons((uint16_t) port),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

	for (int i = 0; i < CONNECT_TRIES; i++)
	{
		int reader = socket(AF_INET, SOCK_STREAM, 0);

		if (reader >= 0 && connect(reader, (struct sockaddr *) &address, sizeof(address)) == 0)
			return reader;
		if (reader >= 0)
			close(reader);
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* serve answers until the reader hangs up. */
static void
serve(Card *card, int reader, bool trace)
{
	static uint8_t message[MESSAGE_MAX];
	size_t length;

	while (receive_message(reader, message, &length))
		if (!answer(card, reader, message, length, trace))
			return;
}

static bool
answer(Card *card, int reader, const uint8_t *message, size_t length, bool trace)
{
	uint8_t response[CARD_RESPONSE_MAX];
	size_t response_length;

	if (length == 0)
		return true;
	if (length == 1 && message[0] == CONTROL_ATR)
	{
		const uint8_t *atr = card_atr(&response_length);

		return send_message(reader, atr, response_length);
	}
	if (length == 1)
	{
		if (message[0] == CONTROL_OFF || message[0] == CONTROL_ON || message[0] == CONTROL_RESET)
			card_reset(card);
		return true;
	}
	response_length = card_transmit(card, message, length, response);
	if (trace)
		trace_exchange(message, length, response, response_length);
	return send_message(reader, response, response_length);
}

/* trace_exchange prints command and status; never the data, which may be a PIN. */
static void
trace_exchange(const uint8_t *command, size_t command_length, const uint8_t *response,
               size_t response_length)
{
	bool verify = command_length > 1 && command[1] == 0x20;

	fprintf(stderr, ">");
	for (size_t i = 0; i < command_length && i < (verify ? 5 : 16); i++)
		fprintf(stderr, " %02X", command[i]);
	fprintf(stderr, " (%zu) < (%zu) %02X%02X\n", command_length, response_length - 2,
	        response[response_length - 2], response[response_length - 1]);
}

static bool
receive_message(int reader, uint8_t *message, size_t *length)
{
	uint8_t header[2];

	if (!receive_bytes(reader, header, 2))
		return false;
	*length = (size_t) header[0] << 8 | header[1];
	return receive_bytes(reader, message, *length);
}

static bool
receive_bytes(int reader, uint8_t *bytes, size_t length)
{
	while (length > 0)
	{
		/* vpcd sends length and payload apart; its kernel keeps the second until
		 * the first is acknowledged, which ours would do 40 ms later. */
		int at_once = 1;
		ssize_t got;

		setsockopt(reader, IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof(at_once));
		got = recv(reader, bytes, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		bytes += got;
		length -= (size_t) got;
	}
	return true;
}

/* send_message sends header and payload at once: a response fits any socket buffer. */
static bool
send_message(int reader, const uint8_t *message, size_t length)
{
	uint8_t packet[2 + CARD_RESPONSE_MAX] = {(uint8_t) (length >> 8), (uint8_t) length};
	size_t sent = 0;

	memcpy(packet + 2, message, length);
	while (sent < length + 2)
	{
		ssize_t done = send(reader, packet + sent, length + 2 - sent, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		sent += (size_t) done;
	}
	return true;
}
