/*
 * TelephoneFault(): the numbering plan of Japan (電気通信番号計画) as far as
 * numbers of persons go, and for other countries what E.164 says of all.
 */
#include "registry/telephone.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "registry/fold.h"

#define DIGITS_MAX 20
#define E164_DIGITS_MAX 15
/* of a number with its country code: the shortest that are in use */
#define E164_DIGITS_LEAST 7
/*
 * After 010, with which one dials abroad from here, more is asked for: so twelve
 * digits without a plus, which may be an individual number, are never a telephone.
 */
#define ABROAD_DIGITS_LEAST 10

/* A row of digits as it was written. */
typedef struct Dialled
{
	char digit[DIGITS_MAX + 1];
	size_t count;
	bool plus;
} Dialled;

static const char *read_digits(const char *text, size_t length, Dialled *dialled);
static int digit_value(uint32_t c);
static bool parts_digits(uint32_t c);
static const char *domestic_fault(const char *national, size_t count);
static const char *fixed_line_fault(const char *national);
static const char *abroad_fault(const char *digits, size_t count);
static bool country_exists(const char *digits);

const char *
TelephoneFault(const char *text, size_t length, char form[TELEPHONE_FORM_MAX])
{
	Dialled dialled = {0};
	const char *fault = read_digits(text, length, &dialled);
	const char *digits = dialled.digit;
	size_t count = dialled.count;

	form[0] = '\0';
	if (fault != NULL)
		return fault;
	if (count == 0)
		return "missing";
	if (!dialled.plus && strncmp(digits, "010", 3) == 0)
	{
		digits += 3;
		count -= 3;
		if (count < ABROAD_DIGITS_LEAST)
			return "length";
	}
	else if (!dialled.plus && digits[0] != '0')
		return "no_zero";
	else if (!dialled.plus)
	{
		fault = domestic_fault(digits + 1, count - 1);
		if (fault == NULL)
			strcat(strcpy(form, "+81"), digits + 1);
		return fault;
	}
	if (strncmp(digits, "81", 2) == 0)
	{
		/* +81 (0)267 ..., the 0 left in by mistake */
		size_t prefix = count > 2 && digits[2] == '0' ? 3 : 2;

		fault = domestic_fault(digits + prefix, count - prefix);
		if (fault == NULL)
			strcat(strcpy(form, "+81"), digits + prefix);
		return fault;
	}
	fault = abroad_fault(digits, count);
	if (fault == NULL)
		strcat(strcpy(form, "+"), digits);
	return fault;
}

/*
 * ShowTelephone parts a Japanese number of four, two and four digits, as those
 * of small places are: which part is the area code is in a table that changes,
 * and does not matter to who dials.  Tokyo's and Osaka's have codes of two.
 */
size_t
ShowTelephone(const char *form, char shown[TELEPHONE_SHOWN_MAX])
{
	const char *national = form + 3;
	size_t count = strlen(form), parts[2], at = 0;

	if (strncmp(form, "+81", 3) != 0)
	{
		memcpy(shown, form, count + 1);
		return count;
	}
	count -= 3;
	if (count == 10)
		parts[0] = 2, parts[1] = 6;
	else if (national[0] == '3' || national[0] == '6')
		parts[0] = 1, parts[1] = 5;
	else
		parts[0] = 3, parts[1] = 5;
	shown[at++] = '0';
	for (size_t i = 0; i < count; i++)
	{
		if (i == parts[0] || i == parts[1])
			shown[at++] = '-';
		shown[at++] = national[i];
	}
	shown[at] = '\0';
	return at;
}

/* read_digits drops what is written between digits, and reads full width as ASCII. */
static const char *
read_digits(const char *text, size_t length, Dialled *dialled)
{
	const unsigned char *at = (const unsigned char *) text, *end = at + length;

	if (length > TELEPHONE_INPUT_MAX)
		return "length";
	while (at < end)
	{
		uint32_t c = ReadCharacter(&at, end);
		int digit = digit_value(c);

		if (digit >= 0)
		{
			if (dialled->count == DIGITS_MAX)
				return "length";
			dialled->digit[dialled->count++] = (char) ('0' + digit);
		}
		else if ((c == '+' || c == 0xFF0B) && dialled->count == 0 && !dialled->plus)
			dialled->plus = true;
		else if (!parts_digits(c))
			return "character";
	}
	return NULL;
}

static int
digit_value(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return (int) (c - '0');
	if (c >= 0xFF10 && c <= 0xFF19)
		return (int) (c - 0xFF10);
	return -1;
}

/*
 * parts_digits knows what stands between digits: spaces, brackets, points, and
 * everything that is typed for a hyphen, the long vowel among it.
 */
static bool
parts_digits(uint32_t c)
{
	static const uint32_t marks[] = {
	    ' ',    '-',    '(',    ')',    '.',    0xA0,   0x2010, 0x2011, 0x2012, 0x2013, 0x2014,
	    0x2015, 0x2212, 0x2500, 0x3000, 0x30FC, 0xFF08, 0xFF09, 0xFF0D, 0xFF0E, 0xFF70,
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (c == marks[i])
			return true;
	return false;
}

/* domestic_fault looks at a Japanese number without its 0. */
static const char *
domestic_fault(const char *national, size_t count)
{
	static const char *const portable[] = {"50", "60", "70", "80", "90"};

	if (count == 10)
	{
		for (size_t i = 0; i < sizeof(portable) / sizeof(portable[0]); i++)
			if (strncmp(national, portable[i], 2) == 0 && national[2] != '0')
				return NULL;
		if (strncmp(national, "800", 3) == 0)
			return "service";
		/* a fixed line with a digit too many */
		return national[1] != '0' ? "length" : "unassigned";
	}
	return count == 9 ? fixed_line_fault(national) : "length";
}

static const char *
fixed_line_fault(const char *national)
{
	static const char *const services[] = {"120", "170", "180", "570", "990"};

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strncmp(national, services[i], 3) == 0)
			return "service";
	/* a mobile number with a digit lost */
	if (national[1] == '0' && national[0] >= '5')
		return "length";
	if (national[0] == '0' || national[1] == '0')
		return "unassigned";
	/* no exchange begins with 1 or 0: seen where the area code has one digit */
	if ((national[0] == '3' || national[0] == '6') && national[1] == '1')
		return "unassigned";
	return NULL;
}

/* abroad_fault looks at a number of another country, its code included. */
static const char *
abroad_fault(const char *digits, size_t count)
{
	if (count < E164_DIGITS_LEAST || count > E164_DIGITS_MAX)
		return "length";
	if (!country_exists(digits))
		return "country";
	/* North America numbers all alike: three, seven, neither beginning with 0 or 1 */
	if (digits[0] == '1')
		return count != 11 ? "length" : digits[1] < '2' || digits[4] < '2' ? "unassigned" : NULL;
	return NULL;
}

/*
 * country_exists knows the country codes of ITU-T E.164 (list of 2016 with its
 * amendments) that persons have numbers under: no free, shared or trial ones.
 */
static bool
country_exists(const char *digits)
{
	/* by the first two digits: a whole code, or the third digits that make one */
	static const struct
	{
		char first[3];
		const char *third; /* NULL: the two are a code */
	} codes[] = {
	    {"20", NULL},         {"21", "12368"},      {"22", "0123456789"}, {"23", "0123456789"},
	    {"24", "0123456789"}, {"25", "012345678"},  {"26", "0123456789"}, {"27", NULL},
	    {"29", "01789"},      {"30", NULL},         {"31", NULL},         {"32", NULL},
	    {"33", NULL},         {"34", NULL},         {"35", "0123456789"}, {"36", NULL},
	    {"37", "012345678"},  {"38", "01235679"},   {"39", NULL},         {"40", NULL},
	    {"41", NULL},         {"42", "013"},        {"43", NULL},         {"44", NULL},
	    {"45", NULL},         {"46", NULL},         {"47", NULL},         {"48", NULL},
	    {"49", NULL},         {"50", "0123456789"}, {"51", NULL},         {"52", NULL},
	    {"53", NULL},         {"54", NULL},         {"55", NULL},         {"56", NULL},
	    {"57", NULL},         {"58", NULL},         {"59", "0123456789"}, {"60", NULL},
	    {"61", NULL},         {"62", NULL},         {"63", NULL},         {"64", NULL},
	    {"65", NULL},         {"66", NULL},         {"67", "023456789"},  {"68", "012356789"},
	    {"69", "012"},        {"81", NULL},         {"82", NULL},         {"84", NULL},
	    {"85", "02356"},      {"86", NULL},         {"87", "0"},          {"88", "016"},
	    {"90", NULL},         {"91", NULL},         {"92", NULL},         {"93", NULL},
	    {"94", NULL},         {"95", NULL},         {"96", "012345678"},  {"97", "01234567"},
	    {"98", NULL},         {"99", "234568"},
	};

	/* North America and Russia with Kazakhstan have one digit */
	if (digits[0] == '1' || digits[0] == '7')
		return true;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strncmp(digits, codes[i].first, 2) == 0)
			return codes[i].third == NULL || strchr(codes[i].third, digits[2]) != NULL;
	return false;
}
