/*-------------------------------------------------------------------------
 *
 * fdw_scan.c
 *	  Executes scans of foreign tables.
 *
 * Structure: rows come from one of several sources (fdw_source.c), get their
 * metadata, and are locked where the query wants them so (fdw_row_lock.c).
 *
 * Everything runs as the current user.  Rights on the table behind are asked,
 * before anything is read, of the user whom the query's permissions are
 * checked for, who is the owner of a view that it came through.
 *
 * Failure: what the executor holds for a statement goes with the query's
 * resources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "fdw/fdw_rights.h"
#include "fdw/fdw_row_lock.h"
#include "fdw/fdw_scan.h"
#include "fdw/fdw_source.h"
#include "query/explain.h"
#include "table/privileges.h"
#include "table/relation_name.h"


/* Is the row in the slot one to be shown?  It is locked then, where need be. */
static bool
take_row(ForeignScanState *node, TcFdwScan *work, TupleTableSlot *slot)
{
	ExprContext *context = node->ss.ps.ps_ExprContext;
	bool durable = work->table->map->def.durable;

	ResetExprContext(context);
	context->ecxt_scantuple = slot;
	if (work->locking == TC_LOCK_FITTING &&
		!ExecQual(node->ss.ps.qual, context))
		return false;

	/* statements have locked all that they show */
	if (work->locking == TC_LOCK_FITTING ||
		(work->locking == TC_LOCK_ALL && !durable))
		return tc_fdw_row_lock(node, work, slot);
	return true;
}

/* ----- the scan ----- */

static bool
shows_meta(const TcForeignTable *table)
{
	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind == TC_FOREIGN_META)
			return true;
	}
	return false;
}

static int
private_int(const ForeignScan *plan, TcForeignPrivate what)
{
	return intVal(list_nth(plan->fdw_private, what));
}

/* The statement that reads, as far as the plan says. */
static void
describe_statement(ForeignScanState *node, TcFdwScan *work)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	RangeTblEntry *rte = exec_rt_fetch(plan->scan.scanrelid, node->ss.ps.state);
	TcStatementForm *form = &work->form;

	form->table = work->table;
	form->operation = CMD_SELECT;
	form->user = tc_scan_user(plan, rte);

	/* whoever opens the query, also where somebody else fetches from it */
	if (!OidIsValid(form->user))
		form->user = GetUserId();
	form->columns = list_nth(plan->fdw_private, TC_PRIVATE_COLUMNS);
	form->used = list_nth(plan->fdw_private, TC_PRIVATE_USED);
	form->rights = private_int(plan, TC_PRIVATE_RIGHTS);
	form->lock = work->strength = private_int(plan, TC_PRIVATE_STRENGTH);
	form->wait = private_int(plan, TC_PRIVATE_WAIT);
}

/* PostgreSQL has asked for rights on the foreign table alone. */
static void
check_rights(TcFdwScan *work)
{
	const TcMap *map = work->table->map;
	Oid user = work->form.user;

	if (map->def.durable)
		tc_fdw_rights_check(&work->form);
	work->shows_meta = shows_meta(work->table);
	work->shows_sizes =
		work->shows_meta && tc_privileges_record_readable(map, user);
}

static void
begin_scan(ForeignScanState *node, int flags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	MemoryContext query = node->ss.ps.state->es_query_cxt;
	TcFdwScan *work = palloc0(sizeof(TcFdwScan));

	node->fdw_state = work;
	work->mode = private_int(plan, TC_PRIVATE_MODE);
	work->locking = private_int(plan, TC_PRIVATE_LOCKING);
	work->expressions = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
	work->table =
		tc_fdw_table_of(RelationGetRelid(node->ss.ss_currentRelation));

	/* the plan may be older than the lock */
	if ((int) work->table->map->layout.fingerprint !=
		private_int(plan, TC_PRIVATE_LAYOUT))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("map \"%s\" was redefined while a query of it was "
						"planned",
						work->table->map->name)));
	describe_statement(node, work);
	check_rights(work);

	/* as long as it is open, nobody in this session alters it */
	if (work->table->map->def.durable)
		work->backing = table_open(work->table->map->relation, NoLock);
	work->run =
		AllocSetContextCreate(query, "topcache scan", ALLOCSET_SMALL_SIZES);
	work->row =
		AllocSetContextCreate(query, "topcache row", ALLOCSET_SMALL_SIZES);
	tc_key_scan_init(&work->lookups, query, &work->table->key,
					 work->expressions, private_int(plan, TC_PRIVATE_ARRAY));
}

static TupleTableSlot *
iterate_scan(ForeignScanState *node)
{
	TcFdwScan *work = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (!work->started)
		tc_fdw_source_start(node, work);
	while (tc_fdw_source_next(node, work, slot))
	{
		tc_fdw_source_show_meta(work, slot);
		ExecStoreVirtualTuple(slot);
		if (take_row(node, work, slot))
			break;
		ExecClearTuple(slot);
	}
	return slot;
}

/* Forget what was read; the reader of look-ups stays. */
static void
rescan(ForeignScanState *node)
{
	TcFdwScan *work = node->fdw_state;

	tc_fdw_source_reset(work);
}

static void
end_scan(ForeignScanState *node)
{
	TcFdwScan *work = node->fdw_state;

	if (work == NULL)
		return;
	rescan(node);
	tc_key_scan_end(&work->lookups);
	if (work->backing != NULL)
		table_close(work->backing, NoLock);
}

/* ----- EXPLAIN ----- */

static void
explain_scan(ForeignScanState *node, ExplainState *es)
{
	TcFdwScan *work = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	if (es->verbose)
		ExplainPropertyText("Map", tc_relation_name(work->table->map->relation),
							es);
	tc_explain_condition("Cache Cond", &plan->scan.plan,
						 plan->fdw_recheck_quals, NIL, es);
	if (work->mode == TC_FOREIGN_LOOKUP && work->lookups.reading)
		tc_explain_reads(&work->lookups.reader, es);
}

void
tc_fdw_scan_routines(FdwRoutine *routine)
{
	routine->BeginForeignScan = begin_scan;
	routine->IterateForeignScan = iterate_scan;
	routine->ReScanForeignScan = rescan;
	routine->EndForeignScan = end_scan;
	routine->ExplainForeignScan = explain_scan;
}
