/* audit_hash(): the hash that a record of the log must have, for who verifies it. */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "passport.h"
#include "audit/record.h"

PG_FUNCTION_INFO_V1(passport_audit_hash);

AuditText
AuditTextOf(Datum value, bool isnull)
{
	text *packed;

	if (isnull)
		return (AuditText){NULL, 0};
	packed = DatumGetTextPP(value);
	return (AuditText){VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed)};
}

AuditText
AuditUuidOf(Datum value, bool isnull)
{
	return isnull ? (AuditText){NULL, 0} : (AuditText){DatumGetUUIDP(value)->data, UUID_LEN};
}

/* AuditListOf gives the elements of a text array; NULL where there is no array. */
const AuditText *
AuditListOf(Datum value, bool isnull, int *count)
{
	Datum *elements;
	bool *nulls;
	AuditText *list;

	*count = 0;
	if (isnull)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements,
	                  &nulls, count);
	list = palloc((*count + 1) * sizeof(AuditText));
	for (int i = 0; i < *count; i++)
		list[i] = AuditTextOf(elements[i], nulls[i]);
	return list;
}

/* HashRecord is HashAuditRecord, or an error. */
void
HashRecord(const uint8_t *before, const AuditRecord *record, uint8_t *hash)
{
	if (!HashAuditRecord(before, record, hash))
		elog(ERROR, "could not compute a SHA-256");
}

static AuditNumber
number_of(Datum value, bool isnull)
{
	return (AuditNumber){isnull, isnull ? 0 : DatumGetInt64(value)};
}

/* passport_audit_hash takes the hash before it and the columns of a record in their order. */
Datum
passport_audit_hash(PG_FUNCTION_ARGS)
{
	AuditRecord record = {0};
	bytea *before;
	bytea *hash = palloc(VARHDRSZ + AUDIT_HASH_SIZE);

	for (int i = 0; i <= 3; i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	if (PG_ARGISNULL(12) || PG_ARGISNULL(13))
		PG_RETURN_NULL();
	before = PG_GETARG_BYTEA_PP(0);
	if (VARSIZE_ANY_EXHDR(before) != AUDIT_HASH_SIZE)
		PG_RETURN_NULL();
	record.chain = PG_GETARG_INT32(1);
	record.seq = PG_GETARG_INT64(2);
	record.resident_id = PG_GETARG_INT64(3);
	record.kind = AuditTextOf(PG_GETARG_DATUM(4), PG_ARGISNULL(4));
	record.who = AuditTextOf(PG_GETARG_DATUM(5), PG_ARGISNULL(5));
	record.holder_id = number_of(PG_GETARG_DATUM(6), PG_ARGISNULL(6));
	record.session_id = AuditUuidOf(PG_GETARG_DATUM(7), PG_ARGISNULL(7));
	record.purpose = AuditTextOf(PG_GETARG_DATUM(8), PG_ARGISNULL(8));
	record.source = AuditTextOf(PG_GETARG_DATUM(9), PG_ARGISNULL(9));
	record.columns = AuditListOf(PG_GETARG_DATUM(10), PG_ARGISNULL(10), &record.column_count);
	record.amount = number_of(PG_GETARG_DATUM(11), PG_ARGISNULL(11));
	record.happened_at = PG_GETARG_TIMESTAMPTZ(12);
	record.recorded_at = PG_GETARG_TIMESTAMPTZ(13);
	SET_VARSIZE(hash, VARHDRSZ + AUDIT_HASH_SIZE);
	HashRecord((const uint8_t *) VARDATA_ANY(before), &record, (uint8_t *) VARDATA(hash));
	PG_RETURN_BYTEA_P(hash);
}
