/*
 * The settings, alphabetical.  Each says who may change it and why its bounds
 * are what they are; a setting that guards somebody else's safety is for
 * superusers or for the configuration file only.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"

#include "passport.h"
#include "identity/key.h"

int passport_attempt_limit;
int passport_attempt_window;
int passport_audit_chains;
int passport_challenge_lifetime;
char *passport_clock;
int passport_crl_grace;
char *passport_database = "";
char *passport_issuer;
int passport_least_count;
char *passport_municipality_code;
int passport_ocsp_grace;
bool passport_ocsp_require_nonce;
char *passport_origin;
double passport_removal_share;
bool passport_roster_ordinance;
int passport_session_lifetime;
char *passport_signature_algorithms;
int passport_step_up_lifetime;
char *passport_timezone;
char *passport_token_key_file;
int passport_token_key_lifetime;
int passport_worker_interval;

static void DefineSeconds(const char *name, const char *what, int *value, int usual, int least,
                          int most);
static bool check_clock(char **newval, void **extra, GucSource source);
static bool check_municipality_code(char **newval, void **extra, GucSource source);
static bool check_origin(char **newval, void **extra, GucSource source);
static bool check_signature_algorithms(char **newval, void **extra, GucSource source);
static bool check_timezone(char **newval, void **extra, GucSource source);

void
DefinePassportSettings(void)
{
	/* three at least: everybody mistypes a PIN */
	DefineCustomIntVariable("passport.attempt_limit",
	                        "How many failed attempts of a certificate are taken as mistakes.",
	                        NULL, &passport_attempt_limit, 10, 3, 1000, PGC_SIGHUP, 0, NULL, NULL,
	                        NULL);
	DefineSeconds("passport.attempt_window", "How long failed attempts are counted.",
	              &passport_attempt_window, 900, 60, 86400);
	/* one in a test; more than there are transactions that look at persons at once is of no use */
	DefineCustomIntVariable("passport.audit_chains",
	                        "How many transactions can write the audit log at once.",
	                        "Each chain of the log is one transaction's until it ends.",
	                        &passport_audit_chains, 32, 1, AUDIT_CHAINS_MOST, PGC_SUSET, 0, NULL,
	                        NULL, NULL);
	/* an hour at most: a challenge is answered while the card lies on the reader */
	DefineSeconds("passport.challenge_lifetime", "How long a challenge can be answered.",
	              &passport_challenge_lifetime, 300, 10, 3600);
	DefineCustomStringVariable("passport.clock",
	                           "Fixes the time that passport.now() returns, for tests.",
	                           "A timestamp with time zone; empty for the real time.",
	                           &passport_clock, "", PGC_SUSET, 0, check_clock, NULL, NULL);
	/* a week at most: a list older than that says nothing about today's cards */
	DefineSeconds("passport.crl_grace",
	              "How long a revocation list is believed after its nextUpdate.",
	              &passport_crl_grace, 86400, 0, 604800);
	/*
	 * Only where the library is preloaded: defining a setting of the server's
	 * start later would end the session, and without preloading no worker asks.
	 */
	if (process_shared_preload_libraries_in_progress)
		DefineCustomStringVariable("passport.database", "The database in which the workers work.",
		                           "Empty: no worker is started.", &passport_database, "",
		                           PGC_POSTMASTER, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("passport.issuer", "The issuer (iss) of the ID tokens, a URL.", NULL,
	                           &passport_issuer, "https://passport.invalid", PGC_SIGHUP, 0, NULL,
	                           NULL, NULL);
	/* a superuser's: whoever lowers it sees more, and at 0 every number */
	DefineCustomIntVariable("passport.least_count",
	                        "How many residents an area must have for staff to be told the number.",
	                        NULL, &passport_least_count, 5, 0, 1000, PGC_SUSET, 0, NULL, NULL,
	                        NULL);
	DefineCustomStringVariable("passport.municipality_code",
	                           "The municipality's six-digit code, with its check digit.", NULL,
	                           &passport_municipality_code, "203050", PGC_SUSET, 0,
	                           check_municipality_code, NULL, NULL);
	/* a day at most: a responder answers anew each quarter of an hour, so that less is enough */
	DefineSeconds(
	    "passport.ocsp_grace",
	    "How long a response is believed after its nextUpdate, or its thisUpdate if it has "
	    "no nextUpdate.",
	    &passport_ocsp_grace, 3600, 0, 86400);
	/* off only where the responder signs beforehand: an old response can then be sent again
	 * until it is too old */
	DefineCustomBoolVariable("passport.ocsp_require_nonce",
	                         "Whether a response must hold the nonce of a request of ours.", NULL,
	                         &passport_ocsp_require_nonce, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
	/* not for the configuration file: each database of a split has its own */
	DefineCustomStringVariable("passport.origin",
	                           "The name of this database among those that are operated apart.",
	                           NULL, &passport_origin, "", PGC_SUSET, 0, check_origin, NULL, NULL);
	/* who could set it to 100 could move a village out by a mistake */
	DefineCustomRealVariable("passport.removal_share",
	                         "Percent of the village that an import may remove unconfirmed.", NULL,
	                         &passport_removal_share, 5, 0, 100, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
	    "passport.roster_ordinance",
	    "An ordinance lets the roster of needs go to supporters without consent.", NULL,
	    &passport_roster_ordinance, false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineSeconds("passport.session_lifetime", "How long a login lasts.",
	              &passport_session_lifetime, 2592000, 60, 31536000);
	DefineCustomStringVariable(
	    "passport.signature_algorithms",
	    "Signature algorithms that issuers and holders of certificates may use, comma separated.",
	    "Known are RSA-SHA256, ECDSA-SHA256 (P-256) and ECDSA-SHA384 (P-384).",
	    &passport_signature_algorithms, "RSA-SHA256,ECDSA-SHA256,ECDSA-SHA384", PGC_SIGHUP, 0,
	    check_signature_algorithms, NULL, NULL);
	/* an hour at most: it stands for somebody who has just given their password */
	DefineSeconds("passport.step_up_lifetime", "How long a step up raises a session.",
	              &passport_step_up_lifetime, 600, 10, 3600);
	DefineCustomStringVariable("passport.timezone", "The time zone of civil dates.", NULL,
	                           &passport_timezone, "Asia/Tokyo", PGC_SUSET, 0, check_timezone, NULL,
	                           NULL);
	DefineCustomStringVariable(
	    "passport.token_key_file",
	    "File with the 32-byte key that encrypts the token keys at rest.",
	    "It must lie outside the database and be readable by the server only.",
	    &passport_token_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	/* a year at most: a key that leaks unnoticed shall not sign for longer */
	DefineSeconds("passport.token_key_lifetime", "How long a key signs tokens.",
	              &passport_token_key_lifetime, 2592000, 3600, 31536000);
	DefineSeconds("passport.worker_interval", "How often the scheduler looks for jobs.",
	              &passport_worker_interval, 10, 1, 3600);
	MarkGUCPrefixReserved("passport");
}

/* DefineSeconds defines a length of time, which the configuration file alone may change. */
static void
DefineSeconds(const char *name, const char *what, int *value, int usual, int least, int most)
{
	DefineCustomIntVariable(name, what, NULL, value, usual, least, most, PGC_SIGHUP, GUC_UNIT_S,
	                        NULL, NULL, NULL);
}

/* check_clock accepts only what timestamptz would. */
static bool
check_clock(char **newval, void **extra, GucSource source)
{
	char workbuf[MAXDATELEN + MAXDATEFIELDS];
	char *field[MAXDATEFIELDS];
	int ftype[MAXDATEFIELDS];
	int nf, dtype, tz;
	fsec_t fsec;
	struct pg_tm tm;

	if (**newval == '\0')
		return true;
	if (ParseDateTime(*newval, workbuf, sizeof(workbuf), field, ftype, MAXDATEFIELDS, &nf) == 0 &&
	    DecodeDateTime(field, ftype, nf, &dtype, &tm, &fsec, &tz) == 0 && dtype == DTK_DATE)
		return true;
	GUC_check_errdetail("Give a date and time with its zone, as in \"2026-07-01 04:40+09\".");
	return false;
}

/*
 * A municipality code ends in a check digit (JIS X 0402): the five digits
 * weighted 6,5,4,3,2 are summed, and the last digit of 11 - sum mod 11 closes
 * it.  A wrong one would send a village's alert to its namesake.
 */
static bool
check_municipality_code(char **newval, void **extra, GucSource source)
{
	const char *code = *newval;
	int sum = 0;

	if (strspn(code, "0123456789") == 6 && code[6] == '\0')
	{
		for (int i = 0; i < 5; i++)
			sum += (code[i] - '0') * (6 - i);
		/* below 11 the rule takes 11 - sum itself, which the same line gives */
		if ((11 - sum % 11) % 10 == code[5] - '0')
			return true;
	}
	GUC_check_errdetail("A municipality code has six digits, the last one its check digit.");
	return false;
}

/* It stands in identifiers between hyphens. */
static bool
check_origin(char **newval, void **extra, GucSource source)
{
	if (strspn(*newval, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(*newval) &&
	    strlen(*newval) <= 20)
		return true;
	GUC_check_errdetail("Up to 20 small letters and digits.");
	return false;
}

/* A name that is misspelt would shut out everybody whose card uses it. */
static bool
check_signature_algorithms(char **newval, void **extra, GucSource source)
{
	if (AlgorithmsKnown(*newval))
		return true;
	GUC_check_errdetail("Known are RSA-SHA256, ECDSA-SHA256 and ECDSA-SHA384.");
	return false;
}

static bool
check_timezone(char **newval, void **extra, GucSource source)
{
	if (pg_tzset(*newval) != NULL)
		return true;
	GUC_check_errdetail("There is no time zone of this name.");
	return false;
}
