/*
 * read_record(): a staged row of the extract, judged by record.c, as typed
 * columns.  It is called for each of a million rows: what does not change
 * between two is kept with the call.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/typcache.h"

#include "passport.h"
#include "registry/record.h"

/* columns of passport.resident_staging before the record's fields */
#define STAGING_HEAD 2
/* columns of the result behind the fields: the birth as it is written, the problems */
#define RESULT_BIRTH_WRITTEN RECORD_FIELDS
#define RESULT_PROBLEMS (RECORD_FIELDS + 1)
#define RESULT_COLUMNS (RECORD_FIELDS + 2)

typedef struct ReadCall
{
	TupleDesc staging;
	TupleDesc result;
} ReadCall;

PG_FUNCTION_INFO_V1(passport_read_record);

static ReadCall *prepare_call(FunctionCallInfo fcinfo, HeapTupleHeader row);
static void read_texts(const ReadCall *call, HeapTupleHeader row, RecordText *texts);
static Datum field_datum(RecordField field, const RecordValue *value, bool *isnull);
static Datum text_datum(RecordText text);
static Jsonb *list_problems(const RecordValue *values);

Datum
passport_read_record(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	ReadCall *call = prepare_call(fcinfo, row);
	RecordText texts[RECORD_FIELDS];
	RecordValue values[RECORD_FIELDS];
	const RecordValue *birth = &values[RECORD_BIRTH_DATE];
	Datum columns[RESULT_COLUMNS];
	bool nulls[RESULT_COLUMNS];
	bool good;

	read_texts(call, row, texts);
	good = ReadRecord(texts, PassportToday(), values);
	for (int i = 0; i < RECORD_FIELDS; i++)
		columns[i] = field_datum((RecordField) i, &values[i], &nulls[i]);
	nulls[RESULT_BIRTH_WRITTEN] = !birth->known || birth->day != CIVIL_NONE;
	columns[RESULT_BIRTH_WRITTEN] =
	    nulls[RESULT_BIRTH_WRITTEN] ? (Datum) 0 : text_datum(birth->text);
	nulls[RESULT_PROBLEMS] = good;
	columns[RESULT_PROBLEMS] = good ? (Datum) 0 : JsonbPGetDatum(list_problems(values));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(call->result, columns, nulls)));
}

/* prepare_call looks the two row types up once for a whole query. */
static ReadCall *
prepare_call(FunctionCallInfo fcinfo, HeapTupleHeader row)
{
	ReadCall *call = fcinfo->flinfo->fn_extra;
	MemoryContext caller;

	if (call != NULL)
		return call;
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	call = palloc(sizeof(ReadCall));
	call->staging =
	    lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	if (call->staging->natts != STAGING_HEAD + RECORD_FIELDS)
		elog(ERROR, "the staged row has other columns than the library knows");
	if (get_call_result_type(fcinfo, NULL, &call->result) != TYPEFUNC_COMPOSITE ||
	    call->result->natts != RESULT_COLUMNS)
		elog(ERROR, "return type must be the row type of a record");
	call->result = BlessTupleDesc(CreateTupleDescCopy(call->result));
	MemoryContextSwitchTo(caller);
	fcinfo->flinfo->fn_extra = call;
	return call;
}

static void
read_texts(const ReadCall *call, HeapTupleHeader row, RecordText *texts)
{
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};
	Datum values[STAGING_HEAD + RECORD_FIELDS];
	bool nulls[STAGING_HEAD + RECORD_FIELDS];

	ItemPointerSetInvalid(&tuple.t_self);
	heap_deform_tuple(&tuple, call->staging, values, nulls);
	for (int i = 0; i < RECORD_FIELDS; i++)
	{
		texts[i] = (RecordText){NULL, 0};
		if (!nulls[STAGING_HEAD + i])
		{
			text *value = DatumGetTextPP(values[STAGING_HEAD + i]);

			texts[i] = (RecordText){VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
		}
	}
}

static Datum
field_datum(RecordField field, const RecordValue *value, bool *isnull)
{
	*isnull = !value->known;
	if (*isnull)
		return (Datum) 0;
	switch (RecordFieldKind(field))
	{
		case RECORD_DATE:
		case RECORD_BIRTH:
			*isnull = value->day == CIVIL_NONE;
			return DateADTGetDatum(value->day);
		case RECORD_DEGREES:
			return Float8GetDatum(value->degrees);
		case RECORD_FLAG:
			return BoolGetDatum(value->flag);
		case RECORD_TEXT:
		case RECORD_WORD:
		case RECORD_TAG:
			break;
	}
	return text_datum(value->text);
}

static Datum
text_datum(RecordText text)
{
	return PointerGetDatum(cstring_to_text_with_len(text.text, (int) text.length));
}

/* list_problems gives an array of {"field", "code", "text"}; all words are our own. */
static Jsonb *
list_problems(const RecordValue *values)
{
	StringInfoData json;
	char text[RECORD_PROBLEM_TEXT_MAX];

	initStringInfo(&json);
	for (int i = 0; i < RECORD_FIELDS; i++)
	{
		RecordField field = (RecordField) i;

		if (values[i].problem == RECORD_FINE)
			continue;
		DescribeRecordProblem(field, values[i].problem, text);
		appendStringInfo(&json, "%s{\"field\": \"%s\", \"code\": \"%s\", \"text\": ",
		                 json.len == 0 ? "[" : ", ", RecordFieldName(field),
		                 RecordProblemCode(values[i].problem));
		escape_json(&json, text);
		appendStringInfoChar(&json, '}');
	}
	appendStringInfoChar(&json, ']');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
