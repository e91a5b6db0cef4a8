/*-------------------------------------------------------------------------
 *
 * purge_process.c
 *	  The process that deletes expired rows in one database.
 *
 * Structure: it is started for a database in which rows are due, goes once
 * through the tables of its maps, a batch per transaction, reports whether
 * there are such tables and whether it has left anything, and ends.  So no
 * database has somebody connected to it for long.
 *
 * Concurrency: that of the batches.  Several of these processes do each
 * other no harm.
 *
 * Failure: an error of one table is logged, and the next table's turn comes;
 * it is tried again when the database's turn comes again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "segment/maps/map_table.h"
#include "segment/maps/row_expiry.h"
#include "segment/memory/segment.h"
#include "table/map_definition.h"
#include "table/table_purge.h"
#include "worker/process.h"
#include "worker/purge_process.h"

/* Rows deleted in one transaction, and transactions for one table. */
#define ROWS_PER_BATCH	  1000
#define BATCHES_PER_TABLE 50

/* How soon a table is tried again that was locked. */
#define BUSY_US (5 * USECS_PER_SEC)

PGDLLEXPORT void tc_purge_process_main(Datum arg);

/* Is a statement running, in which a trigger may do anything? */
static volatile bool in_batch = false;

/* Told to end: at once where nobody knows how long it takes, else quietly. */
static void
told_to_end(SIGNAL_ARGS)
{
	if (in_batch)
		die(postgres_signal_arg);
	else
		SignalHandlerForShutdownRequest(postgres_signal_arg);
}

/* Settings that someone may have given the database, or the server. */
static void
use_own_settings(void)
{
	static const char *const settings[][2] = {
		{"default_transaction_read_only", "off"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_deferrable", "off"},
		{"session_replication_role", "origin"},
		{"synchronous_commit", "local"},
		{"enable_seqscan", "off"},
		{"enable_tidscan", "on"},
		{"enable_indexscan", "on"},
		{"lock_timeout", "200ms"},	  /* what triggers and cascades lock */
		{"transaction_timeout", "0"}, /* not in all versions */
	};

	for (int i = 0; i < lengthof(settings); i++)
	{
		if (GetConfigOption(settings[i][0], true, false) != NULL)
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET,
							PGC_S_OVERRIDE);
	}
}

static void
begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
commit(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* The tables of the database that have rows that expire. */
static List *
find_relations(void)
{
	MemoryContext previous;
	List *relations;

	begin();
	previous = MemoryContextSwitchTo(TopMemoryContext);
	relations = tc_map_definition_relations(true);
	MemoryContextSwitchTo(previous);
	commit();
	return relations;
}

static TcPurgeResult
purge_batch(Oid relation, TimestampTz *next)
{
	TcPurgeResult result;

	begin();
	in_batch = true;
	result = tc_table_purge_batch(relation, ROWS_PER_BATCH, next);
	in_batch = false;
	commit();
	return result;
}

/* Delete what has expired from one table; true when something is left. */
static bool
purge_relation(Oid relation)
{
	TcPurgeResult result = TC_PURGE_MORE;
	TimestampTz next = PG_INT64_MAX;
	uint16 number;

	/* what is written from here on is noted anew */
	if (tc_map_table_find(MyDatabaseId, relation, &number))
		tc_row_expiry_take(number);
	for (int i = 0; i < BATCHES_PER_TABLE && result == TC_PURGE_MORE &&
		 !ShutdownRequestPending;
		 i++)
		result = purge_batch(relation, &next);
	if (result == TC_PURGE_BUSY)
		next = GetCurrentTimestamp() + BUSY_US;
	if (tc_map_table_find(MyDatabaseId, relation, &number))
		tc_row_expiry_note(number, next);
	return result == TC_PURGE_MORE;
}

/* The same; an error is logged and over. */
static bool
try_relation(Oid relation)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool more = false;

	PG_TRY();
	{
		more = purge_relation(relation);
	}
	PG_CATCH();
	{
		in_batch = false;
		tc_process_log_error(context, "deleting expired rows", relation);
	}
	PG_END_TRY();
	return more;
}

void
tc_purge_process_main(Datum arg)
{
	Oid database = DatumGetObjectId(arg);
	bool more = false;
	List *relations;
	ListCell *cell;

	pqsignal(SIGTERM, told_to_end);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	if (!tc_segment_ready())
		proc_exit(0);
	use_own_settings();
	pgstat_report_activity(STATE_RUNNING, "deleting expired rows");

	relations = find_relations();
	foreach (cell, relations)
	{
		if (!ShutdownRequestPending)
			more |= try_relation(lfirst_oid(cell));
	}
	tc_row_expiry_report(database, relations != NIL, more);
	proc_exit(0);
}

BackgroundWorkerHandle *
tc_purge_process_start(Oid database)
{
	return tc_process_start("tc_purge_process_main", "topcache expiry worker",
							database);
}
