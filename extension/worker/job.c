/*
 * Jobs: functions of this extension that the worker, or an administrator, runs.
 *
 * A run has three steps, each a transaction of its own: it is claimed, and its
 * row says "running"; the function does its work, and in the same transaction
 * the row says "done"; if it fails, its work is undone and the row says why.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "pgstat.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "passport.h"
#include "util/spi.h"
#include "worker/worker.h"

static Statement recover_jobs = {
    .sql = "SELECT passport.recover_jobs()",
};
static Statement claim_job = {
    .sql = "SELECT c.run_id, c.function FROM passport.claim_job() AS c WHERE c.run_id IS NOT NULL",
};
/* $1 run, $2 function */
static Statement perform_job = {
    .sql = "SELECT passport.finish_job($1, passport.call_job($2))",
    .arguments = 2,
    .types = {INT8OID, TEXTOID},
};
/* $1 run, $2 SQLSTATE, $3 message */
static Statement fail_job = {
    .sql = "SELECT passport.fail_job($1, $2, $3)",
    .arguments = 3,
    .types = {INT8OID, TEXTOID, TEXTOID},
};

PG_FUNCTION_INFO_V1(passport_call_job);

static void begin(const char *activity);
static void end(void);
static void run(int64 run_id, text *function);
static void record_failure(int64 run_id, const ErrorData *error);
static Oid find_job_function(const char *name);

void
RecoverJobs(void)
{
	begin("recovering jobs");
	RunStatement(&recover_jobs, NULL, NULL);
	end();
}

bool
RunDueJob(void)
{
	MemoryContext caller = CurrentMemoryContext;
	int64 run_id = 0;
	text *function = NULL;
	bool isnull;

	begin("looking for jobs");
	if (RunStatement(&claim_job, NULL, NULL) > 0)
	{
		run_id = DatumGetInt64(StatementValue(0, 1, &isnull));
		MemoryContextSwitchTo(caller);
		function = DatumGetTextPCopy(StatementValue(0, 2, &isnull));
	}
	end();
	MemoryContextSwitchTo(caller);
	if (function != NULL)
		run(run_id, function);
	return function != NULL;
}

/*
 * passport_call_job calls a job's function and returns what it returns, 0 if it
 * returns nothing.  Only functions of this extension that take no arguments
 * and run as their owner are called.
 */
Datum
passport_call_job(PG_FUNCTION_ARGS)
{
	FmgrInfo info;
	LOCAL_FCINFO(call, 0);
	Oid type;
	Datum result;

	fmgr_info(find_job_function(text_to_cstring(PG_GETARG_TEXT_PP(0))), &info);
	InitFunctionCallInfoData(*call, &info, 0, InvalidOid, NULL, NULL);
	type = get_func_rettype(info.fn_oid);
	result = FunctionCallInvoke(call);
	if (call->isnull || type == VOIDOID)
		PG_RETURN_INT64(0);
	PG_RETURN_INT64(type == INT4OID ? DatumGetInt32(result) : DatumGetInt64(result));
}

/* run performs a claimed job, and records it if it fails. */
static void
run(int64 run_id, text *function)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorData *volatile error = NULL; /* set under PG_CATCH */

	PG_TRY();
	{
		Datum arguments[2] = {Int64GetDatum(run_id), PointerGetDatum(function)};

		begin("running a job");
		RunStatement(&perform_job, arguments, NULL);
		end();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	if (error != NULL)
		record_failure(run_id, error);
}

static void
record_failure(int64 run_id, const ErrorData *error)
{
	Datum arguments[3] = {Int64GetDatum(run_id),
	                      CStringGetTextDatum(unpack_sql_state(error->sqlerrcode)),
	                      CStringGetTextDatum(error->message)};

	ereport(LOG, (errmsg("job failed: %s", error->message),
	              errdetail_internal("SQLSTATE %s.", unpack_sql_state(error->sqlerrcode))));
	begin("recording a failed job");
	RunStatement(&fail_job, arguments, NULL);
	end();
}

/*
 * begin opens a transaction.  In it, SET ROLE and SET SESSION AUTHORIZATION are
 * refused as in a SECURITY DEFINER function: where the process had to start as
 * a superuser, nothing can make it one again.  Ending the transaction, either
 * way, ends that.
 */
static void
begin(const char *activity)
{
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, activity);
	StartTransactionCommand();
	SetUserIdAndSecContext(GetUserId(), SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end(void)
{
	PopActiveSnapshot();
	SPI_finish();
	SetUserIdAndSecContext(GetUserId(), 0);
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* find_job_function finds the function of a job, and refuses what is none. */
static Oid
find_job_function(const char *name)
{
	List *path = list_make2(makeString("passport"), makeString(pstrdup(name)));
	Oid function = LookupFuncName(path, 0, NULL, true);
	Oid extension = get_extension_oid("passport", false);
	HeapTuple tuple;
	Form_pg_proc proc;
	bool good;

	if (!OidIsValid(function) || getExtensionOfObject(ProcedureRelationId, function) != extension)
		ereport(ERROR,
		        (errcode(ERRCODE_PT_UNKNOWN), errmsg("job function \"%s\" is not known", name)));
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	good =
	    proc->prosecdef && proc->prokind == PROKIND_FUNCTION && !proc->proretset &&
	    (proc->prorettype == INT8OID || proc->prorettype == INT4OID || proc->prorettype == VOIDOID);
	ReleaseSysCache(tuple);
	if (!good)
		ereport(ERROR,
		        (errcode(ERRCODE_PT_FORBIDDEN), errmsg("function \"%s\" is not a job's", name)));
	return function;
}
