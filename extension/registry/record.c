#include "registry/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/individual_number.h"

/* a word of ours, and the register's own for it */
typedef struct RecordWord
{
	const char *word;
	const char *written;
} RecordWord;

typedef struct FieldRule
{
	const char *name;
	RecordKind kind;
	size_t longest; /* characters */
	bool required;
	const RecordWord *words;
	double lowest, highest; /* degrees: Japan's own extent, which catches lon and lat exchanged */
} FieldRule;

static const RecordWord sexes[] = {
    {"male", "男"}, {"female", "女"}, {"other", "その他"}, {"unknown", "不明"}, {NULL, NULL}};
static const RecordWord precisions[] = {
    {"parcel", "地番"}, {"koaza", "小字"}, {"oaza", "大字"}, {NULL, NULL}};
static const RecordWord nationalities[] = {{"japanese", "日本人"},
                                           {"permanent", "永住者"},
                                           {"period_of_stay", "中長期在留者"},
                                           {"special_permanent", "特別永住者"},
                                           {NULL, NULL}};
static const RecordWord statuses[] = {{"resident", "住民"},
                                      {"moved_out", "転出"},
                                      {"deceased", "死亡"},
                                      {"non_resident", "住登外"},
                                      {NULL, NULL}};
static const RecordWord flags[] = {
    {"true", "有"}, {"true", "1"}, {"false", "無"}, {"false", "0"}, {NULL, NULL}};

static const FieldRule rules[RECORD_FIELDS] = {
    [RECORD_RESIDENT_NUMBER] = {.name = "resident_number",
                                .kind = RECORD_TEXT,
                                .longest = 20,
                                .required = true},
    [RECORD_HOUSEHOLD_NUMBER] = {.name = "household_number", .kind = RECORD_TEXT, .longest = 20},
    [RECORD_RELATION] = {.name = "relation", .kind = RECORD_TEXT, .longest = 50},
    [RECORD_NAME] = {.name = "name", .kind = RECORD_TEXT, .longest = 200, .required = true},
    [RECORD_NAME_KANA] = {.name = "name_kana", .kind = RECORD_TEXT, .longest = 200},
    [RECORD_NAME_ROMAN] = {.name = "name_roman", .kind = RECORD_TEXT, .longest = 200},
    [RECORD_ALIAS] = {.name = "alias", .kind = RECORD_TEXT, .longest = 200},
    [RECORD_BIRTH_DATE] = {.name = "birth_date", .kind = RECORD_BIRTH, .longest = 10},
    [RECORD_SEX] = {.name = "sex", .kind = RECORD_WORD, .longest = 20, .words = sexes},
    [RECORD_ADDRESS] = {.name = "address", .kind = RECORD_TEXT, .longest = 400},
    [RECORD_OAZA] = {.name = "oaza", .kind = RECORD_TEXT, .longest = 50},
    [RECORD_KOAZA] = {.name = "koaza", .kind = RECORD_TEXT, .longest = 50},
    [RECORD_LOT] = {.name = "lot", .kind = RECORD_TEXT, .longest = 50},
    [RECORD_BUILDING] = {.name = "building", .kind = RECORD_TEXT, .longest = 200},
    [RECORD_LON] =
        {.name = "lon", .kind = RECORD_DEGREES, .longest = 400, .lowest = 122, .highest = 154},
    [RECORD_LAT] =
        {.name = "lat", .kind = RECORD_DEGREES, .longest = 400, .lowest = 20, .highest = 46},
    [RECORD_LOCATION_PRECISION] = {.name = "location_precision",
                                   .kind = RECORD_WORD,
                                   .longest = 20,
                                   .words = precisions},
    [RECORD_NATIONALITY_CLASS] = {.name = "nationality_class",
                                  .kind = RECORD_WORD,
                                  .longest = 20,
                                  .words = nationalities},
    [RECORD_RESIDENCE_STATUS] = {.name = "residence_status", .kind = RECORD_TEXT, .longest = 50},
    [RECORD_STAY_UNTIL] = {.name = "stay_until", .kind = RECORD_DATE, .longest = 10},
    [RECORD_LANGUAGE] = {.name = "language", .kind = RECORD_TAG, .longest = 35},
    [RECORD_STATUS] = {.name = "status", .kind = RECORD_WORD, .longest = 20, .words = statuses},
    [RECORD_CHANGED_ON] = {.name = "changed_on", .kind = RECORD_DATE, .longest = 10},
    [RECORD_CHANGE_REASON] = {.name = "change_reason", .kind = RECORD_TEXT, .longest = 50},
    [RECORD_PROTECTED] = {.name = "protected", .kind = RECORD_FLAG, .longest = 20},
    [RECORD_NEEDS_HELP] = {.name = "needs_help", .kind = RECORD_FLAG, .longest = 20},
};

/* A character has four bytes at most; longer values are refused before they are read. */
#define BYTES_OF_CHARACTER 4

static RecordText without_blanks(RecordText text, bool first);
static RecordProblem read_value(RecordField field, CivilDay today, RecordValue *value);
static bool too_long(RecordText text, size_t longest);
static bool holds_control_character(RecordText text);
static bool read_number(RecordText text, size_t at, size_t digits, int *number);
static RecordProblem read_date(bool birth, CivilDay today, RecordValue *value);
static bool read_word(const RecordWord *words, RecordText *text);
static bool is_language_tag(RecordText text);
static bool read_degrees(const FieldRule *rule, RecordValue *value);

bool
ReadRecord(const RecordText given[RECORD_FIELDS], CivilDay today, RecordValue values[RECORD_FIELDS])
{
	bool good = true;

	for (int i = 0; i < RECORD_FIELDS; i++)
	{
		RecordValue *value = &values[i];

		value->text = without_blanks(given[i], i == 0);
		value->known = value->text.length > 0;
		value->day = CIVIL_NONE;
		value->degrees = 0;
		value->flag = false;
		value->problem = value->known        ? read_value(i, today, value)
		                 : rules[i].required ? RECORD_REQUIRED
		                                     : RECORD_FINE;
		if (value->problem != RECORD_FINE)
			value->known = good = false;
	}
	if (values[RECORD_LON].problem == RECORD_FINE && values[RECORD_LAT].problem == RECORD_FINE &&
	    values[RECORD_LON].known != values[RECORD_LAT].known)
	{
		values[RECORD_LON].problem = RECORD_PAIR;
		good = false;
	}
	return good;
}

/*
 * without_blanks drops spaces, also ideographic ones, at both ends.  A byte
 * order mark stands before the first value of a file that has no header.
 */
static RecordText
without_blanks(RecordText text, bool first)
{
	if (text.text == NULL)
		text.length = 0;
	if (first && text.length >= 3 && memcmp(text.text, "\xEF\xBB\xBF", 3) == 0)
		text.text += 3, text.length -= 3;
	for (;;)
	{
		if (text.length >= 1 && text.text[0] == ' ')
			text.text++, text.length--;
		else if (text.length >= 3 && memcmp(text.text, "\xE3\x80\x80", 3) == 0)
			text.text += 3, text.length -= 3;
		else if (text.length >= 1 && text.text[text.length - 1] == ' ')
			text.length--;
		else if (text.length >= 3 && memcmp(text.text + text.length - 3, "\xE3\x80\x80", 3) == 0)
			text.length -= 3;
		else
			return text;
	}
}

static RecordProblem
read_value(RecordField field, CivilDay today, RecordValue *value)
{
	const FieldRule *rule = &rules[field];

	if (too_long(value->text, rule->longest))
		return RECORD_TOO_LONG;
	if (holds_control_character(value->text))
		return RECORD_CONTROL_CHARACTER;
	if (HoldsIndividualNumber(value->text.text, value->text.length))
		return RECORD_INDIVIDUAL_NUMBER;
	switch (rule->kind)
	{
		case RECORD_TEXT:
			return RECORD_FINE;
		case RECORD_DATE:
		case RECORD_BIRTH:
			return read_date(rule->kind == RECORD_BIRTH, today, value);
		case RECORD_WORD:
			return read_word(rule->words, &value->text) ? RECORD_FINE : RECORD_NO_CHOICE;
		case RECORD_TAG:
			return is_language_tag(value->text) ? RECORD_FINE : RECORD_FORMAT;
		case RECORD_DEGREES:
			return read_degrees(rule, value) ? RECORD_FINE : RECORD_RANGE;
		case RECORD_FLAG:
			if (!read_word(flags, &value->text))
				return RECORD_NO_FLAG;
			value->flag = value->text.text[0] == 't';
			return RECORD_FINE;
	}
	return RECORD_FORMAT;
}

/* too_long counts characters, which begin with any byte but 10xxxxxx. */
static bool
too_long(RecordText text, size_t longest)
{
	size_t characters = 0;

	if (text.length > longest * BYTES_OF_CHARACTER)
		return true;
	for (size_t i = 0; i < text.length; i++)
		characters += ((unsigned char) text.text[i] & 0xC0) != 0x80;
	return characters > longest;
}

/* holds_control_character finds U+0000 to U+001F and U+007F to U+009F. */
static bool
holds_control_character(RecordText text)
{
	for (size_t i = 0; i < text.length; i++)
	{
		unsigned char c = (unsigned char) text.text[i];

		if (c < 0x20 || c == 0x7F)
			return true;
		if (c == 0xC2 && i + 1 < text.length && (unsigned char) text.text[i + 1] < 0xA0)
			return true;
	}
	return false;
}

static bool
read_number(RecordText text, size_t at, size_t digits, int *number)
{
	*number = 0;
	for (size_t i = at; i < at + digits; i++)
	{
		if (text.text[i] < '0' || text.text[i] > '9')
			return false;
		*number = *number * 10 + (text.text[i] - '0');
	}
	return true;
}

/*
 * read_date reads YYYY-MM-DD.  Of a birth the day, day and month, or all may
 * be unknown and written as zeros: then what is written is kept, and the day
 * is none, for nobody shall be matched, or come of age, by a guess.
 */
static RecordProblem
read_date(bool birth, CivilDay today, RecordValue *value)
{
	RecordText text = value->text;
	int year, month, day;
	CivilDate date;

	if (text.length != 10 || text.text[4] != '-' || text.text[7] != '-' ||
	    !read_number(text, 0, 4, &year) || !read_number(text, 5, 2, &month) ||
	    !read_number(text, 8, 2, &day) || month > 12 || day > 31)
		return RECORD_NO_DATE;
	if (birth && day == 0 && (year != 0 || month == 0))
	{
		if (year != 0 && (year < 1800 || year > 2199))
			return RECORD_NO_DATE;
		return year > CivilDateOf(today).year ? RECORD_FUTURE : RECORD_FINE;
	}
	if (year < 1800 || year > 2199 || month == 0 || day == 0)
		return RECORD_NO_DATE;
	value->day = CivilDayOf(year, month, day);
	date = CivilDateOf(value->day);
	/* a 31st that the month does not have counts on into the next one */
	if (date.month != month)
		return RECORD_NO_DATE;
	return birth && value->day > today ? RECORD_FUTURE : RECORD_FINE;
}

/* read_word puts our word in the place of the register's; false if it is neither. */
static bool
read_word(const RecordWord *words, RecordText *text)
{
	for (const RecordWord *at = words; at->word != NULL; at++)
		if ((text->length == strlen(at->word) && memcmp(text->text, at->word, text->length) == 0) ||
		    (text->length == strlen(at->written) &&
		     memcmp(text->text, at->written, text->length) == 0))
		{
			text->text = at->word;
			text->length = strlen(at->word);
			return true;
		}
	return false;
}

/* is_language_tag: two or three small letters, and up to three subtags of 2 to 8. */
static bool
is_language_tag(RecordText text)
{
	size_t at = 0;

	while (at < text.length && text.text[at] >= 'a' && text.text[at] <= 'z')
		at++;
	if (at < 2 || at > 3)
		return false;
	for (int subtags = 0; at < text.length; subtags++)
	{
		size_t begin = ++at;

		if (text.text[begin - 1] != '-' || subtags == 3)
			return false;
		while (at < text.length && ((text.text[at] >= 'a' && text.text[at] <= 'z') ||
		                            (text.text[at] >= 'A' && text.text[at] <= 'Z') ||
		                            (text.text[at] >= '0' && text.text[at] <= '9')))
			at++;
		if (at - begin < 2 || at - begin > 8)
			return false;
	}
	return true;
}

/* read_degrees reads a plain decimal number within the field's bounds. */
static bool
read_degrees(const FieldRule *rule, RecordValue *value)
{
	char number[64];
	size_t whole = 0, at;

	if (value->text.length >= sizeof(number))
		return false;
	memcpy(number, value->text.text, value->text.length);
	number[value->text.length] = '\0';
	while (number[whole] >= '0' && number[whole] <= '9')
		whole++;
	at = whole;
	if (number[at] == '.')
		for (at++; number[at] >= '0' && number[at] <= '9';)
			at++;
	if (whole < 1 || at != value->text.length || number[at - 1] == '.')
		return false;
	value->degrees = strtod(number, NULL);
	return value->degrees >= rule->lowest && value->degrees <= rule->highest;
}

RecordKind
RecordFieldKind(RecordField field)
{
	return rules[field].kind;
}

const char *
RecordFieldName(RecordField field)
{
	return rules[field].name;
}

const char *
RecordProblemCode(RecordProblem problem)
{
	static const char *const codes[] = {
	    [RECORD_FINE] = "fine",
	    [RECORD_REQUIRED] = "required",
	    [RECORD_TOO_LONG] = "too_long",
	    [RECORD_CONTROL_CHARACTER] = "control_character",
	    [RECORD_INDIVIDUAL_NUMBER] = "individual_number",
	    [RECORD_NO_DATE] = "date",
	    [RECORD_FUTURE] = "future",
	    [RECORD_NO_CHOICE] = "choice",
	    [RECORD_FORMAT] = "format",
	    [RECORD_RANGE] = "range",
	    [RECORD_PAIR] = "pair",
	    [RECORD_NO_FLAG] = "flag",
	};

	return codes[problem];
}

void
DescribeRecordProblem(RecordField field, RecordProblem problem, char text[RECORD_PROBLEM_TEXT_MAX])
{
	static const char *const sentences[] = {
	    [RECORD_FINE] = "Nothing is wrong.",
	    [RECORD_REQUIRED] = "The field is missing or blank.",
	    [RECORD_CONTROL_CHARACTER] = "The field holds a control character.",
	    [RECORD_INDIVIDUAL_NUMBER] = "The field holds an individual number, which is never stored.",
	    [RECORD_FUTURE] = "Nobody is born in the future.",
	    [RECORD_FORMAT] = "The field must be a language tag such as ja or zh-Hans.",
	    [RECORD_PAIR] = "Longitude and latitude come together or not at all.",
	    [RECORD_NO_FLAG] = "The field must be true or false (有, 無, 1, 0).",
	};
	const FieldRule *rule = &rules[field];
	size_t length = 0;

	switch (problem)
	{
		case RECORD_TOO_LONG:
			snprintf(text, RECORD_PROBLEM_TEXT_MAX, "The field holds more than %zu characters.",
			         rule->longest);
			return;
		case RECORD_NO_DATE:
			snprintf(text, RECORD_PROBLEM_TEXT_MAX, "The field must be a date that exists, %s",
			         rule->kind == RECORD_BIRTH ? "as YYYY-MM-DD, with 00 for what is unknown."
			                                    : "as YYYY-MM-DD.");
			return;
		case RECORD_NO_CHOICE:
			length = (size_t) snprintf(text, RECORD_PROBLEM_TEXT_MAX, "The field must be one of");
			for (const RecordWord *at = rule->words; at->word != NULL; at++)
				length += (size_t) snprintf(text + length, RECORD_PROBLEM_TEXT_MAX - length,
				                            " %s%s", at->word, at[1].word != NULL ? "," : ".");
			return;
		case RECORD_RANGE:
			snprintf(text, RECORD_PROBLEM_TEXT_MAX,
			         "The field must be a number of degrees from %.0f to %.0f.", rule->lowest,
			         rule->highest);
			return;
		default:
			snprintf(text, RECORD_PROBLEM_TEXT_MAX, "%s", sentences[problem]);
	}
}
