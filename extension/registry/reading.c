#include "registry/reading.h"

/* a part of a row of characters */
typedef struct Word
{
	size_t begin;
	size_t end;
} Word;

static bool is_kana(uint32_t c);
static uint32_t sound(uint32_t kana);
static size_t words_before(const FoldedText *name, size_t place);
static Word find_word(const FoldedText *name, size_t number);

size_t
KanaRun(const FoldedText *card, size_t begin)
{
	size_t end = begin;

	while (end < card->length && card->mark[end] & MARK_SUBSTITUTED &&
	       is_kana(card->character[end]) && (end == begin || !(card->mark[end] & MARK_WORD)))
		end++;
	return end - begin;
}

size_t
RareRun(const FoldedText *recorded, size_t begin, size_t most, const FoldedText *card,
        size_t behind)
{
	size_t rare = 0;
	size_t others = 0;

	while (rare < most && begin + rare < recorded->length &&
	       recorded->mark[begin + rare] & MARK_RARE)
		rare++;
	while (others < rare && behind + others < card->length &&
	       card->mark[behind + others] & MARK_SUBSTITUTED)
		others++;
	/* one of them is the kana's */
	return rare > 1 && others > 0 ? (rare > others ? rare - others : 1) : rare;
}

bool
ReadingAgrees(const FoldedText *card, size_t begin, size_t end, const FoldedText *reading)
{
	Word written, spoken;
	size_t number, length = end - begin;
	bool first, last;

	if (!reading->usable ||
	    words_before(reading, reading->length) != words_before(card, card->length))
		return false;
	number = words_before(card, begin + 1);
	written = find_word(card, number);
	spoken = find_word(reading, number);
	first = begin == written.begin;
	last = end == written.end;
	if ((!first && !last) || length > spoken.end - spoken.begin ||
	    (first && last && length != spoken.end - spoken.begin))
		return false;
	if (!first)
		spoken.begin = spoken.end - length;
	for (size_t i = 0; i < length; i++)
		if (sound(card->character[begin + i]) != sound(reading->character[spoken.begin + i]))
			return false;
	return true;
}

static bool
is_kana(uint32_t c)
{
	return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30A1 && c <= 0x30FA) || c == 0x30FC;
}

/* sound spells a kana as registers do that know one size and no ヂ: ジヨウ for ぢょう. */
static uint32_t
sound(uint32_t kana)
{
	static const struct
	{
		uint32_t from, to;
	} alike[] = {{U'ァ', U'ア'}, {U'ィ', U'イ'}, {U'ゥ', U'ウ'}, {U'ェ', U'エ'}, {U'ォ', U'オ'},
	             {U'ッ', U'ツ'}, {U'ャ', U'ヤ'}, {U'ュ', U'ユ'}, {U'ョ', U'ヨ'}, {U'ヮ', U'ワ'},
	             {U'ヂ', U'ジ'}, {U'ヅ', U'ズ'}, {U'ヵ', U'カ'}, {U'ヶ', U'ケ'}};

	if (kana >= 0x3041 && kana <= 0x3096)
		kana += 0x60;
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++)
		if (kana == alike[i].from)
			return alike[i].to;
	return kana;
}

/* words_before counts the words that begin before a place. */
static size_t
words_before(const FoldedText *name, size_t place)
{
	size_t count = 0;

	for (size_t i = 0; i < place && i < name->length; i++)
		count += i == 0 || name->mark[i] & MARK_WORD;
	return count;
}

/* find_word finds a word by its number, counted from 1. */
static Word
find_word(const FoldedText *name, size_t number)
{
	Word word = {0, 0};
	size_t count = 0;

	for (size_t i = 0; i < name->length; i++)
	{
		if (i == 0 || name->mark[i] & MARK_WORD)
			if (++count == number)
				word.begin = i;
		if (count == number)
			word.end = i + 1;
	}
	return word;
}
