/*
 * Forms of characters by themselves, without a database: the table that ships,
 * and those that are loaded.  Prints TAP; test/t/unit.pl builds it with the
 * sanitizers.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "registry/kanji.h"
#include "registry/match.h"
#include "registry/variant.h"

/* Settle settles pairs written "form usual form usual ..." and uses them; returns what is left. */
static size_t
Settle(const char *pairs, Variant *variants, VariantState *worst)
{
	size_t count = 0;
	const char *at = pairs;

	*worst = VARIANT_SETTLED;
	while (*at != '\0')
	{
		size_t form = strcspn(at, " ");
		const char *usual = at + form + 1;
		size_t length = strcspn(usual, " ");

		variants[count] = ReadVariant(at, form, usual, length);
		if (variants[count].state == VARIANT_PENDING)
			count++;
		else if (variants[count].state > *worst)
			*worst = variants[count].state;
		at = usual[length] == '\0' ? usual + length : usual + length + 1;
	}
	SettleVariants(variants, count);
	for (size_t i = 0; i < count; i++)
		if (variants[i].state > *worst)
			*worst = variants[i].state;
	count = KeepSettled(variants, count);
	UseVariants(variants, count);
	return count;
}

static void
CheckVariants(void)
{
	static const struct
	{
		const char *pairs;
		const char *text, *folded; /* of a name under them */
		VariantState worst;
	} tables[] = {
	    {"\uE000 高", "\uE000橋", "高橋", VARIANT_SETTLED},
	    {"㐂 喜", "㐂", "喜", VARIANT_SETTLED},
	    {"㐂 \uE001 \uE001 喜", "㐂", "喜", VARIANT_SETTLED},
	    {"\uE000 邊", "\uE000", "辺", VARIANT_SETTLED},
	    {"邊󠄁 辺", "邊󠄁", "辺", VARIANT_KNOWN},
	    {"𛀆 か", "𛀆", "か", VARIANT_SETTLED},
	    {"㐂 喜 㐂 喜", "㐂", "喜", VARIANT_KNOWN},
	    {"\uE000 邊 \uE000 邉", "\uE000", "辺", VARIANT_KNOWN},
	    {"\uE000 斉 \uE000 斎", "\uE000", "\uE000", VARIANT_AMBIGUOUS},
	    {"\uE001 \uE000 \uE000 斉 \uE000 斎", "\uE001", "\uE000", VARIANT_AMBIGUOUS},
	    {"\uE000 \uE001 \uE001 \uE000", "\uE000", "\uE000", VARIANT_CIRCLE},
	    {"\uE000 \uE001 \uE001 \uE000 \uE001 高", "\uE000", "\uE000", VARIANT_CIRCLE},
	    {"斎 斉", "齋", "斎", VARIANT_SHIPPED},
	    {"齊 斎", "齊", "斉", VARIANT_SHIPPED},
	    {"齊 斉", "齊", "斉", VARIANT_KNOWN},
	    {"高 髙", "髙", "高", VARIANT_SHIPPED},
	    {"高 高", "高", "高", VARIANT_KNOWN},
	    /* a sequence is a glyph of its base, unless no card can hold that */
	    {"葛󠄁 渇", "葛󠄁", "葛", VARIANT_AMBIGUOUS},
	    {"𠀋󠄁 丈", "𠀋󠄁", "丈", VARIANT_SETTLED},
	    {"𠀋󠄁 丈", "𠀋", "𠀋", VARIANT_SETTLED},
	    {"𠀋󠄁 丈 𠀋 大", "𠀋󠄁", "大", VARIANT_AMBIGUOUS},
	    {"あ い", "あ", "あ", VARIANT_UNREADABLE},
	    {"1 2", "1", "1", VARIANT_UNREADABLE},
	    {"高橋 高", "高橋", "高橋", VARIANT_UNREADABLE},
	    {"㐂 喜󠄁", "㐂", "㐂", VARIANT_UNREADABLE},
	    {"㐂 A", "㐂", "㐂", VARIANT_UNREADABLE},
	    {"󠄁 喜", "㐂", "㐂", VARIANT_UNREADABLE},
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
	{
		Variant variants[8];
		VariantState worst;
		FoldedText name;
		char folded[FOLD_MAX * 4], what[2400];

		Settle(tables[i].pairs, variants, &worst);
		NormalizeName(tables[i].text, strlen(tables[i].text), NULL, 0, &name);
		folded[WriteCharacters(name.character, name.length, folded)] = '\0';
		snprintf(what, sizeof(what), "with %s %s is %s (%s)", tables[i].pairs, tables[i].text,
		         tables[i].folded, folded);
		Check(strcmp(folded, tables[i].folded) == 0 && worst == tables[i].worst, what);
		UseVariants(NULL, 0);
	}
}

/* CheckManyVariants: as many as may be loaded, in a chain, in a circle, to one and from one. */
static void
CheckManyVariants(void)
{
	Variant *variants = malloc(sizeof(Variant) * VARIANTS_MAX);
	bool right = true;
	clock_t start = clock();

	for (int shape = 0; shape < 4; shape++)
	{
		size_t kept;

		for (uint32_t i = 0; i < VARIANTS_MAX; i++)
		{
			uint32_t next = 0x40000 + (i + 1) % VARIANTS_MAX;

			variants[i] = (Variant){shape == 3 ? 0x40000 : 0x40000 + i, 0,
			                        shape == 2 ? U'高' : next, VARIANT_PENDING};
		}
		if (shape == 0)
			variants[VARIANTS_MAX - 1].usual = U'高';
		SettleVariants(variants, VARIANTS_MAX);
		kept = KeepSettled(variants, VARIANTS_MAX);
		right &= kept == (shape == 2 ? VARIANTS_MAX : shape == 0 ? VARIANT_STEPS : 0);
	}
	right &= clock() - start < 60 * CLOCKS_PER_SEC;
	Check(right, "tables of any shape settle, in bounded time");
	free(variants);
}

static void
CheckTables(void)
{
	bool sorted = true, settled = true;

	for (size_t i = 0; i < kanji_form_count; i++)
	{
		sorted &= i == 0 || kanji_forms[i - 1].form < kanji_forms[i].form;
		settled &= UsualKanji(kanji_forms[i].usual) == kanji_forms[i].usual &&
		           UsualKanji(kanji_forms[i].form) == kanji_forms[i].usual;
	}
	Check(sorted && settled,
	      "the table of forms is sorted, and no usual form is a form of another");
}

int
main(void)
{
	CheckVariants();
	CheckManyVariants();
	CheckTables();
	return FinishChecks();
}
