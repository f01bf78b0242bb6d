/*
 * InsertRows(): as COPY does it.  INSERT ... SELECT locks, logs and looks for
 * room once for each row, COPY once for each page; of a million messages that
 * is a third of the time until the first of them can be sent.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "util/bulk.h"

#define BULK_ROWS 1000 /* that are held before they are written, as in COPY */

typedef struct Bulk
{
	DestReceiver receiver;
	EState *estate;
	ResultRelInfo *target;
	TupleConversionMap *map; /* NULL: the rows are as the table's */
	CommandId command;
	TupleTableSlot *rows[BULK_ROWS];
	int held;
	int64 last_resident;
	BulkCount count;
} Bulk;

static ResultRelInfo *open_target(const char *name);
static void begin(DestReceiver *receiver, int operation, TupleDesc form);
static bool receive(TupleTableSlot *row, DestReceiver *receiver);
static TupleTableSlot *next_row(Bulk *bulk);
static void write_rows(Bulk *bulk);
static void end(DestReceiver *receiver);
static void destroy(DestReceiver *receiver);

/*
 * InsertRows executes a SELECT whose columns are those of a table of our
 * schema, in their order, resident_id first, and inserts its rows.  They come
 * in the residents' order, so that these can be counted.  Constraints and
 * privileges hold as ever.  There must be no trigger for INSERT, nor is there
 * one in all the schema: triggers only forbid.
 */
BulkCount
InsertRows(Statement *statement, Datum *values, const char *nulls, const char *table)
{
	Bulk bulk = {{receive, begin, end, destroy, DestIntoRel}};

	bulk.estate = CreateExecutorState();
	bulk.target = open_target(table);
	RunStatementTo(statement, values, nulls, &bulk.receiver);

	ExecResetTupleTable(bulk.estate->es_tupleTable, false);
	ExecCloseIndices(bulk.target);
	table_close(bulk.target->ri_RelationDesc, NoLock);
	FreeExecutorState(bulk.estate);
	return bulk.count;
}

static ResultRelInfo *
open_target(const char *name)
{
	Oid schema = get_namespace_oid("passport", false);
	Relation table = table_open(get_relname_relid(name, schema), RowExclusiveLock);
	ResultRelInfo *target = makeNode(ResultRelInfo);

	if (pg_class_aclcheck(RelationGetRelid(table), GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
	if (table->trigdesc != NULL &&
	    (table->trigdesc->trig_insert_before_row || table->trigdesc->trig_insert_after_row ||
	     table->trigdesc->trig_insert_before_statement ||
	     table->trigdesc->trig_insert_after_statement))
		elog(ERROR, "table %s has a trigger for INSERT", name);
	InitResultRelInfo(target, table, 0, NULL, 0);
	ExecOpenIndices(target, false);
	return target;
}

static void
begin(DestReceiver *receiver, int operation, TupleDesc form)
{
	Bulk *bulk = (Bulk *) receiver;

	/* that of the statement, which must not see its own rows */
	bulk->command = GetCurrentCommandId(true);
	bulk->map =
	    convert_tuples_by_position(form, RelationGetDescr(bulk->target->ri_RelationDesc),
	                               "the columns of the statement are not those of the table");
}

/* receive keeps a row until there are enough of them to write. */
static bool
receive(TupleTableSlot *row, DestReceiver *receiver)
{
	Bulk *bulk = (Bulk *) receiver;
	TupleTableSlot *kept = next_row(bulk);
	int64 resident;
	bool isnull;

	if (bulk->map != NULL)
		execute_attr_map_slot(bulk->map->attrMap, row, kept);
	else
		ExecCopySlot(kept, row);
	ExecConstraints(bulk->target, kept, bulk->estate);
	resident = DatumGetInt64(slot_getattr(kept, 1, &isnull));
	if (bulk->count.rows == 0 || resident != bulk->last_resident)
		bulk->count.residents++;
	bulk->last_resident = resident;
	bulk->count.rows++;
	bulk->held++;
	return true;
}

/* next_row returns the place of the next row, having written those before when all are taken. */
static TupleTableSlot *
next_row(Bulk *bulk)
{
	if (bulk->held == BULK_ROWS)
		write_rows(bulk);
	if (bulk->rows[bulk->held] == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(bulk->estate->es_query_cxt);

		bulk->rows[bulk->held] =
		    table_slot_create(bulk->target->ri_RelationDesc, &bulk->estate->es_tupleTable);
		MemoryContextSwitchTo(before);
	}
	return bulk->rows[bulk->held];
}

/* write_rows writes the rows that are held, and their index entries. */
static void
write_rows(Bulk *bulk)
{
	MemoryContext before = MemoryContextSwitchTo(GetPerTupleMemoryContext(bulk->estate));

	CHECK_FOR_INTERRUPTS();
	table_multi_insert(bulk->target->ri_RelationDesc, bulk->rows, bulk->held, bulk->command, 0,
	                   NULL);
	for (int i = 0; i < bulk->held; i++)
	{
		INSERT_INDEX_TUPLES(bulk->target, bulk->rows[i], bulk->estate);
		ExecClearTuple(bulk->rows[i]);
		ResetPerTupleExprContext(bulk->estate);
	}
	MemoryContextSwitchTo(before);
	bulk->held = 0;
}

static void
end(DestReceiver *receiver)
{
	Bulk *bulk = (Bulk *) receiver;

	if (bulk->held > 0)
		write_rows(bulk);
}

static void
destroy(DestReceiver *receiver)
{
}
