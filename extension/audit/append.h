/* Appending to the audit log.  Include it after postgres.h. */
#ifndef PASSPORT_AUDIT_APPEND_H
#define PASSPORT_AUDIT_APPEND_H

#include "utils/array.h"

#include "audit/chain.h"

/* What the records of one call share, beside who acts: that is known here. */
typedef struct AuditEntry
{
	text *kind;
	text *purpose; /* NULL: none */
	text *source;
	ArrayType *columns; /* NULL: none are named */
	AuditNumber amount;
} AuditEntry;

/*
 * AppendAudit appends a record about each resident, once each, and sorts the
 * array.  The caller acts as passport_owner.
 */
extern void AppendAudit(Datum *residents, int count, const AuditEntry *entry);

#endif
