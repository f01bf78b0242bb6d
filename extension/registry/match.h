/*
 * Is this card's holder that resident?  Pure C: values in, verdict out.
 */
#ifndef PASSPORT_MATCH_H
#define PASSPORT_MATCH_H

#include "registry/normalize.h"

typedef struct MatchText
{
	const char *text; /* NULL: not known */
	size_t length;
} MatchText;

typedef enum MatchSex
{
	SEX_UNKNOWN,
	SEX_MALE,
	SEX_FEMALE,
	SEX_OTHER,
} MatchSex;

/* what a card says of its holder */
typedef struct MatchCard
{
	MatchText name;
	MatchText name_substitution; /* the substitute map, one digit a character */
	MatchText address;
	bool birth_date_known;
	int32_t birth_date; /* any count of days */
	MatchSex sex;
	int own_prefecture; /* of the municipality, which its register may leave out; JIS X 0401 */
} MatchCard;

/* what the register says of a resident */
typedef struct MatchRecord
{
	MatchText name;
	MatchText name_kana; /* how the name is read */
	MatchText name_roman;
	MatchText alias;
	MatchText address;
	bool birth_date_known;
	int32_t birth_date;
	MatchSex sex;
} MatchRecord;

typedef enum Agreement
{
	DISAGREES,
	PARTLY, /* not against it, but no proof either: for a person to judge */
	AGREES,
} Agreement;

typedef struct FieldMatch
{
	Agreement agreement;
	const char *reason; /* NULL: the rules say it */
	unsigned rules;     /* of FoldRule: what made the spellings equal */
} FieldMatch;

typedef struct MatchVerdict
{
	FieldMatch name;
	FieldMatch birth_date;
	FieldMatch sex;
	FieldMatch address;
	float score; /* 0 to 1 */
	bool certain;
} MatchVerdict;

/* a card made ready to be compared with many residents */
typedef struct MatchSubject
{
	const MatchCard *card;
	FoldedText name;
	NormalAddress address;
} MatchSubject;

#define MATCH_REASON_MAX 160

extern void PrepareMatch(const MatchCard *card, MatchSubject *subject);

/* MatchResident compares one resident; certain stays false until DecideMatches. */
extern void MatchResident(const MatchSubject *subject, const MatchRecord *record,
                          MatchVerdict *verdict);

/*
 * DecideMatches marks the one verdict that may link by itself: name, birth
 * date and sex agree, the address agrees to the lot, and nobody else with
 * that birth date shares the name or the address (twins, duplicates).  An
 * incomplete list of candidates decides nothing.
 */
extern void DecideMatches(MatchVerdict *verdicts, size_t count, bool complete);

/* DescribeField writes why a field is (not) equal: "equal", "width+old_form", "different" ... */
extern void DescribeField(const FieldMatch *field, char text[MATCH_REASON_MAX]);

#endif
