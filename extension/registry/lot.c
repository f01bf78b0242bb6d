#include "registry/lot.h"

#include <string.h>

#define NUMERAL_MAX 16 /* kanji in one numeral */
#define HO 0x30FC      /* ー */

static size_t digit_length(Cursor cursor);
static size_t numeral_length(Cursor cursor);
static int numeral_digit(uint32_t c);
static uint64_t numeral_unit(uint32_t c);
static bool numeral_value(Cursor cursor, size_t length, char digits[NUMERAL_MAX + 8]);
static bool numeral_ends_well(Cursor cursor);
static bool is_name_part(Cursor cursor);
static bool skip_counters(Cursor *cursor, unsigned *rules);
static bool skip_joint(Cursor *cursor, unsigned *rules);
static bool read_group(Cursor *cursor, NormalAddress *address);
static bool read_branch_letter(Cursor *cursor, NormalAddress *address);
static void skip_spaces(Cursor *cursor);
static void append_to_lot(NormalAddress *address, uint32_t c);

/* StartsWith tells whether the characters at the cursor are those of an UTF-8 word. */
bool
StartsWith(Cursor cursor, const char *word)
{
	return SkipWord(&cursor, word);
}

/* SkipWord steps over a word if it stands at the cursor. */
bool
SkipWord(Cursor *cursor, const char *word)
{
	const uint32_t *at = cursor->at;
	char encoded[4];

	while (*word != '\0')
	{
		size_t size;

		if (at == cursor->end)
			return false;
		size = WriteCharacters(at, 1, encoded);
		if (strncmp(word, encoded, size) != 0)
			return false;
		word += size;
		at++;
	}
	cursor->at = at;
	return true;
}

bool
IsKanji(uint32_t c)
{
	return (c >= 0x3400 && c <= 0x9FFF) || c == 0x3005 || (c >= 0xE000 && c <= 0xFAFF) ||
	       c >= 0x20000;
}

bool
LotStarts(Cursor cursor)
{
	size_t digits = digit_length(cursor);
	size_t numeral = digits == 0 ? numeral_length(cursor) : 0;
	unsigned rules = 0;

	cursor.at += digits + numeral;
	skip_spaces(&cursor);
	if (digits > 0)
		return !is_name_part(cursor);
	/* a kanji numeral counts only where something counts with it */
	return numeral > 0 && (skip_counters(&cursor, &rules) || skip_joint(&cursor, &rules));
}

void
ReadLot(Cursor *cursor, NormalAddress *address)
{
	bool apart = false;

	while (read_group(cursor, address))
	{
		Cursor next = *cursor;
		bool joined;

		skip_spaces(&next);
		apart = next.at > cursor->at;
		joined = skip_counters(&next, &address->rules);
		apart |= joined;
		*cursor = next;
		if (read_branch_letter(cursor, address))
		{
			skip_counters(cursor, &address->rules);
			apart = true;
			break;
		}
		if (!skip_joint(&next, &address->rules) && !joined)
			break;
		skip_spaces(&next);
		if (digit_length(next) == 0 && (numeral_length(next) == 0 || !numeral_ends_well(next)))
			break;
		append_to_lot(address, '-');
		*cursor = next;
	}
	address->building_apart = apart;
}

/* read_group appends one number without leading zeros; false if none stands there. */
static bool
read_group(Cursor *cursor, NormalAddress *address)
{
	size_t digits = digit_length(*cursor);
	size_t numeral = digits == 0 ? numeral_length(*cursor) : 0;
	char value[NUMERAL_MAX + 8];

	if (digits > 0)
	{
		while (digits > 1 && *cursor->at == '0')
			cursor->at++, digits--;
		for (; digits > 0; digits--)
			append_to_lot(address, *cursor->at++);
		return true;
	}
	if (numeral == 0 || !numeral_value(*cursor, numeral, value))
		return false;
	for (const char *digit = value; *digit != '\0'; digit++)
		append_to_lot(address, (uint32_t) *digit);
	cursor->at += numeral;
	address->rules |= RULE_NUMERAL;
	return true;
}

/* read_branch_letter appends the letter of a lot such as 1183番地イ or 1183-甲. */
static bool
read_branch_letter(Cursor *cursor, NormalAddress *address)
{
	static const char *const letters[] = {"イ", "ロ", "ハ", "ニ", "ホ", "ヘ", "ト", "チ",
	                                      "リ", "ヌ", "甲", "乙", "丙", "丁", "戊"};
	unsigned rules = 0;
	Cursor next = *cursor;

	if (next.at < next.end && *next.at == '-')
		next.at++;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
	{
		Cursor after = next;

		if (!SkipWord(&after, letters[i]))
			continue;
		/* a letter with more behind it begins a word: イーグルハイツ */
		if (after.at < after.end && *after.at != ' ' && !skip_counters(&after, &rules))
			return false;
		append_to_lot(address, *next.at);
		cursor->at = next.at + 1;
		return true;
	}
	return false;
}

/* skip_counters steps over 丁目, 番地, 番 and 号, as many as stand there. */
static bool
skip_counters(Cursor *cursor, unsigned *rules)
{
	const uint32_t *start = cursor->at;

	for (;;)
	{
		Cursor next = *cursor;

		skip_spaces(&next);
		if (StartsWith(next, "番町") || StartsWith(next, "号室") || StartsWith(next, "号棟") ||
		    StartsWith(next, "号館"))
			break;
		if (!SkipWord(&next, "丁目") && !SkipWord(&next, "番地") && !SkipWord(&next, "番") &&
		    !SkipWord(&next, "号"))
			break;
		*cursor = next;
	}
	if (cursor->at == start)
		return false;
	*rules |= RULE_LOT;
	return true;
}

/* skip_joint steps over a hyphen, の, ノ or 之 if a number follows it. */
static bool
skip_joint(Cursor *cursor, unsigned *rules)
{
	Cursor next = *cursor;
	unsigned rule = 0;

	skip_spaces(&next);
	if (next.at == next.end)
		return false;
	if (*next.at == HO)
		rule = RULE_HYPHEN;
	else if (StartsWith(next, "の") || StartsWith(next, "ノ") || StartsWith(next, "之"))
		rule = RULE_KANA;
	else if (*next.at != '-')
		return false;
	next.at++;
	skip_spaces(&next);
	if (digit_length(next) == 0 && (numeral_length(next) == 0 || !numeral_ends_well(next)))
		return false;
	*cursor = next;
	*rules |= rule;
	return true;
}

/* is_name_part knows what makes a number part of a place's name: 北3条, 2区, 一番町. */
static bool
is_name_part(Cursor cursor)
{
	static const char *const parts[] = {"条", "線", "軒", "本",   "区",   "組", "部",
	                                    "里", "社", "つ", "地割", "番町", "町", "村",
	                                    "市", "島", "ヶ", "ケ",   "か",   "カ", "丁町"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (StartsWith(cursor, parts[i]))
			return true;
	return false;
}

/* numeral_ends_well tells whether a kanji numeral is a number there: 番地三, not 番地三井荘. */
static bool
numeral_ends_well(Cursor cursor)
{
	unsigned rules = 0;

	cursor.at += numeral_length(cursor);
	return cursor.at == cursor.end || *cursor.at == ' ' || *cursor.at == '-' ||
	       skip_counters(&cursor, &rules) || StartsWith(cursor, "の") || StartsWith(cursor, "ノ") ||
	       StartsWith(cursor, "之");
}

static size_t
digit_length(Cursor cursor)
{
	size_t length = 0;

	while (cursor.at + length < cursor.end && cursor.at[length] >= '0' && cursor.at[length] <= '9')
		length++;
	return length;
}

/* numeral_length counts the kanji of a numeral; one that is too long or makes no value is none. */
static size_t
numeral_length(Cursor cursor)
{
	char value[NUMERAL_MAX + 8];
	size_t length = 0;

	while (cursor.at + length < cursor.end &&
	       (numeral_digit(cursor.at[length]) >= 0 || numeral_unit(cursor.at[length]) > 0))
		if (++length > NUMERAL_MAX)
			return 0;
	return numeral_value(cursor, length, value) ? length : 0;
}

/* numeral_value writes a numeral's value: 千百八十三 and 一一八三 are both 1183. */
static bool
numeral_value(Cursor cursor, size_t length, char digits[NUMERAL_MAX + 8])
{
	uint64_t total = 0;   /* before the last 万 */
	uint64_t section = 0; /* since */
	uint64_t last = 0;    /* digits not yet multiplied by a unit */
	bool pending = false;
	int written = 0;
	char reversed[24];

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		int digit = numeral_digit(cursor.at[i]);
		uint64_t unit = numeral_unit(cursor.at[i]);

		if (digit >= 0)
		{
			last = last * 10 + (uint64_t) digit;
			pending = true;
		}
		else if (unit == 10000)
		{
			total = (total + section + last) * 10000;
			section = last = 0;
			pending = false;
		}
		else
		{
			section += (pending ? last : 1) * unit;
			last = 0;
			pending = false;
		}
		/* a lot has no more; this also keeps the sums far from overflow */
		if (total + section + last > 999999999)
			return false;
	}
	total += section + last;
	do
		reversed[written++] = (char) ('0' + total % 10);
	while ((total /= 10) > 0);
	for (int i = 0; i < written; i++)
		digits[i] = reversed[written - 1 - i];
	digits[written] = '\0';
	return true;
}

static int
numeral_digit(uint32_t c)
{
	static const uint32_t numerals[] = {U'〇', U'一', U'二', U'三', U'四',
	                                    U'五', U'六', U'七', U'八', U'九'};

	for (int i = 0; i < 10; i++)
		if (c == numerals[i])
			return i;
	/* as deeds write them, against forgery */
	return c == U'零' ? 0 : c == U'壱' ? 1 : c == U'弐' ? 2 : c == U'参' ? 3 : -1;
}

static uint64_t
numeral_unit(uint32_t c)
{
	return c == U'十' || c == U'拾' ? 10
	       : c == U'百'             ? 100
	       : c == U'千'             ? 1000
	       : c == U'万'             ? 10000
	                                : 0;
}

static void
skip_spaces(Cursor *cursor)
{
	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
}

/* append_to_lot adds a character; a lot that overflows is worthless, for its end is lost. */
static void
append_to_lot(NormalAddress *address, uint32_t c)
{
	if (address->lot.length < FOLD_MAX)
		address->lot.character[address->lot.length++] = c;
	else
		address->usable = false;
}
