/*
 * The statements by which readings are read and stored.  Each takes the whole
 * batch.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "hazard/sensor.h"
#include "util/spi.h"

/*
 * What is stored of the times of a batch, and the accepted reading before
 * each.  A day back is enough: an hour explains all movement (gate.c).
 */
static Statement load_stored = {
    .sql =
        "SELECT r.value, r.verdict = 'rejected' "
        "AND r.reasons && '{not_a_number,infinite,dropout}', p.observed_at, p.value "
        "FROM unnest($2) WITH ORDINALITY AS u(at, i) "
        "LEFT JOIN passport.reading AS r ON r.sensor = $1 AND r.observed_at = u.at "
        "LEFT JOIN LATERAL (SELECT b.observed_at, b.value FROM passport.reading AS b "
        "WHERE b.sensor = $1 AND b.observed_at < u.at AND b.observed_at >= u.at - interval '1 day' "
        "AND b.verdict = 'accepted' ORDER BY b.observed_at DESC LIMIT 1) AS p ON true "
        "ORDER BY u.i",
    .arguments = 2,
    .types = {TEXTOID, TIMESTAMPTZARRAYOID}};

static Statement insert_readings = {
    .sql = "INSERT INTO passport.reading "
           "(sensor, observed_at, value, verdict, reasons, stage, recorded_at) "
           "SELECT $1, u.at, u.value, u.verdict, u.reasons::text[], u.stage, $7 "
           "FROM unnest($2, $3, $4, $5, $6) AS u(at, value, verdict, reasons, stage)",
    .arguments = 7,
    .types = {TEXTOID, TIMESTAMPTZARRAYOID, FLOAT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
              INT4ARRAYOID, TIMESTAMPTZOID}};

static Statement correct_readings = {
    .sql = "UPDATE passport.reading AS r SET value = u.value, verdict = u.verdict, "
           "reasons = u.reasons::text[], stage = u.stage, recorded_at = $7 "
           "FROM unnest($2, $3, $4, $5, $6) AS u(at, value, verdict, reasons, stage) "
           "WHERE r.sensor = $1 AND r.observed_at = u.at",
    .arguments = 7,
    .types = {TEXTOID, TIMESTAMPTZARRAYOID, FLOAT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
              INT4ARRAYOID, TIMESTAMPTZOID}};

static Statement store_confirmation = {
    .sql = "UPDATE passport.reading SET verdict = 'accepted', stage = $3, "
           "reasons = reasons || $4 WHERE sensor = $1 AND observed_at = $2 RETURNING value",
    .arguments = 4,
    .types = {TEXTOID, TIMESTAMPTZOID, INT4OID, TEXTARRAYOID}};

/* Once accepted, a reading stays so: a peak is only ever raised. */
static Statement raise_peaks = {
    .sql = "INSERT INTO passport.reading_peak AS p (sensor, quarter, observed_at, value) "
           "SELECT DISTINCT ON (u.quarter) $1, u.quarter, u.at, u.value "
           "FROM (SELECT date_bin('15 minutes', u.at, 'epoch') AS quarter, u.at, u.value "
           "FROM unnest($2, $3) AS u(at, value)) AS u "
           "ORDER BY u.quarter, u.value DESC, u.at "
           "ON CONFLICT (sensor, quarter) DO UPDATE "
           "SET observed_at = excluded.observed_at, value = excluded.value "
           "WHERE excluded.value > p.value",
    .arguments = 3,
    .types = {TEXTOID, TIMESTAMPTZARRAYOID, FLOAT8ARRAYOID}};

#define READING_COLUMNS 5

static const char *const verdict_names[] = {"accepted", "held", "rejected"};

static void WriteReadings(Statement *statement, text *name, const Reading *readings, int count,
                          bool corrects);
static void RaisePeaks(text *name, Datum *times, Datum *levels, int count);
static Datum ReasonText(unsigned reasons);
static Datum MakeArray(Datum *values, int count, Oid type);

/*
 * LoadStored fills in what is stored already of the readings' times.  Most
 * batches are newer than all that is stored, and ask nothing.
 */
void
LoadStored(text *name, const Sensor *sensor, Reading *readings, int count)
{
	Datum values[2];
	int old = 0;

	while (old < count && sensor->has_latest && readings[old].at <= sensor->latest)
		old++;
	if (old == 0)
		return;
	values[0] = PointerGetDatum(name);
	values[1] = TimeArray(readings, old);
	RunStatement(&load_stored, values, NULL);
	for (int row = 0; row < old; row++)
	{
		readings[row].stored = RowHas(row, 1);
		readings[row].stored_value = RowDouble(row, 1, 0);
		readings[row].stored_gap = RowFlag(row, 2);
		readings[row].before = RowReading(row, 3, 4);
	}
}

/* StoreReadings writes the readings that are to be kept. */
void
StoreReadings(text *name, const Reading *readings, int count)
{
	WriteReadings(&insert_readings, name, readings, count, false);
	WriteReadings(&correct_readings, name, readings, count, true);
}

/* WriteReadings writes those readings that correct what is stored, or those that do not. */
static void
WriteReadings(Statement *statement, text *name, const Reading *readings, int count, bool corrects)
{
	Datum *columns[READING_COLUMNS];
	Datum verdicts[lengthof(verdict_names)];
	Datum none = CStringGetTextDatum("{}");
	Datum values[READING_COLUMNS + 2];
	int kept = 0, accepted = 0;

	for (int i = 0; i < READING_COLUMNS; i++)
		columns[i] = palloc(sizeof(Datum) * count);
	for (int i = 0; i < lengthof(verdicts); i++)
		verdicts[i] = CStringGetTextDatum(verdict_names[i]);
	for (int i = 0; i < count; i++)
	{
		const Reading *reading = &readings[i];

		if (!reading->keep || reading->corrects != corrects)
			continue;
		columns[0][kept] = TimestampTzGetDatum(reading->at);
		columns[1][kept] = Float8GetDatum(reading->value);
		columns[2][kept] = verdicts[reading->verdict];
		columns[3][kept] = reading->reasons == 0 ? none : ReasonText(reading->reasons);
		columns[4][kept++] = Int32GetDatum(reading->stage);
	}
	if (kept == 0)
		return;
	values[0] = PointerGetDatum(name);
	for (int i = 0; i < READING_COLUMNS; i++)
		values[i + 1] = MakeArray(columns[i], kept, get_element_type(statement->types[i + 1]));
	values[READING_COLUMNS + 1] = TimestampTzGetDatum(PassportNow());
	RunStatement(statement, values, NULL);

	for (int i = 0; i < kept; i++)
		if (columns[2][i] == verdicts[GATE_ACCEPTED])
		{
			columns[0][accepted] = columns[0][i];
			columns[1][accepted++] = columns[1][i];
		}
	RaisePeaks(name, columns[0], columns[1], accepted);
}

/* RaisePeaks lets the peaks of the quarters of an hour follow accepted readings. */
static void
RaisePeaks(text *name, Datum *times, Datum *levels, int count)
{
	Datum values[] = {PointerGetDatum(name), MakeArray(times, count, TIMESTAMPTZOID),
	                  MakeArray(levels, count, FLOAT8OID)};

	if (count > 0)
		RunStatement(&raise_peaks, values, NULL);
}

/* StoreConfirmation accepts a held reading that is stored, and adds the reason why. */
void
StoreConfirmation(text *name, const Confirmation *confirmation, unsigned reason)
{
	Datum values[] = {PointerGetDatum(name), TimestampTzGetDatum(confirmation->at),
	                  Int32GetDatum(confirmation->stage), PointerGetDatum(ReasonArray(reason))};

	Datum level;
	bool isnull;

	if (!confirmation->known || RunStatement(&store_confirmation, values, NULL) == 0)
		return;
	level = StatementValue(0, 1, &isnull);
	RaisePeaks(name, &values[1], &level, 1);
}

/* ReasonArray names the reasons as text[]. */
ArrayType *
ReasonArray(unsigned reasons)
{
	Datum names[GATE_REASONS];
	int count = 0;

	for (int bit = 0; bit < GATE_REASONS; bit++)
		if (reasons & 1u << bit)
			names[count++] = CStringGetTextDatum(GateReasonName(bit));
	return DatumGetArrayTypeP(MakeArray(names, count, TEXTOID));
}

/* TimeArray makes timestamptz[] of the readings' times. */
Datum
TimeArray(const Reading *readings, int count)
{
	Datum *times = palloc(sizeof(Datum) * count);

	for (int i = 0; i < count; i++)
		times[i] = TimestampTzGetDatum(readings[i].at);
	return MakeArray(times, count, TIMESTAMPTZOID);
}

/* ReasonText names the reasons as the text of a text[]: unnest() would flatten arrays of arrays. */
static Datum
ReasonText(unsigned reasons)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int bit = 0; bit < GATE_REASONS; bit++)
		if (reasons & 1u << bit)
			appendStringInfo(&names, "%c%s", names.len == 0 ? '{' : ',', GateReasonName(bit));
	appendStringInfoChar(&names, '}');
	return CStringGetTextDatum(names.data);
}

static Datum
MakeArray(Datum *values, int count, Oid type)
{
	int16 length;
	bool by_value;
	char alignment;

	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	return PointerGetDatum(construct_array(values, count, type, length, by_value, alignment));
}
