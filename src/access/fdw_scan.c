/*-------------------------------------------------------------------------
 *
 * fdw_scan.c
 *	  Executes scans of foreign tables.
 *
 * Structure: a look-up evaluates its keys and reads them through the read
 * path, as many together as that takes.  The backing table is read by a
 * statement that is planned when the scan begins and pulled row by row.  A
 * volatile map is walked through for its keys, which are then looked up.
 * Whichever it is, a row of the foreign
 * table is put together from the columns that were found.
 *
 * All of it runs as the user whom the query's permissions are checked for,
 * who is not the current one inside a view.
 *
 * Concurrency: everything is read under the query's snapshot.
 *
 * Failure: what the executor holds for the statement goes with the query's
 * resources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"

#include "access/explain_reads.h"
#include "access/fdw.h"
#include "access/fdw_table.h"
#include "access/lookups.h"
#include "base/compat.h"
#include "cache/read.h"
#include "cache/scan.h"

typedef struct ScanWork
{
	TcForeignMode mode;
	TcForeignTable *table;
	Oid user;
	List *expressions; /* of ExprState: keys, or parameters */
	bool shows_meta;
	bool locks; /* records of a volatile map, to be changed */
	bool started;
	MemoryContext run; /* of a statement, from scan to rescan */

	TcLookups lookups; /* also of a volatile map's records */
	MemoryContext row; /* of the one at hand */

	/* a statement */
	char *sql;
	List *columns;
	QueryDesc *query;
} ScanWork;

/* ----- as whom ----- */

typedef struct Identity
{
	Oid user;
	int context;
} Identity;

static void
become(const ScanWork *work, Identity *before)
{
	GetUserIdAndSecContext(&before->user, &before->context);
	if (before->user != work->user)
		SetUserIdAndSecContext(work->user,
							   before->context | SECURITY_LOCAL_USERID_CHANGE);
}

static void
become_again(const ScanWork *work, const Identity *before)
{
	if (before->user != work->user)
		SetUserIdAndSecContext(before->user, before->context);
}

/* ----- rows ----- */

/* Fill in what the foreign table shows of a record. */
static void
show_record(ScanWork *work, const Datum *keys, const TcValue *value,
			TupleTableSlot *slot)
{
	const TcForeignTable *table = work->table;
	const TcShape *shape = &table->map->shape;

	for (int i = 0; i < table->natts; i++)
	{
		AttrNumber number = table->column[i].number;

		slot->tts_isnull[i] = true;
		slot->tts_values[i] = (Datum) 0;
		if (table->column[i].kind != TC_FOREIGN_COLUMN)
			continue;
		if (shape->value == NULL)
		{
			slot->tts_isnull[i] = value->row.nulls[number - 1];
			slot->tts_values[i] = value->row.values[number - 1];
		}
		else if (number == shape->value->number)
		{
			slot->tts_isnull[i] = value->isnull;
			slot->tts_values[i] = value->value;
		}
		for (int k = 0; k < shape->nkeys && shape->value != NULL; k++)
		{
			if (number == shape->keys[k].number)
			{
				slot->tts_isnull[i] = false;
				slot->tts_values[i] = keys[k];
			}
		}
	}
}

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
	tc_meta_values(table->map, keys, values, nulls);
	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind != TC_FOREIGN_META)
			continue;
		slot->tts_values[i] = values[table->column[i].meta];
		slot->tts_isnull[i] = nulls[table->column[i].meta];
	}
}

/* ----- look-ups ----- */

static void
start_lookups(ForeignScanState *node, ScanWork *work)
{
	tc_lookups_begin(&work->lookups, work->table->map,
					 node->ss.ps.state->es_snapshot, false);
	tc_lookups_start(&work->lookups, node->ss.ps.ps_ExprContext);
}

static bool
next_found(ScanWork *work, TupleTableSlot *slot)
{
	const Datum *keys;
	const TcValue *value = tc_lookups_next(&work->lookups, &keys);

	if (value == NULL)
		return false;
	show_record(work, keys, value, slot);
	return true;
}

/* ----- a statement on the backing table ----- */

/* The parameters of the statement. */
static ParamListInfo
make_params(ScanWork *work, ExprContext *context, Oid **types)
{
	int n = list_length(work->expressions);
	ParamListInfo params = makeParamList(n);

	*types = palloc(n * sizeof(Oid));
	for (int i = 0; i < n; i++)
	{
		ExprState *state = list_nth(work->expressions, i);
		ParamExternData *param = &params->params[i];

		param->value =
			ExecEvalExprSwitchContext(state, context, &param->isnull);
		param->pflags = PARAM_FLAG_CONST;
		param->ptype = (*types)[i] = exprType((Node *) state->expr);
	}
	return params;
}

/* Plan the statement, with names as they were written: in full. */
static PlannedStmt *
plan_statement(const char *sql, Oid *types, ParamListInfo params)
{
	int level = NewGUCNestLevel();
	RawStmt *raw;
	Query *query;
	PlannedStmt *plan;

	(void) set_config_option("search_path", "pg_catalog", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	raw = linitial_node(RawStmt, pg_parse_query(sql));
	query = linitial_node(Query,
						  pg_analyze_and_rewrite_fixedparams(raw, sql, types,
															 params->numParams,
															 NULL));
	plan = pg_plan_query(query, sql, CURSOR_OPT_FAST_PLAN, params);
	AtEOXact_GUC(true, level);
	return plan;
}

static void
start_statement(ForeignScanState *node, ScanWork *work)
{
	EState *estate = node->ss.ps.state;
	MemoryContext caller = MemoryContextSwitchTo(work->run);
	Oid *types;
	ParamListInfo params =
		make_params(work, node->ss.ps.ps_ExprContext, &types);

	work->query =
		CreateQueryDesc(plan_statement(work->sql, types, params), work->sql,
						estate->es_snapshot, InvalidSnapshot, None_Receiver,
						params, NULL, 0);
	ExecutorStart(work->query, 0);
	MemoryContextSwitchTo(caller);
}

static bool
next_of_statement(ScanWork *work, TupleTableSlot *slot)
{
	MemoryContext caller =
		MemoryContextSwitchTo(work->query->estate->es_query_cxt);
	TupleTableSlot *row = ExecProcNode(work->query->planstate);
	int column = 0;
	ListCell *cell;

	MemoryContextSwitchTo(caller);
	if (TupIsNull(row))
		return false;
	slot_getallattrs(row);
	memset(slot->tts_isnull, true, work->table->natts * sizeof(bool));
	foreach (cell, work->columns)
	{
		int i = lfirst_int(cell) - 1;

		slot->tts_values[i] = row->tts_values[column];
		slot->tts_isnull[i] = row->tts_isnull[column++];
	}
	return true;
}

static void
stop_statement(ScanWork *work)
{
	if (work->query == NULL)
		return;
	ExecutorFinish(work->query);
	ExecutorEnd(work->query);
	FreeQueryDesc(work->query);
	work->query = NULL;
}

/* ----- all records of a volatile map ----- */

/* Copy a key. */
static void
keep_key(ScanWork *work, const Datum *keys, Datum *kept)
{
	const TcShape *shape = &work->table->map->shape;

	for (int k = 0; k < shape->nkeys; k++)
		kept[k] =
			datumCopy(keys[k], shape->keys[k].by_value, shape->keys[k].length);
}

/*
 * Make the list of all keys.  It is complete before the first row is shown,
 * so that the statement does not meet the rows that it writes itself.
 */
static void
start_records(ForeignScanState *node, ScanWork *work)
{
	TcLookups *lookups = &work->lookups;
	int columns = work->table->map->shape.nkeys;
	MemoryContext caller = MemoryContextSwitchTo(lookups->run);
	Size room = 64;
	int n = 0;
	Datum *all = palloc(room * columns * sizeof(Datum));
	Datum keys[INDEX_MAX_KEYS];
	TcValue value;
	TcScan *scan = tc_scan_begin(work->table->map, lookups->run);

	tc_lookups_begin(lookups, work->table->map, node->ss.ps.state->es_snapshot,
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
	tc_lookups_take(lookups, all, n);
	MemoryContextSwitchTo(caller);
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

static Oid
scan_user(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	RangeTblEntry *rte = exec_rt_fetch(plan->scan.scanrelid, node->ss.ps.state);
	Oid user = tc_scan_user(plan, rte);

	return OidIsValid(user) ? user : GetUserId();
}

static void
begin_scan(ForeignScanState *node, int flags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	MemoryContext query = node->ss.ps.state->es_query_cxt;
	ScanWork *work = palloc0(sizeof(ScanWork));

	node->fdw_state = work;
	work->mode = intVal(list_nth(plan->fdw_private, TC_PRIVATE_MODE));
	work->sql = strVal(list_nth(plan->fdw_private, TC_PRIVATE_SQL));
	work->columns = list_nth(plan->fdw_private, TC_PRIVATE_COLUMNS);
	work->locks = intVal(list_nth(plan->fdw_private, TC_PRIVATE_LOCKS)) != 0;
	work->expressions = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
	work->user = scan_user(node);
	work->table =
		tc_foreign_table(RelationGetRelid(node->ss.ss_currentRelation));
	work->shows_meta = shows_meta(work->table);
	work->locks &= !work->table->map->def.durable;
	work->run =
		AllocSetContextCreate(query, "topcache scan", ALLOCSET_SMALL_SIZES);
	work->row =
		AllocSetContextCreate(query, "topcache row", ALLOCSET_SMALL_SIZES);
	tc_lookups_init(&work->lookups, query, &work->table->key, work->expressions,
					intVal(list_nth(plan->fdw_private, TC_PRIVATE_ARRAY)));
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
			start_statement(node, work);
			break;
		case TC_FOREIGN_RECORDS:
			start_records(node, work);
			break;
	}
}

static bool
next_row(ScanWork *work, TupleTableSlot *slot)
{
	if (work->mode == TC_FOREIGN_TABLE)
		return next_of_statement(work, slot);
	return next_found(work, slot);
}

/*
 * Lock a record of a volatile map before it is changed, as an UPDATE locks
 * the rows that fit; false when it does not fit, or is gone.
 */
static bool
lock_row(ForeignScanState *node, ScanWork *work, TupleTableSlot *slot)
{
	ExprContext *context = node->ss.ps.ps_ExprContext;
	MemoryContext caller;
	bool locked;

	context->ecxt_scantuple = slot;
	if (!ExecQual(node->ss.ps.qual, context))
		return false;
	MemoryContextReset(work->row);
	caller = MemoryContextSwitchTo(work->row);
	locked = tc_fdw_volatile_lock(work->table, slot);
	MemoryContextSwitchTo(caller);
	return locked;
}

static TupleTableSlot *
iterate_scan(ForeignScanState *node)
{
	ScanWork *work = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	Identity before;

	ExecClearTuple(slot);
	become(work, &before);
	if (!work->started)
		start(node, work);
	while (next_row(work, slot))
	{
		show_meta(work, slot);
		ExecStoreVirtualTuple(slot);
		if (!work->locks || lock_row(node, work, slot))
			break;
		ExecClearTuple(slot);
	}
	become_again(work, &before);
	return slot;
}

/* Forget what was read; the reader of look-ups stays. */
static void
stop(ScanWork *work)
{
	stop_statement(work);
	work->started = false;
	tc_lookups_reset(&work->lookups);
	MemoryContextReset(work->run);
}

static void
rescan(ForeignScanState *node)
{
	ScanWork *work = node->fdw_state;

	stop(work);
}

static void
end_scan(ForeignScanState *node)
{
	ScanWork *work = node->fdw_state;

	if (work == NULL)
		return;
	stop(work);
	tc_lookups_end(&work->lookups);
}

/* ----- EXPLAIN ----- */

static void
explain_scan(ForeignScanState *node, ExplainState *es)
{
	ScanWork *work = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	bool lookup = work->mode == TC_FOREIGN_LOOKUP;

	if (es->verbose)
		ExplainPropertyText("Map", tc_map_sql_name(work->table->map), es);
	tc_explain_condition(lookup ? "Cache Cond" : "Table Cond", &plan->scan.plan,
						 plan->fdw_recheck_quals, NIL, es);
	if (es->verbose && work->mode == TC_FOREIGN_TABLE)
		ExplainPropertyText("Table SQL", work->sql, es);
	if (lookup && work->lookups.reading)
		tc_explain_reads(&work->lookups.reader, es);
}

/* ----- ANALYZE ----- */

void
tc_fdw_scan_routines(FdwRoutine *routine)
{
	routine->BeginForeignScan = begin_scan;
	routine->IterateForeignScan = iterate_scan;
	routine->ReScanForeignScan = rescan;
	routine->EndForeignScan = end_scan;
	routine->ExplainForeignScan = explain_scan;
}
