/* From PostgreSQL's values to those of a record.  Include it after postgres.h. */
#ifndef PASSPORT_AUDIT_RECORD_H
#define PASSPORT_AUDIT_RECORD_H

#include "audit/chain.h"

extern AuditText AuditTextOf(Datum value, bool isnull);
extern AuditText AuditUuidOf(Datum value, bool isnull);
extern const AuditText *AuditListOf(Datum value, bool isnull, int *count);
extern void HashRecord(const uint8_t *before, const AuditRecord *record, uint8_t *hash);

#endif
