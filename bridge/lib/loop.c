/* Signals come through a file descriptor (signalfd), so that a poll wakes up for them. */
#include "loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static int signal_fd = -1;
static bool ending = false;

/* loop_begin takes SIGTERM and SIGINT over; the descriptor it returns is readable when one came. */
int
loop_begin(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal_fd = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
	return signal_fd;
}

/* loop_ending tells whether somebody asked us to end. */
bool
loop_ending(void)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
		ending = true;
	return ending;
}

/* loop_now returns milliseconds that no change of the wall clock touches. */
long long
loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* patience_failed doubles the wait, and varies it: many that failed together part. */
void
patience_failed(struct patience *patience)
{
	patience->wait = patience->wait == 0 ? patience->first : patience->wait * 2;
	if (patience->wait > patience->longest)
		patience->wait = patience->longest;
	patience->until = loop_now() + patience->wait + random() % (patience->wait / 2 + 1);
}

/* patience_succeeded forgets past failures. */
void
patience_succeeded(struct patience *patience)
{
	patience->wait = patience->until = 0;
}

/* patience_over tells whether it is time to try again. */
bool
patience_over(const struct patience *patience)
{
	return loop_now() >= patience->until;
}
