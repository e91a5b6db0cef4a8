/*-------------------------------------------------------------------------
 *
 * process.c
 *	  Processes that do one thing in one database, and end.
 *
 * Failure: without room for another process there is none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"

#include "worker/process.h"

BackgroundWorkerHandle *
tc_process_start(const char *function, const char *name, Oid database)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags =
		BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "topcache");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "%s", function);
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s", name);
	snprintf(worker.bgw_type, BGW_MAXLEN, "%s", name);
	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

void
tc_process_log_error(MemoryContext context, const char *doing, Oid relation)
{
	MemoryContextSwitchTo(context);
	HOLD_INTERRUPTS();
	errcontext("while %s of relation %u", doing, relation);
	EmitErrorReport();
	AbortCurrentTransaction();
	FlushErrorState();
	RESUME_INTERRUPTS();
}
