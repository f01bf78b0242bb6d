/* Signals come through a file descriptor (signalfd), so that a poll wakes up for them. */
#include "loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static int signal_fd = -1;
static bool ending = false, reloading = false;

static void take_signals(void);

/*
 * loop_begin takes SIGTERM and SIGINT over, and SIGHUP where the program can read
 * its settings again; the descriptor it returns is readable when one came.
 */
int
loop_begin(bool reloads)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	if (reloads)
		sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal_fd = signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC);
	return signal_fd;
}

/* loop_ending tells whether somebody asked us to end. */
bool
loop_ending(void)
{
	take_signals();
	return ending;
}

/* loop_reloading tells, once, whether somebody asked us to read the settings again. */
bool
loop_reloading(void)
{
	bool asked;

	take_signals();
	asked = reloading;
	reloading = false;
	return asked;
}

static void
take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
		*(info.ssi_signo == SIGHUP ? &reloading : &ending) = true;
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
