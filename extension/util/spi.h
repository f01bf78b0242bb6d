/*
 * Static SQL that is prepared once in each backend.  A file keeps its
 * statements together at the top, as constants; none is put together from
 * values.  Include it after postgres.h.
 */
#ifndef PASSPORT_SPI_H
#define PASSPORT_SPI_H

#include "executor/spi.h"

#define STATEMENT_ARGUMENTS 12

typedef struct Statement
{
	const char *sql;
	int arguments;
	Oid types[STATEMENT_ARGUMENTS];
	bool plan_anew;  /* for each execution: it depends on the size of an array */
	SPIPlanPtr plan; /* of this backend, kept */
} Statement;

extern uint64 RunStatement(Statement *statement, Datum *values, const char *nulls);
extern Datum StatementValue(uint64 row, int column, bool *isnull);

#endif
