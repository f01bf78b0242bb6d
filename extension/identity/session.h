/*
 * Who acts.  authenticate(token) says so for the rest of the transaction; it
 * is kept in this process's memory alone, where no setting, no client and no
 * later transaction of a pooled connection can reach it.
 */
#ifndef PASSPORT_SESSION_H
#define PASSPORT_SESSION_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/* ActingResident returns who acts, or raises PT401 with the DETAIL of RFC 9470. */
extern int64 ActingResident(void);

/* ActingResidentOrNone returns 0 when nobody acts. */
extern int64 ActingResidentOrNone(void);

/* acting.c */
typedef struct Acting
{
	int64 resident_id; /* 0: nobody */
	int64 guardian_id; /* whose login it is, when they act for resident_id; else 0 */
	pg_uuid_t session_id;
	char acr[32]; /* of the login */
	TimestampTz auth_time;
	char step_acr[32]; /* of the last step up; empty: there was none */
	TimestampTz step_time;
} Acting;

extern void BeginActing(const Acting *acting);
extern const Acting *CurrentActing(void);
extern void RefuseUnauthenticated(const char *reason) pg_attribute_noreturn();

#endif
