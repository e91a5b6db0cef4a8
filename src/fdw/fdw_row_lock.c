/*-------------------------------------------------------------------------
 *
 * fdw_row_lock.c
 *	  Locks rows that a scan of a foreign table shows.
 *
 * Concurrency: a row that is to be locked may have been changed since the
 * query's snapshot; what is shown is what was locked, and the executor looks
 * at the conditions again.
 *
 * Failure: as where a table's own rows are locked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "utils/memutils.h"

#include "fdw/fdw_row_lock.h"
#include "fdw/fdw_volatile.h"
#include "table/row.h"

static LockTupleMode
lock_mode(LockClauseStrength strength)
{
	switch (strength)
	{
		case LCS_FORKEYSHARE:
			return LockTupleKeyShare;
		case LCS_FORSHARE:
			return LockTupleShare;
		case LCS_FORNOKEYUPDATE:
			return LockTupleNoKeyExclusive;
		default:
			return LockTupleExclusive;
	}
}

static void
report_concurrent_change(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

/* Show a row of the table as it was locked; false when its time is over. */
static bool
show_newest(TcFdwScan *work, TupleTableSlot *slot)
{
	const TcForeignTable *table = work->table;
	const TcRowLayout *layout = &table->map->layout;
	TcRow row;

	slot_getallattrs(work->locked);
	row.values = work->locked->tts_values;
	row.nulls = work->locked->tts_isnull;
	if (tc_row_expires(layout, &row) <= GetCurrentStatementStartTimestamp())
		return false;
	ExecClearTuple(slot);
	for (int i = 0; i < table->natts; i++)
	{
		int number = table->column[i].number;

		slot->tts_isnull[i] = true;
		slot->tts_values[i] = (Datum) 0;
		if (table->column[i].kind != TC_FOREIGN_COLUMN)
			continue;
		slot->tts_isnull[i] = row.nulls[number - 1];
		slot->tts_values[i] = row.values[number - 1];
	}
	tc_fdw_source_show_meta(work, slot);
	ExecStoreVirtualTuple(slot);
	return true;
}

/*
 * Lock the row of the table that is at hand, in its newest version, as
 * PostgreSQL does with rows of tables; false when it is gone, or is not to be
 * waited for.
 */
static bool
lock_table_row(ForeignScanState *node, TcFdwScan *work, TupleTableSlot *slot)
{
	EState *estate = node->ss.ps.state;
	uint8 flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
	TM_FailureData failure;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	switch (table_tuple_lock(work->backing, &work->place, estate->es_snapshot,
							 work->locked, estate->es_output_cid,
							 lock_mode(work->strength), work->form.wait, flags,
							 &failure))
	{
		case TM_Ok:
			return !failure.traversed || show_newest(work, slot);
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				report_concurrent_change();
			return false;
		case TM_WouldBlock:
		case TM_SelfModified: /* by this command: not a second time */
			return false;
		default:
			elog(ERROR, "could not lock a row of relation \"%s\"",
				 work->table->map->name);
	}
	return false;
}

bool
tc_fdw_row_lock(ForeignScanState *node, TcFdwScan *work, TupleTableSlot *slot)
{
	MemoryContext caller;
	bool locked;

	if (work->mode == TC_FOREIGN_TABLE)
		return lock_table_row(node, work, slot);
	MemoryContextReset(work->row);
	caller = MemoryContextSwitchTo(work->row);
	locked = tc_fdw_volatile_lock(work->table, slot);
	MemoryContextSwitchTo(caller);
	return locked;
}
