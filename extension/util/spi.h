/*
 * Static SQL that is prepared once in each backend.  A file keeps its
 * statements together at the top, as constants; none is put together from
 * values.  Include it after postgres.h.
 */
#ifndef PASSPORT_SPI_H
#define PASSPORT_SPI_H

#include "executor/spi.h"

#define STATEMENT_ARGUMENTS 14

typedef enum StatementPlan
{
	PLAN_BY_INDEX, /* planned once, for a few rows found by their keys */
	PLAN_ANEW      /* planned for each execution, by the size of its arrays */
} StatementPlan;

typedef struct Statement
{
	const char *sql;
	int arguments;
	Oid types[STATEMENT_ARGUMENTS];
	StatementPlan planning;
	bool stable;     /* sees what the calling query sees, and may change nothing */
	SPIPlanPtr plan; /* of this backend, kept */
} Statement;

extern uint64 RunStatement(Statement *statement, Datum *values, const char *nulls);
extern uint64 RunStatementOfNow(Statement *statement, Datum *values, const char *nulls);
extern void RunStatementTo(Statement *statement, Datum *values, const char *nulls,
                           DestReceiver *receiver);
extern Datum StatementValue(uint64 row, int column, bool *isnull);

#endif
