/*
 * Asking for a PIN.  It is read byte by byte into its place, so that no buffer
 * of the library keeps a copy.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "pin.h"

/* Signals that end us, or stop us: the terminal must have its echo back first. */
static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

#define SIGNAL_COUNT (sizeof(ending_signals) / sizeof(ending_signals[0]))

static int silent_terminal = -1;
static struct termios before_silence;

static bool read_line(Pin *pin, int descriptor);
static bool read_terminal(Pin *pin, int terminal, const char *prompt);
static void restore_echo_and_die(int signal_number);

bool
pin_read(Pin *pin, int descriptor, const char *prompt)
{
	bool got;

	memset(pin, 0, sizeof(*pin));
	if (descriptor >= 0)
		got = read_line(pin, descriptor);
	else
	{
		int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

		if (terminal < 0)
			return false;
		got = read_terminal(pin, terminal, prompt);
		close(terminal);
	}
	for (char *c = pin->text; *c != '\0'; c++)
		*c = (char) toupper((unsigned char) *c);
	if (!got)
		pin_wipe(pin);
	return got;
}

void
pin_wipe(Pin *pin)
{
	OPENSSL_cleanse(pin, sizeof(*pin));
}

/* read_line takes no byte beyond the newline: the next PIN may follow it. */
static bool
read_line(Pin *pin, int descriptor)
{
	size_t length = 0;
	bool fits = true;
	char c = '\0';

	for (;;)
	{
		ssize_t got = read(descriptor, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == '\n' || c == '\r')
			break;
		if (length < JPKI_PIN_MAX)
			pin->text[length++] = c;
		else
			fits = false;
	}
	OPENSSL_cleanse(&c, 1);
	return fits && length > 0;
}

static bool
read_terminal(Pin *pin, int terminal, const char *prompt)
{
	struct sigaction before[SIGNAL_COUNT], die = {.sa_handler = restore_echo_and_die};
	struct termios silent;
	bool got = false;

	if (tcgetattr(terminal, &before_silence) != 0)
		return false;
	silent = before_silence;
	silent.c_lflag &= ~(tcflag_t) (ECHO | ECHONL);
	silent_terminal = terminal;
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(ending_signals[i], &die, &before[i]);
	if (tcsetattr(terminal, TCSAFLUSH, &silent) == 0)
	{
		got = write(terminal, prompt, strlen(prompt)) >= 0 && read_line(pin, terminal);
		tcsetattr(terminal, TCSAFLUSH, &before_silence);
		got = write(terminal, "\n", 1) == 1 && got;
	}
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(ending_signals[i], &before[i], NULL);
	silent_terminal = -1;
	return got;
}

/* restore_echo_and_die ends us also where the signal would only stop us: a PIN is half typed. */
static void
restore_echo_and_die(int signal_number)
{
	tcsetattr(silent_terminal, TCSAFLUSH, &before_silence);
	_exit(128 + signal_number);
}
