#include "registry/match.h"

#include <stdio.h>
#include <string.h>

#include "registry/reading.h"

/* of a hundred */
#define NAME_WEIGHT 40
#define BIRTH_DATE_WEIGHT 30
#define ADDRESS_WEIGHT 20
#define SEX_WEIGHT 10

static FieldMatch match_name(const MatchSubject *subject, const MatchRecord *record);
static FieldMatch match_name_form(const MatchSubject *subject, const MatchText *form,
                                  const FoldedText *reading);
static FieldMatch match_address(const MatchSubject *subject, const MatchText *text);
static FieldMatch match_place(const MatchSubject *subject, const NormalAddress *recorded,
                              unsigned rules);
static bool same_bytes(const MatchText *a, const MatchText *b);
static bool same_characters(const uint32_t *a, size_t a_length, const uint32_t *b, size_t b_length);
static bool begins_alike(const CharacterRow *a, const CharacterRow *b);
static int weigh(FieldMatch field, int weight);
static bool is_rival(const MatchVerdict *verdict);

static const FieldMatch different = {DISAGREES, "different", 0};

void
PrepareMatch(const MatchCard *card, MatchSubject *subject)
{
	subject->card = card;
	NormalizeName(card->name.text, card->name.length, card->name_substitution.text,
	              card->name_substitution.length, &subject->name);
	NormalizeAddress(card->address.text, card->address.length, &subject->address);
}

void
MatchResident(const MatchSubject *subject, const MatchRecord *record, MatchVerdict *verdict)
{
	const MatchCard *card = subject->card;

	verdict->name = match_name(subject, record);
	verdict->address = match_address(subject, &record->address);
	if (!card->birth_date_known || !record->birth_date_known)
		verdict->birth_date = (FieldMatch){PARTLY, "unknown", 0};
	else if (card->birth_date == record->birth_date)
		verdict->birth_date = (FieldMatch){AGREES, NULL, 0};
	else
		verdict->birth_date = different;
	if (card->sex == record->sex)
		verdict->sex = (FieldMatch){AGREES, NULL, 0};
	else if (card->sex == SEX_UNKNOWN || record->sex == SEX_UNKNOWN)
		verdict->sex = (FieldMatch){PARTLY, "unknown", 0};
	else
		verdict->sex = different;
	verdict->score =
	    (float) (weigh(verdict->name, NAME_WEIGHT) + weigh(verdict->birth_date, BIRTH_DATE_WEIGHT) +
	             weigh(verdict->address, ADDRESS_WEIGHT) + weigh(verdict->sex, SEX_WEIGHT)) /
	    100;
	verdict->certain = false;
}

void
DecideMatches(MatchVerdict *verdicts, size_t count, bool complete)
{
	MatchVerdict *only = NULL;
	size_t rivals = 0;

	for (size_t i = 0; i < count; i++)
		if (is_rival(&verdicts[i]))
		{
			only = &verdicts[i];
			rivals++;
		}
	if (complete && rivals == 1 && only->name.agreement == AGREES &&
	    only->birth_date.agreement == AGREES && only->sex.agreement == AGREES &&
	    only->address.agreement == AGREES)
		only->certain = true;
}

void
DescribeField(const FieldMatch *field, char text[MATCH_REASON_MAX])
{
	unsigned rules = field->rules;
	size_t length;

	if (field->reason != NULL || rules == 0)
	{
		snprintf(text, MATCH_REASON_MAX, "%s", field->reason != NULL ? field->reason : "equal");
		return;
	}
	length = 0;
	for (; rules != 0 && length < MATCH_REASON_MAX; rules &= rules - 1)
		length += (size_t) snprintf(text + length, MATCH_REASON_MAX - length, "%s%s",
		                            length > 0 ? "+" : "", FoldRuleName(rules));
}

/* is_rival tells whether somebody could be the holder: the birth date and one thing more agree. */
static bool
is_rival(const MatchVerdict *verdict)
{
	return verdict->birth_date.agreement != DISAGREES &&
	       (verdict->name.agreement != DISAGREES || verdict->address.agreement != DISAGREES);
}

/* match_name tries the registered name, then the roman one, then the legal alias. */
static FieldMatch
match_name(const MatchSubject *subject, const MatchRecord *record)
{
	FoldedText reading;
	FieldMatch field, other;

	NormalizeName(record->name_kana.text, record->name_kana.length, NULL, 0, &reading);
	field = match_name_form(subject, &record->name, &reading);
	if (field.agreement == AGREES)
		return field;
	reading.usable = false; /* it reads the registered name only */
	/* the roman name is a foreign resident's name of record */
	other = match_name_form(subject, &record->name_roman, &reading);
	if (other.agreement == AGREES)
		return (FieldMatch){AGREES, "roman_name", other.rules};
	/* an alias may be changed, and two people may choose the same */
	other = match_name_form(subject, &record->alias, &reading);
	if (other.agreement == AGREES)
		return (FieldMatch){PARTLY, "alias", other.rules};
	return field;
}

/*
 * match_name_form compares the card's name with one form of the registered
 * one.  Where the card's substitute map flags a character, it stands for one
 * that no certificate can hold; if the register has such a one there, nothing
 * speaks against it, but only the table of forms or, for kana, the registered
 * reading can prove it.
 */
static FieldMatch
match_name_form(const MatchSubject *subject, const MatchText *form, const FoldedText *reading)
{
	const FoldedText *asked = &subject->name;
	FoldedText recorded;
	unsigned rules = 0;
	bool proven = true;
	size_t at = 0;

	if (form->text == NULL || !asked->usable)
		return different;
	NormalizeName(form->text, form->length, NULL, 0, &recorded);
	if (!recorded.usable)
		return different;
	for (size_t i = 0; i < asked->length;)
	{
		bool flagged = (asked->mark[i] & MARK_SUBSTITUTED) != 0;
		bool same = at < recorded.length && asked->character[i] == recorded.character[at];
		size_t kana = flagged && !same ? KanaRun(asked, i) : 0;
		size_t rare = RareRun(&recorded, at, kana > 0 ? kana : 1, asked, i + kana);

		rules |= flagged ? RULE_SUBSTITUTE : 0;
		if (!same && (!flagged || rare == 0))
			return different;
		if (kana > 0 && ReadingAgrees(asked, i, i + kana, reading))
			rules |= RULE_READING;
		else
			proven &= same;
		i += kana > 0 ? kana : 1;
		at += kana > 0 ? rare : 1;
	}
	if (at != recorded.length)
		return different;
	if (!proven)
		return (FieldMatch){PARTLY, "substitute_unproven", 0};
	if (same_bytes(&subject->card->name, form))
		return (FieldMatch){AGREES, NULL, 0};
	return (FieldMatch){AGREES, NULL, asked->rules | recorded.rules | rules};
}

/* match_address compares from the municipality's name to the lot, then asks what proves the rest.
 */
static FieldMatch
match_address(const MatchSubject *subject, const MatchText *text)
{
	const NormalAddress *asked = &subject->address;
	NormalAddress recorded;
	unsigned rules;

	if (text->text == NULL || !asked->usable)
		return different;
	NormalizeAddress(text->text, text->length, &recorded);
	if (!recorded.usable)
		return different;
	rules = same_bytes(&subject->card->address, text) ? 0 : asked->rules | recorded.rules;
	if ((asked->prefecture == 0) != (recorded.prefecture == 0))
		rules |= RULE_PREFECTURE_OMITTED;
	if (recorded.prefecture == 0)
		recorded.prefecture = subject->card->own_prefecture;
	/* there are two 南牧村: what is given of prefecture and county must not differ */
	if (asked->prefecture != 0 && asked->prefecture != recorded.prefecture)
		return different;
	if (asked->county_length > 0 && recorded.county_length > 0)
	{
		if (!same_characters(asked->county, asked->county_length, recorded.county,
		                     recorded.county_length))
			return different;
	}
	else if (asked->county_length != recorded.county_length)
		rules |= RULE_COUNTY_OMITTED;
	return match_place(subject, &recorded, rules);
}

static FieldMatch
match_place(const MatchSubject *subject, const NormalAddress *recorded, unsigned rules)
{
	const NormalAddress *asked = &subject->address;
	bool county_agrees = asked->county_length > 0 && recorded->county_length > 0;

	if (!same_characters(asked->place.character, asked->place.length, recorded->place.character,
	                     recorded->place.length))
	{
		/* 海ノ口芝 and 海ノ口: most likely the 小字 of the same lot, but a lot may be counted by it
		 */
		if (asked->lot.length > 0 && begins_alike(&asked->place, &recorded->place) &&
		    same_characters(asked->lot.character, asked->lot.length, recorded->lot.character,
		                    recorded->lot.length))
			return (FieldMatch){PARTLY, "koaza_omitted", rules};
		return different;
	}
	if (!same_characters(asked->lot.character, asked->lot.length, recorded->lot.character,
	                     recorded->lot.length))
		return (FieldMatch){DISAGREES, "other_lot", 0};
	if (asked->lot.length == 0)
		return (FieldMatch){PARTLY, "no_lot", rules};
	if (asked->prefecture == 0 && !county_agrees)
		return (FieldMatch){PARTLY, "municipality_unproven", rules};
	if (same_characters(asked->building.character, asked->building.length,
	                    recorded->building.character, recorded->building.length))
		return (FieldMatch){AGREES, NULL, rules};
	if ((asked->building.length == 0 && recorded->building_apart) ||
	    (recorded->building.length == 0 && asked->building_apart))
		return (FieldMatch){AGREES, NULL, rules | RULE_BUILDING_OMITTED};
	return (FieldMatch){PARTLY, "other_building", rules};
}

static bool
same_bytes(const MatchText *a, const MatchText *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool
same_characters(const uint32_t *a, size_t a_length, const uint32_t *b, size_t b_length)
{
	return a_length == b_length && memcmp(a, b, a_length * sizeof(uint32_t)) == 0;
}

/* begins_alike tells whether the shorter row is the beginning of the longer one. */
static bool
begins_alike(const CharacterRow *a, const CharacterRow *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;

	return memcmp(a->character, b->character, shorter * sizeof(uint32_t)) == 0;
}

/* weigh gives a field its weight, and half of it where nothing is proven. */
static int
weigh(FieldMatch field, int weight)
{
	return field.agreement == AGREES ? weight : field.agreement == PARTLY ? weight / 2 : 0;
}
