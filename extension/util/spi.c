/* Static SQL, prepared once: see spi.h. */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "optimizer/cost.h"
#include "utils/snapmgr.h"

#include "util/spi.h"

static void prepare(Statement *statement);
static ParamListInfo parameters(const Statement *statement, Datum *values, const char *nulls);
static uint64 run(Statement *statement, Datum *values, const char *nulls, Snapshot snapshot);
static int execute(Statement *statement, Datum *values, const char *nulls, Snapshot snapshot);
static int execute_by_index(Statement *statement, Datum *values, const char *nulls,
                            Snapshot snapshot);

/*
 * RunStatement executes a statement, preparing it on its first use, and
 * returns how many rows it returned or changed; nulls may be NULL.  The caller
 * is connected to SPI and finds the rows in SPI_tuptable.
 */
uint64
RunStatement(Statement *statement, Datum *values, const char *nulls)
{
	return run(statement, values, nulls, InvalidSnapshot);
}

/*
 * RunStatementOfNow reads what is committed at this moment, and what this
 * transaction did, even where its own snapshot is older (REPEATABLE READ).
 */
uint64
RunStatementOfNow(Statement *statement, Datum *values, const char *nulls)
{
	return run(statement, values, nulls, GetLatestSnapshot());
}

/*
 * RunStatementTo hands each row of a SELECT over as the executor finds it, so
 * that a million of them need not be kept.
 */
void
RunStatementTo(Statement *statement, Datum *values, const char *nulls, DestReceiver *receiver)
{
	SPIExecuteOptions options = {.read_only = statement->stable, .dest = receiver};
	int result;

	if (statement->plan == NULL)
		prepare(statement);
	options.params = parameters(statement, values, nulls);
	result = SPI_execute_plan_extended(statement->plan, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(result));
}

static ParamListInfo
parameters(const Statement *statement, Datum *values, const char *nulls)
{
	ParamListInfo list = makeParamList(statement->arguments);

	for (int i = 0; i < statement->arguments; i++)
		list->params[i] = (ParamExternData){values[i], nulls != NULL && nulls[i] == 'n',
		                                    PARAM_FLAG_CONST, statement->types[i]};
	return list;
}

/* StatementValue gives a value of the rows that the last statement returned. */
Datum
StatementValue(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

static uint64
run(Statement *statement, Datum *values, const char *nulls, Snapshot snapshot)
{
	int result;

	if (statement->plan == NULL)
		prepare(statement);
	if (statement->planning == PLAN_BY_INDEX)
		result = execute_by_index(statement, values, nulls, snapshot);
	else
		result = execute(statement, values, nulls, snapshot);
	if (result < 0)
		elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(result));
	return SPI_processed;
}

static int
execute(Statement *statement, Datum *values, const char *nulls, Snapshot snapshot)
{
	return SPI_execute_snapshot(statement->plan, values, nulls, snapshot, InvalidSnapshot,
	                            statement->stable || snapshot != InvalidSnapshot, true, 0);
}

static void
prepare(Statement *statement)
{
	int options =
	    statement->planning == PLAN_ANEW ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN;
	SPIPlanPtr plan =
	    SPI_prepare_cursor(statement->sql, statement->arguments, statement->types, options);

	if (plan == NULL)
		elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	statement->plan = plan;
}

/*
 * execute_by_index executes a statement without letting the planner choose a
 * sequential scan.  It would, while a table is empty, and keep that plan while
 * the table grows until something analyzes it.  The variable is that of the
 * setting: a SET clause at the function would cost as much as a statement.
 */
static int
execute_by_index(Statement *statement, Datum *values, const char *nulls, Snapshot snapshot)
{
	bool caller = enable_seqscan;
	int result = 0;

	PG_TRY();
	{
		enable_seqscan = false;
		result = execute(statement, values, nulls, snapshot);
	}
	PG_FINALLY();
	{
		enable_seqscan = caller;
	}
	PG_END_TRY();
	return result;
}
