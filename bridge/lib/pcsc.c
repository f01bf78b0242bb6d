/*
 * PC/SC transport: choice of the reader, waiting for a card, exchange.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "jpki.h"
#include "pcsc.h"

#define READERS_MAX 16
/* How often readers are looked for while there is none, in milliseconds */
#define LOOK_AGAIN 250

static PcscResult find_card(Pcsc *pcsc, const char *reader_name, char *names, DWORD names_size);
static PcscResult connect_card(Pcsc *pcsc);
static PcscResult fail(Pcsc *pcsc, PcscResult result, const char *call, LONG code);
static int64_t milliseconds(void);

PcscResult
pcsc_open(Pcsc *pcsc, const char *reader_name, int wait_seconds)
{
	static const struct timespec pause = {.tv_nsec = LOOK_AGAIN * 1000 * 1000};
	int64_t deadline = milliseconds() + (int64_t) wait_seconds * 1000;
	char names[READERS_MAX * (MAX_READERNAME + 1)];
	PcscResult result;
	LONG code;

	memset(pcsc, 0, sizeof(*pcsc));
	code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &pcsc->context);
	if (code != SCARD_S_SUCCESS)
		return fail(pcsc, PCSC_NO_SERVICE, "SCardEstablishContext", code);
	pcsc->has_context = true;

	while ((result = find_card(pcsc, reader_name, names, sizeof(names))) == PCSC_NO_CARD ||
	       result == PCSC_NO_READER)
	{
		if (milliseconds() >= deadline)
			return result;
		nanosleep(&pause, NULL);
	}
	return result == PCSC_OK ? connect_card(pcsc) : result;
}

bool
pcsc_transmit(void *link, const uint8_t *command, size_t length, uint8_t *response,
              size_t *response_length)
{
	Pcsc *pcsc = link;
	DWORD received = JPKI_RESPONSE_MAX;
	LONG code;

	code =
	    SCardTransmit(pcsc->card, pcsc->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1,
	                  command, (DWORD) length, NULL, response, &received);
	if (code != SCARD_S_SUCCESS)
	{
		fail(pcsc, PCSC_FAILED, "SCardTransmit", code);
		return false;
	}
	*response_length = received;
	return true;
}

void
pcsc_close(Pcsc *pcsc)
{
	if (pcsc->has_card)
	{
		SCardEndTransaction(pcsc->card, SCARD_LEAVE_CARD);
		SCardDisconnect(pcsc->card, SCARD_RESET_CARD);
	}
	if (pcsc->has_context)
		SCardReleaseContext(pcsc->context);
	pcsc->has_card = pcsc->has_context = false;
}

/* find_card looks once, and puts the name of the reader to use into pcsc->reader. */
static PcscResult
find_card(Pcsc *pcsc, const char *reader_name, char *names, DWORD names_size)
{
	int readers = 0, cards = 0;
	DWORD length = names_size;
	LONG code = SCardListReaders(pcsc->context, NULL, names, &length);

	if (code == SCARD_E_NO_READERS_AVAILABLE)
		return fail(pcsc, PCSC_NO_READER, "SCardListReaders", code);
	if (code != SCARD_S_SUCCESS)
		return fail(pcsc, PCSC_FAILED, "SCardListReaders", code);
	for (const char *name = names; *name != '\0'; name += strlen(name) + 1)
	{
		SCARD_READERSTATE state = {.szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE};

		if (reader_name != NULL && strstr(name, reader_name) == NULL)
			continue;
		readers++;
		if (SCardGetStatusChange(pcsc->context, 0, &state, 1) != SCARD_S_SUCCESS ||
		    !(state.dwEventState & SCARD_STATE_PRESENT))
			continue;
		cards++;
		snprintf(pcsc->reader, sizeof(pcsc->reader), "%.*s", MAX_READERNAME, name);
	}
	if (cards == 1)
		return PCSC_OK;
	return cards > 1 ? PCSC_MANY_CARDS : readers > 0 ? PCSC_NO_CARD : PCSC_NO_READER;
}

/*
 * connect_card connects and begins a transaction: between a verified PIN and
 * the signature no other program may reach the card.
 */
static PcscResult
connect_card(Pcsc *pcsc)
{
	LONG code = SCardConnect(pcsc->context, pcsc->reader, SCARD_SHARE_SHARED,
	                         SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &pcsc->card, &pcsc->protocol);

	if (code == SCARD_E_NO_SMARTCARD || code == SCARD_W_REMOVED_CARD)
		return fail(pcsc, PCSC_NO_CARD, "SCardConnect", code);
	if (code != SCARD_S_SUCCESS)
		return fail(pcsc, PCSC_FAILED, "SCardConnect", code);
	pcsc->has_card = true;
	code = SCardBeginTransaction(pcsc->card);
	if (code != SCARD_S_SUCCESS)
		return fail(pcsc, PCSC_FAILED, "SCardBeginTransaction", code);
	return PCSC_OK;
}

/* fail keeps what failed for the message, and returns the result given. */
static PcscResult
fail(Pcsc *pcsc, PcscResult result, const char *call, LONG code)
{
	snprintf(pcsc->problem, sizeof(pcsc->problem), "%s: %s", call, pcsc_stringify_error(code));
	return result;
}

static int64_t
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
