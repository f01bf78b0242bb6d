/* Columns of the rows that the last statement returned, as C values. */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "passport.h"
#include "hazard/sensor.h"
#include "util/spi.h"

bool
RowHas(uint64 row, int column)
{
	bool null;

	StatementValue(row, column, &null);
	return !null;
}

/* RowFlag reads a boolean; NULL is false. */
bool
RowFlag(uint64 row, int column)
{
	bool null;
	Datum value = StatementValue(row, column, &null);

	return !null && DatumGetBool(value);
}

double
RowDouble(uint64 row, int column, double absent)
{
	bool null;
	Datum value = StatementValue(row, column, &null);

	return null ? absent : DatumGetFloat8(value);
}

/* RowInt64 reads a column of bigint, int or timestamptz. */
int64
RowInt64(uint64 row, int column, int64 absent)
{
	bool null;
	Datum value = StatementValue(row, column, &null);

	if (null)
		return absent;
	if (SPI_gettypeid(SPI_tuptable->tupdesc, column) == INT4OID)
		return DatumGetInt32(value);
	return DatumGetInt64(value);
}

GateReading
RowReading(uint64 row, int at_column, int value_column)
{
	return (GateReading){RowHas(row, at_column), RowInt64(row, at_column, 0),
	                     RowDouble(row, value_column, 0)};
}
