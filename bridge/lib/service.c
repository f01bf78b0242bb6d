/*
 * Each message is a datagram to the socket that NOTIFY_SOCKET names; the protocol
 * is promised to stay as it is (sd_notify(3)), so that these few lines spare a
 * library.  Nothing here waits, and nothing that fails here is worth a word: a
 * manager that hears nothing draws its own conclusions.
 */
#include "service.h"

#include "loop.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int channel = -1;
static struct sockaddr_un address;
static socklen_t address_length;
static long long feed_every, fed_at; /* milliseconds; 0: there is no watchdog */

static void read_watchdog(void);
static void tell(const char *message);

/* service_begin finds out whom to tell, and how often the watchdog is to be fed. */
void
service_begin(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, path, length);
	/* one in the abstract namespace: its name begins with NUL, and ends where its length says */
	if (*path == '@')
		address.sun_path[0] = '\0';
	address_length = offsetof(struct sockaddr_un, sun_path) + length;
	read_watchdog();
}

/* read_watchdog takes half of the time after which the manager believes that we hang. */
static void
read_watchdog(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");

	/* another process's, that we have inherited */
	if (time == NULL || (whose != NULL && atoll(whose) != getpid()))
		return;
	feed_every = atoll(time) / 2000;
}

/* service_ready says that the work goes on, for the first time or after a reload. */
void
service_ready(void)
{
	tell("READY=1");
}

/* service_reloading says that settings are being read; service_ready ends it. */
void
service_reloading(void)
{
	char message[80];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%lld",
	         now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	tell(message);
}

/* service_stopping says that we end, and that it may take so long. */
void
service_stopping(int seconds)
{
	char message[100];

	snprintf(message, sizeof(message), "STOPPING=1\nSTATUS=ending\nEXTEND_TIMEOUT_USEC=%lld",
	         seconds * 1000000LL);
	tell(message);
}

/* service_alive feeds the watchdog: called from the loop that does the work, and nowhere else. */
void
service_alive(void)
{
	if (feed_every == 0 || loop_now() < fed_at + feed_every)
		return;
	fed_at = loop_now();
	tell("WATCHDOG=1");
}

/* service_status says in a line how things are; nothing personal, since everybody may read it. */
void
service_status(const char *format, ...)
{
	char message[300] = "STATUS=";
	size_t at = strlen(message);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message + at, sizeof(message) - at, format, arguments);
	va_end(arguments);
	tell(message);
}

static void
tell(const char *message)
{
	if (channel >= 0)
		sendto(channel, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *) &address,
		       address_length);
}
