/*
 * What every file of the library shares: the version, the clock and the
 * settings.  Include it after postgres.h.
 */
#ifndef PASSPORT_H
#define PASSPORT_H

#include "datatype/timestamp.h"
#include "utils/date.h"

#include "compat.h"
#include "error.h"

#ifndef PASSPORT_VERSION
#error "PASSPORT_VERSION comes from META.json by way of the Makefile"
#endif

#define AUDIT_CHAINS_MOST 64

/* settings.c: one variable per setting, alphabetical */
extern int passport_attempt_limit;
extern int passport_attempt_window; /* seconds */
extern int passport_audit_chains;
extern int passport_challenge_lifetime; /* seconds */
extern char *passport_clock;            /* test clock, empty: the real one */
extern int passport_crl_grace;          /* seconds after nextUpdate */
extern char *passport_database;         /* where the workers work */
extern char *passport_issuer;           /* "iss" of our tokens */
extern int passport_least_count;
extern char *passport_municipality_code;
extern int passport_ocsp_grace; /* seconds after nextUpdate */
extern bool passport_ocsp_require_nonce;
extern char *passport_origin;
extern double passport_removal_share; /* percent */
extern bool passport_roster_ordinance;
extern int passport_session_lifetime; /* seconds */
extern char *passport_signature_algorithms;
extern int passport_step_up_lifetime; /* seconds */
extern char *passport_timezone;
extern char *passport_token_key_file;
extern int passport_token_key_lifetime; /* seconds */
extern int passport_worker_interval;    /* seconds */

extern void DefinePassportSettings(void);

/* clock.c */
extern TimestampTz PassportNow(void);
extern DateADT PassportToday(void);
extern DateADT PassportCivilDate(TimestampTz at);

/* worker/launcher.c */
extern void RegisterPassportWorker(void);

#endif
