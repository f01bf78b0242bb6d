/*
 * Tests of the emulated card and of the validity rule.
 *
 *   card-unit CARD_DIRECTORY     its PINs must be the usual ones
 */
#include <stdio.h>
#include <stdlib.h>

#include "card.h"
#include "tap.h"
#include "validity.h"

static void test_card(const char *directory);
static void test_signing_rules(Card *card);
static void test_pins(const char *directory);
static void test_validity(void);
static uint16_t ask(Card *card, const char *hex);

#define SELECT_APPLET "00A4040C0AD392F000260100000001"

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: card-unit CARD_DIRECTORY\n");
		return 2;
	}
	test_card(argv[1]);
	test_pins(argv[1]);
	test_validity();
	return finish_checks();
}

static void
test_card(const char *directory)
{
	char problem[512];
	Card *card = card_load(directory, problem, sizeof(problem));

	check(card_load("/nonexistent", problem, sizeof(problem)) == NULL, "no card, no card");
	check(card != NULL, "a card loads");
	if (card == NULL)
		exit(1);
	check(ask(card, "00A4020C02000A") == 0x6A82, "no file without the applet");
	check(ask(card, "00B0000004") == 0x6986, "no read without a file");
	check(ask(card, "00A4040009A00000039742544659") == 0x6A82, "another applet");
	check(ask(card, "00CADF3005") == 0x6D00, "unknown instruction");
	check(ask(card, "90A4040C") == 0x6E00, "unknown class");
	check(ask(card, "00A4") == 0x6700, "truncated header");
	check(ask(card, "00A4040C0AD392") == 0x6700, "truncated data");
	check(ask(card, SELECT_APPLET) == 0x9000, "the applet");
	check(ask(card, "00A4020C020099") == 0x6A82, "unknown file");
	check(ask(card, "00A4020C02000A") == 0x9000 && ask(card, "00B0000004") == 0x9000,
	      "the authentication certificate needs no PIN");
	check(ask(card, "00B07F0004") == 0x6B00, "read past the end");
	check(ask(card, "00A4020C020001") == 0x9000 && ask(card, "00B0000004") == 0x6982,
	      "the signature certificate does");
	check(ask(card, "00A4020C020018") == 0x9000 && ask(card, "00B0000004") == 0x6981,
	      "a PIN cannot be read");
	test_signing_rules(card);
	card_free(card);
}

static void
test_signing_rules(Card *card)
{
	check(ask(card, "00A4020C020017") == 0x9000 && ask(card, "802A00800441424344"
	                                                         "00") == 0x6982,
	      "no signature without PIN");
	check(ask(card, "00A4020C02001B") == 0x9000 && ask(card, "0020008006414243313233") == 0x9000,
	      "the signature password");
	check(ask(card, "00A4020C020001") == 0x9000 && ask(card, "00B0000004") == 0x9000,
	      "opens the signature certificate");
	check(ask(card, "00A4020C020017") == 0x9000 && ask(card, "802A00800441424344"
	                                                         "00") == 0x6982,
	      "but not the authentication key");
	check(ask(card, "00A4020C02001A") == 0x9000 && ask(card, "802A00800441424344"
	                                                         "00") == 0x9000,
	      "and its own key");
	check(ask(card, "802A03800441424344"
	                "00") == 0x6A86,
	      "no other padding");
	check(ask(card, SELECT_APPLET) == 0x9000 && ask(card, "00A4020C02001A") == 0x9000 &&
	          ask(card, "802A00800441424344"
	                    "00") == 0x6982,
	      "selecting the applet forgets PINs");
	ask(card, "00A4020C02001B");
	ask(card, "0020008006414243313233");
	card_reset(card);
	check(ask(card, SELECT_APPLET) == 0x9000 && ask(card, "00A4020C020001") == 0x9000 &&
	          ask(card, "00B0000004") == 0x6982,
	      "so does a reset");
}

/* test_pins leaves the card as it was: with all tries. */
static void
test_pins(const char *directory)
{
	char problem[512], path[4096];
	Card *card = card_load(directory, problem, sizeof(problem));

	ask(card, SELECT_APPLET);
	ask(card, "00A4020C020018");
	check(ask(card, "00200080") == 0x63C3, "three tries");
	check(ask(card, "002000800439393939") == 0x63C2, "a wrong PIN costs one");
	check(ask(card, "002000800431323334") == 0x9000, "the right one");
	check(ask(card, "00200080") == 0x63C3,
	      "gives them back, and the question is not answered 9000");
	check(ask(card, "00200080033132"
	                "33") == 0x63C2,
	      "a PIN's beginning is not the PIN");
	card_free(card);
	card = card_load(directory, problem, sizeof(problem));
	ask(card, SELECT_APPLET);
	ask(card, "00A4020C020018");
	check(ask(card, "00200080") == 0x63C2, "tries survive the loss of power");
	check(ask(card, "002000800439393939") == 0x63C1 && ask(card, "002000800439393939") == 0x63C0 &&
	          ask(card, "002000800431323334") == 0x6984 && ask(card, "00200080") == 0x63C0,
	      "after three wrong ones it is blocked");
	ask(card, "00A4020C02001B");
	check(ask(card, "00200080") == 0x63C5, "the other PIN is not");
	card_free(card);
	snprintf(path, sizeof(path), "%s/tries", directory);
	remove(path);
}

static void
test_validity(void)
{
	static const struct
	{
		const char *issued, *birth, *card, *end;
	} cases[] = {
	    {"2026-04-01", "319801231", NULL, "2030-12-31T23:59:59"},
	    {"2026-04-01", "319800331", NULL, "2031-03-31T23:59:59"},
	    {"2026-04-01", "319800401", NULL, "2031-04-01T23:59:59"},
	    {"2026-04-01", "319800402", NULL, "2030-04-02T23:59:59"},
	    {"2026-04-01", "319800229", NULL, "2031-02-28T23:59:59"},
	    {"2027-04-01", "319800229", NULL, "2032-02-29T23:59:59"},
	    {"2026-04-01", "319801231", "2028-02-28", "2028-02-28T23:59:59"},
	    {"2026-04-01", "319801231", "2035-02-28", "2030-12-31T23:59:59"},
	    {"2026-04-01", "019800000", NULL, "2031-04-01T23:59:59"},
	    {"2026-01-01T00:00:00", "319801231", NULL, "2030-12-31T23:59:59"},
	};
	time_t at, card_end;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		time_t issued, end;
		char name[128];

		card_end = 0;
		parse_time(cases[i].issued, MORNING, &issued);
		parse_time(cases[i].end, 0, &end);
		if (cases[i].card != NULL)
			parse_time(cases[i].card, END_OF_DAY, &card_end);
		snprintf(name, sizeof(name), "born %s, issued %s: ends %s", cases[i].birth, cases[i].issued,
		         cases[i].end);
		check(certificate_end(issued, cases[i].birth, card_end) == end, name);
	}
	parse_time("2026-04-01", MORNING, &at);
	check(age_at(at, "420110401") == 15 && age_at(at, "420110402") == 14 &&
	          age_at(at, "000000000") == -1,
	      "age on a birthday, the day before, unknown");
	check(!parse_time("2026-04-01x", 0, &at) && !parse_time("yesterday", 0, &at) &&
	          !parse_time("2026-04-01T1", 0, &at),
	      "what is not a time");
}

/* ask sends a command given in hexadecimal and returns the status word. */
static uint16_t
ask(Card *card, const char *hex)
{
	uint8_t command[300], response[CARD_RESPONSE_MAX];
	size_t length = card_transmit(card, command, from_hex(hex, command), response);

	return (uint16_t) (response[length - 2] << 8 | response[length - 1]);
}
