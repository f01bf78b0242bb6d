/*
 * Any bytes as a row of the register's extract, its fields parted by line
 * feeds: nothing may crash, and what is called good keeps to its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../extension/registry/individual_number.c"
#include "../../extension/registry/record.c"
#include "../../extension/util/civil.c"

#define TODAY 9678 /* 2026-07-01 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
Expect(bool good)
{
	if (!good)
		abort();
}

static void
CheckValue(RecordField field, const RecordValue *value)
{
	const FieldRule *rule = &rules[field];

	if (!value->known)
	{
		Expect(value->problem != RECORD_FINE || !rule->required);
		return;
	}
	Expect(value->text.length <= rule->longest * BYTES_OF_CHARACTER);
	Expect(!HoldsIndividualNumber(value->text.text, value->text.length));
	switch (rule->kind)
	{
		case RECORD_BIRTH:
			Expect(value->day == CIVIL_NONE ? value->text.length == 10 : value->day <= TODAY);
			break;
		case RECORD_DATE:
			Expect(CivilDateOf(value->day).year >= 1800 && CivilDateOf(value->day).year <= 2199);
			break;
		case RECORD_DEGREES:
			Expect(value->degrees >= rule->lowest && value->degrees <= rule->highest);
			break;
		default:
			break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *) data;
	const char *end = at + size;
	RecordText given[RECORD_FIELDS];
	RecordValue values[RECORD_FIELDS] = {0};
	char text[RECORD_PROBLEM_TEXT_MAX];
	bool good, fine = true;

	for (int i = 0; i < RECORD_FIELDS; i++)
	{
		const char *stop = at < end ? memchr(at, '\n', (size_t) (end - at)) : NULL;

		if (stop == NULL)
			stop = end;
		given[i] = (RecordText){at < end ? at : NULL, (size_t) (stop - at)};
		at = stop < end ? stop + 1 : end;
	}
	good = ReadRecord(given, TODAY, values);
	for (int i = 0; i < RECORD_FIELDS; i++)
	{
		RecordField field = (RecordField) i;

		fine = fine && values[i].problem == RECORD_FINE;
		CheckValue(field, &values[i]);
		DescribeRecordProblem(field, values[i].problem, text);
		Expect(strlen(text) > 0 && strlen(text) < sizeof(text) - 1);
		Expect(RecordProblemCode(values[i].problem) != NULL);
	}
	Expect(good == fine);
	return 0;
}
