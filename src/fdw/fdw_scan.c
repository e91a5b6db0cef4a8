/*-------------------------------------------------------------------------
 *
 * fdw_scan.c
 *	  Executes scans of foreign tables.
 *
 * Structure: a look-up evaluates its keys and reads them through the read
 * path, as many together as that takes; where the cache has no say (policies
 * of the table, rows to be locked) by a statement for each.  The backing
 * table as a whole is read by a statement without conditions.  A volatile map
 * is walked through for its keys, which are then looked up.  Whichever it is,
 * a row of the foreign table is put together from the columns that were found.
 *
 * Everything runs as the current user.  Rights on the table behind are asked,
 * before anything is read, of the user whom the query's permissions are
 * checked for, who is the owner of a view that it came through.
 *
 * Concurrency: everything is read under the query's snapshot.  A row that is
 * to be locked may have been changed since; the scan shows what it has locked,
 * and the executor looks at the conditions again.
 *
 * Failure: what the executor holds for a statement goes with the query's
 * resources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "storage/lmgr.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "cache/read.h"
#include "cache/scan.h"
#include "fdw/fdw_plan.h"
#include "fdw/fdw_scan.h"
#include "fdw/fdw_statement.h"
#include "fdw/fdw_table.h"
#include "fdw/fdw_volatile.h"
#include "query/explain.h"
#include "query/key_scan.h"
#include "table/privileges.h"
#include "table/relation_name.h"
#include "table/row.h"

typedef struct ScanWork
{
	TcForeignMode mode;
	TcForeignTable *table;
	TcForeignLocking locking;
	TcStatementForm form; /* of a statement, and the rights that it takes */
	List *expressions;	  /* of ExprState: keys */
	bool shows_meta;
	bool shows_sizes;
	bool started;
	MemoryContext run; /* of the statement under way */

	TcKeyScan lookups;		 /* also of a volatile map's records */
	MemoryContext row;		 /* of the one at hand */
	bool by_statement;		 /* the keys are looked up so */
	TcStatement *plan;		 /* made when first needed */
	struct QueryDesc *query; /* under way */

	Relation backing; /* NULL for a volatile map */

	/* rows of the table that are locked one by one */
	TupleTableSlot *locked;
	ItemPointerData place; /* of the row at hand */
	LockClauseStrength strength;
} ScanWork;

/* ----- rows ----- */

/* Fill in what is known of the record, apart from its columns. */
static void
show_meta(ScanWork *work, TupleTableSlot *slot)
{
	const TcForeignTable *table = work->table;
	Datum keys[INDEX_MAX_KEYS];
	Datum values[TC_NMETA];
	bool nulls[TC_NMETA];

	if (!work->shows_meta)
		return;
	for (int k = 0; k < table->key.n; k++)
	{
		AttrNumber number = table->key.number[k];

		if (number == InvalidAttrNumber || slot->tts_isnull[number - 1])
			return;
		keys[k] = slot->tts_values[number - 1];
	}
	tc_fdw_meta_values(table->map, work->form.user, work->shows_sizes, keys,
					   values, nulls);
	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind != TC_FOREIGN_META)
			continue;
		slot->tts_values[i] = values[table->column[i].meta];
		slot->tts_isnull[i] = nulls[table->column[i].meta];
	}
}

/* ----- statements on the backing table ----- */

/* Open the statement, for a key or for all rows. */
static void
open_statement(ForeignScanState *node, ScanWork *work, const Datum *keys)
{
	EState *estate = node->ss.ps.state;
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);
	ParamListInfo params;

	if (work->plan == NULL)
		work->plan = tc_fdw_statement_plan(&work->form);
	MemoryContextSwitchTo(work->run);
	params = tc_fdw_statement_params(work->plan);
	for (int k = 0; keys != NULL && k < work->table->key.n; k++)
	{
		params->params[k].value = keys[k];
		params->params[k].isnull = false;
	}
	work->query = tc_fdw_statement_open(work->plan, estate->es_snapshot,
										estate->es_output_cid, params);
	MemoryContextSwitchTo(caller);
}

static void
close_statement(ScanWork *work)
{
	if (work->query != NULL)
		tc_fdw_statement_close(work->query);
	work->query = NULL;
	MemoryContextReset(work->run);
}

/* Show the statement's next row; false when there is none. */
static bool
next_of_statement(ScanWork *work, TupleTableSlot *slot)
{
	TupleTableSlot *row = tc_fdw_statement_next(work->query);
	int column = 0;
	ListCell *cell;

	if (row == NULL)
		return false;
	memset(slot->tts_isnull, true, work->table->natts * sizeof(bool));
	foreach (cell, work->form.columns)
	{
		int i = lfirst_int(cell) - 1;

		slot->tts_values[i] = row->tts_values[column];
		slot->tts_isnull[i] = row->tts_isnull[column++];
	}
	if (work->form.with_place)
		work->place = *(ItemPointer) DatumGetPointer(row->tts_values[column]);
	return true;
}

/* Prepare to lock rows of the table one by one. */
static void
prepare_locking(ForeignScanState *node, ScanWork *work)
{
	EState *estate = node->ss.ps.state;
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);

	LockRelationOid(work->table->map->relation, RowShareLock);
	work->locked = table_slot_create(work->backing, &estate->es_tupleTable);
	MemoryContextSwitchTo(caller);
}

/* The statement locks rows if all are to be, and else says where they are. */
static void
choose_locking(ForeignScanState *node, ScanWork *work)
{
	const TcMap *map = work->table->map;

	if (work->locking == TC_LOCK_FITTING &&
		(map->suspended == TC_SUSPENDED_CHILDREN ||
		 map->suspended == TC_SUSPENDED_VIRTUAL ||
		 tc_privileges_policies_apply_to(map, work->form.user)))
		work->locking = TC_LOCK_ALL;
	if (work->locking != TC_LOCK_ALL)
		work->form.lock = LCS_NONE;
	work->form.with_place = work->locking == TC_LOCK_FITTING;
	if (work->form.with_place)
		prepare_locking(node, work);
}

/* The whole table. */
static void
start_table(ForeignScanState *node, ScanWork *work)
{
	if (work->plan == NULL)
		choose_locking(node, work);
	open_statement(node, work, NULL);
}

/* ----- look-ups ----- */

static void
start_lookups(ForeignScanState *node, ScanWork *work)
{
	TcMap *map = work->table->map;
	TcKeyScan *lookups = &work->lookups;

	tc_key_scan_begin(lookups, map, node->ss.ps.state->es_snapshot, false);
	if (map->def.durable)
	{
		bool policies = tc_privileges_policies_apply_to(map, work->form.user);

		if (policies)
			lookups->reader.bypass = TC_BYPASS_POLICIES;
		work->by_statement =
			policies || lookups->reader.by_sql || work->locking != TC_LOCK_NONE;
		if (work->locking != TC_LOCK_NONE)
			work->locking = TC_LOCK_ALL;
		work->form.by_key = work->by_statement;
	}
	tc_key_scan_start(lookups, node->ss.ps.ps_ExprContext);
}

static bool
next_found(ScanWork *work, TupleTableSlot *slot)
{
	const Datum *keys;
	const TcValue *value = tc_key_scan_next(&work->lookups, &keys);

	if (value == NULL)
		return false;
	tc_record_columns_show(work->table->shown, keys, value, slot->tts_values,
						   slot->tts_isnull);
	return true;
}

/* The next row of those with the keys, by a statement for each key. */
static bool
next_by_statement(ForeignScanState *node, ScanWork *work, TupleTableSlot *slot)
{
	TcReader *reader = &work->lookups.reader;

	for (;;)
	{
		const Datum *keys;

		if (work->query != NULL && next_of_statement(work, slot))
			return true;
		close_statement(work);
		keys = tc_key_scan_next_key(&work->lookups);
		if (keys == NULL)
			return false;
		if (work->locking == TC_LOCK_NONE)
		{
			reader->counts.bypasses++;
			tc_bypass_count(work->table->map, reader->bypass);
		}
		open_statement(node, work, keys);
	}
}

/* ----- all records of a volatile map ----- */

/* Copy a key. */
static void
keep_key(ScanWork *work, const Datum *keys, Datum *kept)
{
	const TcRowLayout *layout = &work->table->map->layout;

	for (int k = 0; k < layout->nkeys; k++)
		kept[k] = datumCopy(keys[k], layout->keys[k].by_value,
							layout->keys[k].length);
}

/*
 * Make the list of all keys.  It is complete before the first row is shown,
 * so that the statement does not meet the rows that it writes itself.
 */
static void
start_records(ForeignScanState *node, ScanWork *work)
{
	TcKeyScan *lookups = &work->lookups;
	int columns = work->table->map->layout.nkeys;
	MemoryContext caller = MemoryContextSwitchTo(lookups->run);
	Size room = 64;
	int n = 0;
	Datum *all = palloc(room * columns * sizeof(Datum));
	Datum keys[INDEX_MAX_KEYS];
	TcValue value;
	TcScan *scan = tc_scan_begin(work->table->map, lookups->run);

	tc_key_scan_begin(lookups, work->table->map, node->ss.ps.state->es_snapshot,
					  false);
	while (tc_scan_next(scan, keys, &value))
	{
		if (n == room)
		{
			room *= 2;
			all = repalloc_huge(all, room * columns * sizeof(Datum));
		}
		keep_key(work, keys, all + (Size) n++ * columns);
	}
	tc_scan_end(scan);
	tc_key_scan_set_keys(lookups, all, n);
	MemoryContextSwitchTo(caller);
}

/* ----- locking ----- */

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
show_newest(ScanWork *work, TupleTableSlot *slot)
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
	show_meta(work, slot);
	ExecStoreVirtualTuple(slot);
	return true;
}

/*
 * Lock the row of the table that is at hand, in its newest version, as
 * PostgreSQL does with rows of tables; false when it is gone, or is not to be
 * waited for.
 */
static bool
lock_table_row(ForeignScanState *node, ScanWork *work, TupleTableSlot *slot)
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

/* Lock the row in the slot, and show it as it is; false when it is not. */
static bool
lock_row(ForeignScanState *node, ScanWork *work, TupleTableSlot *slot)
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

/* Is the row in the slot one to be shown?  If so it is locked, where need be.
 */
static bool
take_row(ForeignScanState *node, ScanWork *work, TupleTableSlot *slot)
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
		return lock_row(node, work, slot);
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
describe_statement(ForeignScanState *node, ScanWork *work)
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
check_rights(ScanWork *work)
{
	const TcMap *map = work->table->map;
	Oid user = work->form.user;

	if (map->def.durable)
		tc_fdw_statement_check(&work->form);
	work->shows_meta = shows_meta(work->table);
	work->shows_sizes =
		work->shows_meta && tc_privileges_record_readable(map, user);
}

static void
begin_scan(ForeignScanState *node, int flags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	MemoryContext query = node->ss.ps.state->es_query_cxt;
	ScanWork *work = palloc0(sizeof(ScanWork));

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

static void
start(ForeignScanState *node, ScanWork *work)
{
	work->started = true;
	switch (work->mode)
	{
		case TC_FOREIGN_LOOKUP:
			start_lookups(node, work);
			break;
		case TC_FOREIGN_TABLE:
			start_table(node, work);
			break;
		case TC_FOREIGN_RECORDS:
			start_records(node, work);
			break;
	}
}

static bool
next_row(ForeignScanState *node, ScanWork *work, TupleTableSlot *slot)
{
	if (work->mode == TC_FOREIGN_TABLE)
		return next_of_statement(work, slot);
	if (work->by_statement)
		return next_by_statement(node, work, slot);
	return next_found(work, slot);
}

static TupleTableSlot *
iterate_scan(ForeignScanState *node)
{
	ScanWork *work = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (!work->started)
		start(node, work);
	while (next_row(node, work, slot))
	{
		show_meta(work, slot);
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
	ScanWork *work = node->fdw_state;

	close_statement(work);
	work->started = false;
	tc_key_scan_reset(&work->lookups);
}

static void
end_scan(ForeignScanState *node)
{
	ScanWork *work = node->fdw_state;

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
	ScanWork *work = node->fdw_state;
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
