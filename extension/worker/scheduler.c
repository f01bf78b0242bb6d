/*
 * The scheduler: a worker that runs the jobs that are due in passport.database,
 * each in a transaction of its own, as passport_owner, and ends.  Which jobs there
 * are, when they are due and what became of them is data (sql/install/80-job.sql);
 * run_next_job catches what goes wrong in a job and writes it down.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "passport.h"
#include "worker/scheduler.h"

#define RUN_NEXT_JOB "SELECT passport.run_next_job()"

static bool step_down(void);
static bool run_next_job(void);
static bool hold_extension(void);

void
PassportSchedulerMain(Datum argument)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(passport_database, WORKER_ROLE, WORKER_FLAGS);
	pgstat_report_appname("passport scheduler");

	if (step_down())
		while (run_next_job())
			CHECK_FOR_INTERRUPTS();
}

/*
 * step_down leaves the bootstrap superuser, as whom a worker starts before 17,
 * for good: session and current user become passport_owner, and nothing that
 * runs from here on says RESET SESSION AUTHORIZATION.  False where the extension
 * is not installed, as before CREATE EXTENSION or after DROP.
 */
static bool
step_down(void)
{
	bool installed;

	StartTransactionCommand();
	installed = OidIsValid(get_extension_oid("passport", true));
	if (installed)
		SetSessionAuthorization(get_role_oid(WORKER_OWNER, false), false);
	CommitTransactionCommand();
	/* the database's or a role's search_path must not choose our functions */
	SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);
	return installed;
}

/* run_next_job runs one job if one is due, and says whether one was. */
static bool
run_next_job(void)
{
	bool ran, isnull;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	if (!hold_extension())
	{
		CommitTransactionCommand();
		return false;
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, RUN_NEXT_JOB);
	if (SPI_execute(RUN_NEXT_JOB, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run the next job");
	ran = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	return ran && !isnull;
}

/*
 * hold_extension keeps the extension from being dropped until the transaction
 * ends; false where it has been.  DROP EXTENSION locks this first: it waits for a
 * job that runs, and a job waits for it before it holds anything that the other
 * wants.  Without it each could hold a table that the other waits for.
 */
static bool
hold_extension(void)
{
	Oid extension = get_extension_oid("passport", true);

	if (!OidIsValid(extension))
		return false;
	LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
	return get_extension_oid("passport", true) == extension;
}
