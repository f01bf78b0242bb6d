/*
 * The link of the audit log's chains.
 *
 *   record   one line of the log: who looked at, or did, what, for whom, why, when
 *   chain     one of several chains, so that transactions need not wait for one
 *   seq      a record's place in its chain, from 1
 *   hash     SHA-256 of the hash before it and the record's canonical bytes
 *
 * Canonical bytes: the fields in the order below.  A field without a value is
 * one byte 0; any other is one byte 1, its length in four bytes, and its bytes.
 * A number has eight bytes, a time is microseconds since 2000-01-01 00:00 UTC,
 * a list is a field that holds its elements as fields.  All numbers begin with
 * the highest byte.  No two records have the same bytes.
 */
#ifndef PASSPORT_AUDIT_CHAIN_H
#define PASSPORT_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIT_HASH_SIZE 32

/* data is NULL where there is no value */
typedef struct AuditText
{
	const void *data;
	size_t size;
} AuditText;

typedef struct AuditNumber
{
	bool is_null;
	int64_t value;
} AuditNumber;

typedef struct AuditRecord
{
	int64_t chain;
	int64_t seq;
	int64_t resident_id; /* 0: about nobody in particular */
	AuditText kind;
	AuditText who;
	AuditNumber holder_id; /* whose login acted */
	AuditText session_id;
	AuditText purpose;
	AuditText source;
	const AuditText *columns; /* NULL: none are named */
	int column_count;
	AuditNumber amount;
	int64_t happened_at;
	int64_t recorded_at;
} AuditRecord;

extern bool HashAuditRecord(const uint8_t before[AUDIT_HASH_SIZE], const AuditRecord *record,
                            uint8_t hash[AUDIT_HASH_SIZE]);

#endif
