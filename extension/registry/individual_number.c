#include "registry/individual_number.h"

#include <stdint.h>

#define NUMBER_DIGITS 12

static int read_digit(const unsigned char *text, size_t length, size_t *size);
static bool is_separator(const unsigned char *text, size_t length, size_t *size);
static bool check_digit_fits(const uint8_t digits[NUMBER_DIGITS]);

/*
 * HoldsIndividualNumber tells whether a text holds twelve digits with a right
 * check digit, in a row or as three groups of four, as the card prints them.
 * A longer run of digits is some other number.  One pass, any bytes.
 */
bool
HoldsIndividualNumber(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *) text;
	uint8_t group[NUMBER_DIGITS] = {0}; /* the last digits seen, oldest first */
	size_t in_row = 0;                  /* digits in a row, up to here */
	size_t grouped = 0;                 /* digits of whole groups of four before these */

	for (size_t at = 0; at <= length;)
	{
		size_t size = 1;
		int digit = at < length ? read_digit(bytes + at, length - at, &size) : -1;

		if (digit >= 0)
		{
			for (int i = 1; i < NUMBER_DIGITS; i++)
				group[i - 1] = group[i];
			group[NUMBER_DIGITS - 1] = (uint8_t) digit;
			in_row++;
			at += size;
			continue;
		}
		if ((in_row == NUMBER_DIGITS || (in_row == 4 && grouped >= 8)) && check_digit_fits(group))
			return true;
		if (at == length)
			break;
		grouped = in_row == 4 && is_separator(bytes + at, length - at, &size) ? grouped + 4 : 0;
		in_row = 0;
		at += size;
	}
	return false;
}

/* read_digit returns the value of an ASCII or full-width digit, -1 if there is none. */
static int
read_digit(const unsigned char *text, size_t length, size_t *size)
{
	if (text[0] >= '0' && text[0] <= '9')
	{
		*size = 1;
		return text[0] - '0';
	}
	/* U+FF10 to U+FF19 */
	if (length >= 3 && text[0] == 0xEF && text[1] == 0xBC && text[2] >= 0x90 && text[2] <= 0x99)
	{
		*size = 3;
		return text[2] - 0x90;
	}
	return -1;
}

/* is_separator knows the marks between groups: space, hyphen, and their wide forms. */
static bool
is_separator(const unsigned char *text, size_t length, size_t *size)
{
	static const unsigned char wide[][3] = {
	    {0xE3, 0x80, 0x80}, /* U+3000 ideographic space */
	    {0xE2, 0x80, 0x90}, /* U+2010 hyphen */
	    {0xE2, 0x88, 0x92}, /* U+2212 minus */
	    {0xEF, 0xBC, 0x8D}, /* U+FF0D full-width hyphen */
	};

	if (text[0] == ' ' || text[0] == '-')
	{
		*size = 1;
		return true;
	}
	if (length < 3)
		return false;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (text[0] == wide[i][0] && text[1] == wide[i][1] && text[2] == wide[i][2])
		{
			*size = 3;
			return true;
		}
	return false;
}

/*
 * check_digit_fits applies 平成26年総務省令第85号第5条: P_n is the n-th digit
 * from the right without the check digit, Q_n is n + 1 up to the sixth and
 * n - 5 after it; the check digit is 11 less the sum of P_n Q_n modulo 11,
 * and 0 where that remainder is 0 or 1.
 */
static bool
check_digit_fits(const uint8_t digits[NUMBER_DIGITS])
{
	int sum = 0;

	for (int n = 1; n < NUMBER_DIGITS; n++)
		sum += digits[NUMBER_DIGITS - 1 - n] * (n <= 6 ? n + 1 : n - 5);
	return digits[NUMBER_DIGITS - 1] == (sum % 11 <= 1 ? 0 : 11 - sum % 11);
}
