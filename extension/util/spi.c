/* Static SQL, prepared once: see spi.h. */
#include "postgres.h"

#include "nodes/parsenodes.h"

#include "util/spi.h"

/*
 * RunStatement executes a statement, preparing it on its first use, and
 * returns how many rows it returned or changed; nulls may be NULL.  The caller
 * is connected to SPI and finds the rows in SPI_tuptable.
 */
uint64
RunStatement(Statement *statement, Datum *values, const char *nulls)
{
	int result;

	if (statement->plan == NULL)
	{
		int options = CURSOR_OPT_PARALLEL_OK;
		SPIPlanPtr plan;

		if (statement->plan_anew)
			options |= CURSOR_OPT_CUSTOM_PLAN;
		plan = SPI_prepare_cursor(statement->sql, statement->arguments, statement->types, options);
		if (plan == NULL)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		statement->plan = plan;
	}
	result = SPI_execute_plan(statement->plan, values, nulls, false, 0);
	if (result < 0)
		elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(result));
	return SPI_processed;
}

/* StatementValue gives a value of the rows that the last statement returned. */
Datum
StatementValue(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}
