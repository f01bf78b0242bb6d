/*
 * The scheduler: a background process in passport.database that runs the jobs
 * of passport.job when they are due, as passport_owner.
 *
 * It lives through the absence of the extension, its dropping and its being
 * made again, and through any error of a job.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "passport.h"
#include "worker/worker.h"

static void connect_to_database(void);
static bool take_role(void);
static void show_role(void);
static bool extension_is_there(void);
static void run_jobs(void);

/* PassportSchedulerMain is the process. */
void
PassportSchedulerMain(Datum argument)
{
	MemoryContext turn;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	connect_to_database();
	turn = AllocSetContextCreate(TopMemoryContext, "passport scheduler", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContextSwitchTo(turn);
		MemoryContextReset(turn);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		if (take_role() && extension_is_there())
			run_jobs();
		pgstat_report_activity(STATE_IDLE, NULL);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
		                 passport_worker_interval * 1000L, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/*
 * connect_to_database opens the session.  Where a worker may not start as a
 * role that cannot log in, it starts as the bootstrap superuser, and does
 * nothing before take_role() has given that up.
 */
static void
connect_to_database(void)
{
#ifdef WORKER_BYPASS_FLAGS
	BackgroundWorkerInitializeConnection(passport_database, WORKER_ROLE, WORKER_BYPASS_FLAGS);
#else
	BackgroundWorkerInitializeConnection(passport_database, NULL, 0);
#endif
	show_role();
}

/*
 * take_role makes the session passport_owner's, and returns whether it is: the
 * role comes with the first CREATE EXTENSION of the cluster.  A role that was
 * made again has another OID: a new process takes that one.
 */
static bool
take_role(void)
{
	Oid role;
	bool super;

	StartTransactionCommand();
	role = get_role_oid(WORKER_ROLE, true);
	super = OidIsValid(role) && superuser_arg(role);
	CommitTransactionCommand();
	if (OidIsValid(role) && role == GetSessionUserId() && !super)
		return true;
	if (GetSessionUserId() != BOOTSTRAP_SUPERUSERID)
		proc_exit(1);
	if (!OidIsValid(role))
		return false;
	if (super)
		ereport(FATAL, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
		                errmsg("role \"%s\" must not be a superuser", WORKER_ROLE)));
	/* outside of a transaction, so that no abort restores the old user */
	SetSessionAuthorization(role, false);
	show_role();
	return true;
}

/* show_role tells pg_stat_activity who we are; the session's user is shown as it was at its start.
 */
static void
show_role(void)
{
#ifndef WORKER_BYPASS_FLAGS
	pgstat_bestart();
#endif
	pgstat_report_appname("passport scheduler");
}

static bool
extension_is_there(void)
{
	bool there;

	StartTransactionCommand();
	there = OidIsValid(get_extension_oid("passport", true));
	CommitTransactionCommand();
	return there;
}

/*
 * run_jobs runs what is due.  What fails here is not a job (job.c catches
 * those) but the reading of the table of jobs, as when the extension is being
 * dropped: then the next turn tries again.
 */
static void
run_jobs(void)
{
	static bool recovered = false;
	MemoryContext turn = CurrentMemoryContext;

	PG_TRY();
	{
		if (!recovered)
			RecoverJobs();
		recovered = true;
		while (!ConfigReloadPending && RunDueJob())
			CHECK_FOR_INTERRUPTS();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(turn);
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
}
