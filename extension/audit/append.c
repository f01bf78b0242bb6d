/*
 * append_audit(): writes records into one of the log's chains.
 *
 * A transaction takes one chain and holds it to its end, so that the order in
 * the chain is the order of the commits and nobody waits while a chain is free.
 * The chain is a lock on the table's number that no SQL function can take: with
 * advisory locks any login could keep the log, and so the counter, waiting.
 * Nothing of it is remembered here: the lock says which chain is ours, and the
 * table what its last record is, read by a snapshot of now even when the
 * transaction's own is older.  So a savepoint that is rolled back, with the
 * records after it, takes the chain back too.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "passport.h"
#include "audit/append.h"
#include "audit/record.h"
#include "identity/session.h"
#include "util/spi.h"

#define AUDIT_MOST 1000000
#define AUDIT_CHUNK 10000

/* $1 chain */
static Statement read_head = {
    .sql = "SELECT r.seq, r.hash FROM passport.audit_record AS r"
           " WHERE r.chain = $1 ORDER BY r.seq DESC LIMIT 1",
    .arguments = 1,
    .types = {INT4OID},
};

/* $1 chain, $2 the seq before, $3 residents, $4 their hashes, $5 to $14 what they share */
static Statement write_records = {
    .sql =
        "INSERT INTO passport.audit_record (chain, seq, resident_id, hash, kind, who, holder_id,"
        "    session_id, purpose, source, columns, amount, happened_at, recorded_at)"
        " SELECT $1, $2 + r.nth, r.resident_id, r.hash, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14"
        "   FROM unnest($3, $4) WITH ORDINALITY AS r(resident_id, hash, nth)",
    .arguments = 14,
    .types = {INT4OID, INT8OID, INT8ARRAYOID, BYTEAARRAYOID, TEXTOID, TEXTOID, INT8OID, UUIDOID,
              TEXTOID, TEXTOID, TEXTARRAYOID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID},
};

PG_FUNCTION_INFO_V1(passport_append_audit);

static Datum *read_residents(ArrayType *array, int *count);
static int compare_residents(const void *a, const void *b);
static int take_chain(void);
static void name_chain(LOCKTAG *tag, Oid log, int chain);
static void read_chain(AuditRecord *record, uint8_t *hash);
static void share(AuditRecord *record, const AuditEntry *entry, Datum *arguments, char *nulls);
static void append_records(AuditRecord *record, uint8_t *hash, Datum *residents, int count,
                           Datum *arguments, const char *nulls);

/* passport_append_audit takes residents, kind, purpose, source, columns and amount. */
Datum
passport_append_audit(PG_FUNCTION_ARGS)
{
	AuditEntry entry = {0};
	Datum *residents;
	int count;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(3))
		RefuseInput("", "missing", "A record has a kind and a source.");
	/* an aggregate over nobody */
	if (PG_ARGISNULL(0))
		PG_RETURN_VOID();
	residents = read_residents(PG_GETARG_ARRAYTYPE_P(0), &count);
	entry.kind = PG_GETARG_TEXT_PP(1);
	entry.purpose = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	entry.source = PG_GETARG_TEXT_PP(3);
	entry.columns = PG_ARGISNULL(4) ? NULL : PG_GETARG_ARRAYTYPE_P(4);
	entry.amount.is_null = PG_ARGISNULL(5);
	if (!PG_ARGISNULL(5))
		entry.amount.value = PG_GETARG_INT64(5);
	AppendAudit(residents, count, &entry);
	PG_RETURN_VOID();
}

static Datum *
read_residents(ArrayType *array, int *count)
{
	Datum *residents;

	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > AUDIT_MOST)
		RefuseInput("/resident_ids", "too_many", "At most 1,000,000 residents are shown at once.");
	if (array_contains_nulls(array))
		RefuseInput("/resident_ids", "null_element", "A list of residents has no empty places.");
	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &residents,
	                  NULL, count);
	return residents;
}

void
AppendAudit(Datum *residents, int count, const AuditEntry *entry)
{
	AuditRecord record = {0};
	Datum arguments[STATEMENT_ARGUMENTS];
	char nulls[STATEMENT_ARGUMENTS + 1];
	uint8_t hash[AUDIT_HASH_SIZE];

	if (count == 0)
		return;
	qsort(residents, count, sizeof(Datum), compare_residents);
	count = (int) qunique(residents, count, sizeof(Datum), compare_residents);
	share(&record, entry, arguments, nulls);
	record.chain = take_chain();
	SPI_connect();
	read_chain(&record, hash);
	for (int start = 0; start < count; start += AUDIT_CHUNK)
		append_records(&record, hash, residents + start, Min(count - start, AUDIT_CHUNK), arguments,
		               nulls);
	SPI_finish();
}

static int
compare_residents(const void *a, const void *b)
{
	int64 left = DatumGetInt64(*(const Datum *) a);
	int64 right = DatumGetInt64(*(const Datum *) b);

	return (left > right) - (left < right);
}

/* share fills in what all records of a call have in common, for the hash and for the statement. */
static void
share(AuditRecord *record, const AuditEntry *entry, Datum *arguments, char *nulls)
{
	const Acting *acting = CurrentActing();
	int64 holder = acting->guardian_id != 0 ? acting->guardian_id : acting->resident_id;

	arguments[4] = PointerGetDatum(entry->kind);
	arguments[5] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	arguments[6] = Int64GetDatum(holder);
	arguments[7] = UUIDPGetDatum(&acting->session_id);
	arguments[8] = PointerGetDatum(entry->purpose);
	arguments[9] = PointerGetDatum(entry->source);
	arguments[10] = PointerGetDatum(entry->columns);
	arguments[11] = Int64GetDatum(entry->amount.value);
	arguments[12] = TimestampTzGetDatum(PassportNow());
	arguments[13] = TimestampTzGetDatum(GetCurrentTimestamp());
	memset(nulls, ' ', STATEMENT_ARGUMENTS);
	nulls[STATEMENT_ARGUMENTS] = '\0';
	nulls[6] = nulls[7] = holder == 0 ? 'n' : ' ';
	nulls[8] = entry->purpose == NULL ? 'n' : ' ';
	nulls[10] = entry->columns == NULL ? 'n' : ' ';
	nulls[11] = entry->amount.is_null ? 'n' : ' ';

	record->kind = AuditTextOf(arguments[4], false);
	record->who = AuditTextOf(arguments[5], false);
	record->holder_id = (AuditNumber){holder == 0, holder};
	record->session_id = AuditUuidOf(arguments[7], holder == 0);
	record->purpose = AuditTextOf(arguments[8], entry->purpose == NULL);
	record->source = AuditTextOf(arguments[9], false);
	record->columns = AuditListOf(arguments[10], entry->columns == NULL, &record->column_count);
	record->amount = entry->amount;
	record->happened_at = DatumGetTimestampTz(arguments[12]);
	record->recorded_at = DatumGetTimestampTz(arguments[13]);
}

/*
 * take_chain returns the chain that this transaction has, or takes the first one
 * that is free from a random one on; when none is, it waits for that one.
 */
static int
take_chain(void)
{
	Oid log = get_relname_relid("audit_record", get_namespace_oid("passport", false));
	int first = (int) pg_prng_uint64_range(&pg_global_prng_state, 1, passport_audit_chains);
	LOCKTAG tag;

	for (int chain = 1; chain <= AUDIT_CHAINS_MOST; chain++)
	{
		name_chain(&tag, log, chain);
		if (LockHeldByMe(&tag, ExclusiveLock))
			return chain;
	}
	for (int i = 0; i < passport_audit_chains; i++)
	{
		int chain = 1 + (first - 1 + i) % passport_audit_chains;

		name_chain(&tag, log, chain);
		if (LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL)
			return chain;
	}
	name_chain(&tag, log, first);
	LockAcquire(&tag, ExclusiveLock, false, false);
	return first;
}

static void
name_chain(LOCKTAG *tag, Oid log, int chain)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, log, (uint16) chain);
}

/* read_chain reads where the chain ends: the last seq and the last hash, or the beginning. */
static void
read_chain(AuditRecord *record, uint8_t *hash)
{
	Datum arguments[1] = {Int32GetDatum((int32) record->chain)};
	bytea *last;
	bool isnull;

	record->seq = 0;
	memset(hash, 0, AUDIT_HASH_SIZE);
	if (RunStatementOfNow(&read_head, arguments, NULL) == 0)
		return;
	record->seq = DatumGetInt64(StatementValue(0, 1, &isnull));
	last = DatumGetByteaPP(StatementValue(0, 2, &isnull));
	if (VARSIZE_ANY_EXHDR(last) != AUDIT_HASH_SIZE)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a chain of the audit log is broken"),
		         errhint("Ask audit_verify() where.")));
	memcpy(hash, VARDATA_ANY(last), AUDIT_HASH_SIZE);
}

/* append_records writes a record for each resident after the chain's last, and moves on. */
static void
append_records(AuditRecord *record, uint8_t *hash, Datum *residents, int count, Datum *arguments,
               const char *nulls)
{
	MemoryContext scratch =
	    AllocSetContextCreate(CurrentMemoryContext, "passport audit", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	Datum *hashes = palloc(count * sizeof(Datum));

	CHECK_FOR_INTERRUPTS();
	arguments[0] = Int32GetDatum((int32) record->chain);
	arguments[1] = Int64GetDatum(record->seq);
	for (int i = 0; i < count; i++)
	{
		bytea *one = palloc(VARHDRSZ + AUDIT_HASH_SIZE);

		record->seq++;
		record->resident_id = DatumGetInt64(residents[i]);
		HashRecord(hash, record, hash);
		SET_VARSIZE(one, VARHDRSZ + AUDIT_HASH_SIZE);
		memcpy(VARDATA(one), hash, AUDIT_HASH_SIZE);
		hashes[i] = PointerGetDatum(one);
	}
	arguments[2] = PointerGetDatum(construct_array(residents, count, INT8OID, sizeof(int64),
	                                               FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	arguments[3] =
	    PointerGetDatum(construct_array(hashes, count, BYTEAOID, -1, false, TYPALIGN_INT));
	RunStatement(&write_records, arguments, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}
