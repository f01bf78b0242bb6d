/*
 * selection(): whom an area concerns, each once and in order, and why.
 *
 * The rows come straight from the executor: to keep a million of them in a
 * tuplestore, a hash table and a sort takes longer than to find them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "util/spi.h"

#define SELECTION_FIRST 1024 /* residents for whom there is room at once */

/* $1 the area, whose type has another OID wherever PostGIS is created */
static Statement select_selected = {
    .sql = "SELECT s.resident_id, s.reason FROM passport.selected($1) AS s",
    .arguments = 1,
    .planning = PLAN_ANEW,
    .stable = true,
};

typedef struct Selected
{
	int64 resident_id;
	int16 reasons;
} Selected;

typedef struct Selection
{
	DestReceiver receiver;
	Selected *residents;
	Size count;
	Size room;
} Selection;

PG_FUNCTION_INFO_V1(passport_selection);

static void find_selected(FunctionCallInfo fcinfo, Selection *selection);
static bool receive(TupleTableSlot *row, DestReceiver *receiver);
static void begin(DestReceiver *receiver, int operation, TupleDesc form);
static void end(DestReceiver *receiver);
static void each_once(Selection *selection);
static int compare_selected(const void *a, const void *b);
static ArrayType *make_array(Size count, Oid type, Size width);

Datum
passport_selection(PG_FUNCTION_ARGS)
{
	Selection selection = {{receive, begin, end, end, DestTuplestore}};
	TupleDesc row;
	ArrayType *residents, *reasons;
	Datum values[2];
	bool nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "selection() returns a row");
	selection.room = SELECTION_FIRST;
	selection.residents = palloc(sizeof(Selected) * selection.room);
	find_selected(fcinfo, &selection);
	each_once(&selection);

	residents = make_array(selection.count, INT8OID, sizeof(int64));
	reasons = make_array(selection.count, INT2OID, sizeof(int16));
	for (Size i = 0; i < selection.count; i++)
	{
		((int64 *) ARR_DATA_PTR(residents))[i] = selection.residents[i].resident_id;
		((int16 *) ARR_DATA_PTR(reasons))[i] = selection.residents[i].reasons;
	}
	values[0] = PointerGetDatum(residents);
	values[1] = PointerGetDatum(reasons);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}

/* find_selected has the executor hand over every row of selected(). */
static void
find_selected(FunctionCallInfo fcinfo, Selection *selection)
{
	Datum area = PG_GETARG_DATUM(0);
	Oid *types;
	int count;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	select_selected.types[0] = types[0];
	SPI_connect();
	RunStatementTo(&select_selected, &area, NULL, &selection->receiver);
	SPI_finish();
}

/* receive takes a row of selected(). */
static bool
receive(TupleTableSlot *row, DestReceiver *receiver)
{
	Selection *selection = (Selection *) receiver;
	bool isnull;

	if (selection->count == selection->room)
	{
		selection->room *= 2;
		selection->residents =
		    repalloc_huge(selection->residents, sizeof(Selected) * selection->room);
	}
	selection->residents[selection->count++] =
	    (Selected){DatumGetInt64(slot_getattr(row, 1, &isnull)),
	               DatumGetInt16(slot_getattr(row, 2, &isnull))};
	return true;
}

static void
begin(DestReceiver *receiver, int operation, TupleDesc form)
{
}

static void
end(DestReceiver *receiver)
{
}

/* each_once sorts the residents and unites the reasons of whoever has several. */
static void
each_once(Selection *selection)
{
	Selected *residents = selection->residents;
	Size kept = 0;

	qsort(residents, selection->count, sizeof(Selected), compare_selected);
	for (Size i = 0; i < selection->count; i++)
		if (kept > 0 && residents[kept - 1].resident_id == residents[i].resident_id)
			residents[kept - 1].reasons |= residents[i].reasons;
		else
			residents[kept++] = residents[i];
	selection->count = kept;
}

static int
compare_selected(const void *a, const void *b)
{
	int64 left = ((const Selected *) a)->resident_id, right = ((const Selected *) b)->resident_id;

	return (left > right) - (left < right);
}

/* make_array returns an array of so many elements of a width that are yet to be written. */
static ArrayType *
make_array(Size count, Oid type, Size width)
{
	Size size = ARR_OVERHEAD_NONULLS(1) + count * width;
	ArrayType *array;

	if (count == 0)
		return construct_empty_array(type);
	if (!AllocSizeIsValid(size))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("an area has more residents than an array can hold")));
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = type;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	return array;
}
