/*
 * Fuzzes what is taken as a telephone number: its form is of E.164, is its own
 * form, and is what is shown of it; and no twelve digits without a plus, which
 * may be an individual number, are taken.
 */
#include "registry/telephone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
Expect(int good)
{
	if (!good)
		abort();
}

static void
CheckSame(const char *text, size_t length, const char *form)
{
	char again[TELEPHONE_FORM_MAX];

	Expect(TelephoneFault(text, length, again) == NULL && strcmp(again, form) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	char form[TELEPHONE_FORM_MAX], shown[TELEPHONE_SHOWN_MAX];
	size_t digits = 0, length;

	if (TelephoneFault(text, size, form) != NULL)
	{
		Expect(form[0] == '\0');
		return 0;
	}
	length = strlen(form);
	Expect(form[0] == '+' && form[1] >= '1' && form[1] <= '9' && length >= 8 && length <= 16);
	Expect(strspn(form + 1, "0123456789") == length - 1);
	CheckSame(form, length, form);
	length = ShowTelephone(form, shown);
	Expect(length == strlen(shown));
	CheckSame(shown, length, form);
	if (size == 12)
	{
		for (size_t i = 0; i < size; i++)
			digits += text[i] >= '0' && text[i] <= '9';
		Expect(digits != 12);
	}
	return 0;
}
