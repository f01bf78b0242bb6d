/*
 * The launcher: one static background worker that is connected to no database.
 * Every passport.worker_interval it looks whether passport.database is there and
 * has a scheduler run in it.  The scheduler (scheduler.c) is a worker of its own
 * that ends when nothing is due, so that between two runs nobody holds the
 * database, the extension or memory: DROP DATABASE, DROP EXTENSION and upgrades
 * need not know of us.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "passport.h"
#include "worker/scheduler.h"

#define LAUNCHER_RESTART_SECONDS 5

static bool database_is_ready(void);
static bool database_exists(const char *name);
static void run_scheduler(void);

void
RegisterPassportWorker(void)
{
	BackgroundWorker worker = {.bgw_flags =
	                               BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
	                           .bgw_start_time = BgWorkerStart_RecoveryFinished,
	                           .bgw_restart_time = LAUNCHER_RESTART_SECONDS};

	if (passport_database[0] == '\0')
		return;
	strlcpy(worker.bgw_name, "passport launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "passport launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "passport", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "PassportLauncherMain", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

void
PassportLauncherMain(Datum argument)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		if (database_is_ready())
			run_scheduler();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
		                 passport_worker_interval * 1000L, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/* database_is_ready asks the shared catalogs, so that a database still to be made is no error. */
static bool
database_is_ready(void)
{
	bool ready;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	ready = database_exists(passport_database) && OidIsValid(get_role_oid(WORKER_OWNER, true));
	CommitTransactionCommand();
	return ready;
}

/*
 * database_exists reads pg_database row by row: without a database of our own
 * its index cannot be opened before some backend has written the shared
 * relation cache, and get_database_oid would end us on a new cluster.
 */
static bool
database_exists(const char *name)
{
	Relation relation = table_open(DatabaseRelationId, AccessShareLock);
	TableScanDesc scan = table_beginscan_catalog(relation, 0, NULL);
	HeapTuple tuple;
	bool found = false;

	while (!found && HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		found = strcmp(NameStr(database->datname), name) == 0 && database->datallowconn;
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

/* run_scheduler starts a scheduler and waits for its end: never two at once. */
static void
run_scheduler(void)
{
	BackgroundWorker worker = {.bgw_flags =
	                               BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
	                           .bgw_start_time = BgWorkerStart_RecoveryFinished,
	                           .bgw_restart_time = BGW_NEVER_RESTART,
	                           .bgw_notify_pid = MyProcPid};
	BackgroundWorkerHandle *handle;

	strlcpy(worker.bgw_name, "passport scheduler", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "passport scheduler", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "passport", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "PassportSchedulerMain", BGW_MAXLEN);
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		                  errmsg("no background worker is free for the passport scheduler"),
		                  errhint("Raise max_worker_processes.")));
		return;
	}
	(void) WaitForBackgroundWorkerShutdown(handle);
	pfree(handle);
}
