/* Telephone numbers as people write them, and what looks like one. */
#include "registry/telephone.c"

#include <stdio.h>

#include "check.h"

static const struct
{
	const char *written, *fault, *form, *shown;
} cases[] = {
    {"0267-96-2211", NULL, "+81267962211", "0267-96-2211"},
    {"0267962211", NULL, "+81267962211", "0267-96-2211"},
    {"（０２６７）９６－２２１１", NULL, "+81267962211", "0267-96-2211"},
    {"0267ー96ー2211", NULL, "+81267962211", "0267-96-2211"},
    {"0267ｰ96─2211", NULL, "+81267962211", "0267-96-2211"},
    {"0267　96.2211 ", NULL, "+81267962211", "0267-96-2211"},
    {"+81 267-96-2211", NULL, "+81267962211", "0267-96-2211"},
    {"+81 (0)267 96 2211", NULL, "+81267962211", "0267-96-2211"},
    {"＋81-0267-96-2211", NULL, "+81267962211", "0267-96-2211"},
    {"010-81-267-96-2211", NULL, "+81267962211", "0267-96-2211"},
    {"090-1234-5678", NULL, "+819012345678", "090-1234-5678"},
    {"080-1234-5678", NULL, "+818012345678", "080-1234-5678"},
    {"070 1234 5678", NULL, "+817012345678", "070-1234-5678"},
    {"060-1234-5678", NULL, "+816012345678", "060-1234-5678"},
    {"050-1234-5678", NULL, "+815012345678", "050-1234-5678"},
    {"+819012345678", NULL, "+819012345678", "090-1234-5678"},
    {"03-5253-5111", NULL, "+81352535111", "03-5253-5111"},
    {"06-6208-8181", NULL, "+81662088181", "06-6208-8181"},
    {"011-211-2111", NULL, "+81112112111", "0112-11-2111"},
    {"0123-24-3131", NULL, "+81123243131", "0123-24-3131"},
    /* the countries of those who live here */
    {"+84 912 345 678", NULL, "+84912345678", "+84912345678"},
    {"+62 812-3456-7890", NULL, "+6281234567890", "+6281234567890"},
    {"+63 917 123 4567", NULL, "+639171234567", "+639171234567"},
    {"+86 139 1234 5678", NULL, "+8613912345678", "+8613912345678"},
    {"+55 11 91234-5678", NULL, "+5511912345678", "+5511912345678"},
    {"+82 10-1234-5678", NULL, "+821012345678", "+821012345678"},
    {"+977 984-1234567", NULL, "+9779841234567", "+9779841234567"},
    {"+1 (212) 555-0100", NULL, "+12125550100", "+12125550100"},
    {"010-86-139-1234-5678", NULL, "+8613912345678", "+8613912345678"},
    {"", "missing", NULL, NULL},
    {" - ", "missing", NULL, NULL},
    {"+", "missing", NULL, NULL},
    {"なし", "character", NULL, NULL},
    {"0267-96-2211 内線3", "character", NULL, NULL},
    {"0267-96-2211/090-1234-5678", "character", NULL, NULL},
    {"0267+962211", "character", NULL, NULL},
    {"++81267962211", "character", NULL, NULL},
    {"0267-96-22\n11", "character", NULL, NULL},
    {"0267-96-22\x80", "character", NULL, NULL},
    {"267-96-2211", "no_zero", NULL, NULL},
    {"9012345678", "no_zero", NULL, NULL},
    {"96-2211", "no_zero", NULL, NULL},
    {"119", "no_zero", NULL, NULL},
    {"0267-96-221", "length", NULL, NULL},
    {"0267-96-22111", "length", NULL, NULL},
    {"090-1234-567", "length", NULL, NULL},
    {"090-1234-56789", "length", NULL, NULL},
    {"0267-96-2211 0267-96-2212", "length", NULL, NULL},
    {"0000000000", "unassigned", NULL, NULL},
    {"00000000000", "unassigned", NULL, NULL},
    {"0033-12-3456", "unassigned", NULL, NULL},
    {"020-1234-5678", "unassigned", NULL, NULL},
    {"030-123-4567", "unassigned", NULL, NULL},
    {"090-0123-4567", "unassigned", NULL, NULL},
    {"03-1253-5111", "unassigned", NULL, NULL},
    {"0120-123-456", "service", NULL, NULL},
    {"0570-012-345", "service", NULL, NULL},
    {"0800-123-4567", "service", NULL, NULL},
    {"+81 120 123 456", "service", NULL, NULL},
    {"+1 212 555 010", "length", NULL, NULL},
    {"+1 112 555 0100", "unassigned", NULL, NULL},
    {"+1 212 155 0100", "unassigned", NULL, NULL},
    {"+83 1234 5678", "country", NULL, NULL},
    {"+800 1234 5678", "country", NULL, NULL},
    {"+999 1234 5678", "country", NULL, NULL},
    {"+0267962211", "country", NULL, NULL},
    {"+84 123", "length", NULL, NULL},
    {"+84 1234567890123456", "length", NULL, NULL},
    {"010", "length", NULL, NULL},
    /* twelve digits: an individual number, whatever it begins with */
    {"123456789018", "no_zero", NULL, NULL},
    {"1234-5678-9018", "no_zero", NULL, NULL},
    {"010861234567", "length", NULL, NULL},
    {"098765432109", "length", NULL, NULL},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		char form[TELEPHONE_FORM_MAX], shown[TELEPHONE_SHOWN_MAX], what[160];
		const char *fault = TelephoneFault(cases[i].written, strlen(cases[i].written), form);
		bool good = cases[i].fault == NULL
		                ? fault == NULL && strcmp(form, cases[i].form) == 0 &&
		                      ShowTelephone(form, shown) == strlen(cases[i].shown) &&
		                      strcmp(shown, cases[i].shown) == 0
		                : fault != NULL && strcmp(fault, cases[i].fault) == 0 && form[0] == '\0';

		snprintf(what, sizeof(what), "%.*s: %s", (int) strcspn(cases[i].written, "\n"),
		         cases[i].written, fault ? fault : form);
		Check(good, what);
	}
	return FinishChecks();
}
