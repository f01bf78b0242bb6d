/*
 * Rows of a statement on their way into a table, many at a time.  Include it
 * after postgres.h.
 */
#ifndef PASSPORT_BULK_H
#define PASSPORT_BULK_H

#include "util/spi.h"

/* What was inserted: rows, and of how many residents they are. */
typedef struct BulkCount
{
	uint64 rows;
	uint64 residents;
} BulkCount;

extern BulkCount InsertRows(Statement *statement, Datum *values, const char *nulls,
                            const char *table);

#endif
