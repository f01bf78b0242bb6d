/* Registers the worker with the postmaster, when the library is preloaded. */
#include "postgres.h"

#include "postmaster/bgworker.h"

#include "passport.h"
#include "worker/worker.h"

/* Long enough that a database that is not there yet does not fill the log. */
#define RESTART_SECONDS 10

/*
 * RegisterPassportWorker asks for one worker in passport.database, if that is
 * set.  The worker ends by an error or a crash only, and is started again.
 */
void
RegisterPassportWorker(void)
{
	BackgroundWorker worker = {0};

	if (passport_database[0] == '\0')
		return;
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_library_name, "passport", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "PassportSchedulerMain", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "passport scheduler", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "passport scheduler", sizeof(worker.bgw_type));
	RegisterBackgroundWorker(&worker);
}
