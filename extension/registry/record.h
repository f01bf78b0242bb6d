/*
 * A row of the resident register's extract: texts in, typed values and what is
 * wrong with them out.  Pure C.  The one set of rules for a resident's record,
 * whether it came as CSV or as JSON.
 */
#ifndef PASSPORT_RECORD_H
#define PASSPORT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/civil.h"

/* in the order of the columns of passport.resident_staging */
typedef enum RecordField
{
	RECORD_RESIDENT_NUMBER,
	RECORD_HOUSEHOLD_NUMBER,
	RECORD_RELATION,
	RECORD_NAME,
	RECORD_NAME_KANA,
	RECORD_NAME_ROMAN,
	RECORD_ALIAS,
	RECORD_BIRTH_DATE,
	RECORD_SEX,
	RECORD_ADDRESS,
	RECORD_OAZA,
	RECORD_KOAZA,
	RECORD_LOT,
	RECORD_BUILDING,
	RECORD_LON,
	RECORD_LAT,
	RECORD_LOCATION_PRECISION,
	RECORD_NATIONALITY_CLASS,
	RECORD_RESIDENCE_STATUS,
	RECORD_STAY_UNTIL,
	RECORD_LANGUAGE,
	RECORD_STATUS,
	RECORD_CHANGED_ON,
	RECORD_CHANGE_REASON,
	RECORD_PROTECTED,
	RECORD_NEEDS_HELP,
	RECORD_FIELDS
} RecordField;

typedef enum RecordKind
{
	RECORD_TEXT,
	RECORD_DATE,
	RECORD_BIRTH, /* a date of which parts may be unknown */
	RECORD_WORD,  /* one of a few */
	RECORD_TAG,   /* a language */
	RECORD_DEGREES,
	RECORD_FLAG,
} RecordKind;

typedef enum RecordProblem
{
	RECORD_FINE,
	RECORD_REQUIRED,
	RECORD_TOO_LONG,
	RECORD_CONTROL_CHARACTER,
	RECORD_INDIVIDUAL_NUMBER,
	RECORD_NO_DATE,
	RECORD_FUTURE,
	RECORD_NO_CHOICE,
	RECORD_FORMAT,
	RECORD_RANGE,
	RECORD_PAIR,
	RECORD_NO_FLAG,
} RecordProblem;

typedef struct RecordText
{
	const char *text; /* NULL: not given */
	size_t length;
} RecordText;

typedef struct RecordValue
{
	bool known;
	RecordText text; /* of a text, a word, a tag; of a birth with unknown parts: as it is written */
	CivilDay day;    /* of a date; CIVIL_NONE for a birth with unknown parts */
	double degrees;
	bool flag;
	RecordProblem problem;
} RecordValue;

#define RECORD_PROBLEM_TEXT_MAX 160

/*
 * ReadRecord reads a row as of a day, and returns whether it is good.  Blanks
 * at both ends of a value are dropped; what is empty is not known.
 */
extern bool ReadRecord(const RecordText given[RECORD_FIELDS], CivilDay today,
                       RecordValue values[RECORD_FIELDS]);

extern RecordKind RecordFieldKind(RecordField field);
extern const char *RecordFieldName(RecordField field);
extern const char *RecordProblemCode(RecordProblem problem);

/* DescribeRecordProblem says what is wrong with a field in a sentence, without its value. */
extern void DescribeRecordProblem(RecordField field, RecordProblem problem,
                                  char text[RECORD_PROBLEM_TEXT_MAX]);

#endif
