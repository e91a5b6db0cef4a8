/*-------------------------------------------------------------------------
 *
 * record_scan.c
 *	  The scan node that reads an attached table from the cache.
 *
 * Structure: the keys are looked up through the read path, and each record
 * becomes a row of the table in a virtual slot.  What the cache can't prove
 * for the query's snapshot the read path takes from the table, by the same
 * key and under the same snapshot.
 *
 * The executor has checked the query's privileges, by columns and as the
 * user whom a view wants; the planner has seen that no policies apply.
 *
 * A record does not know where its row is.  A statement that changes the
 * current row of a cursor wants to, and has it looked up then (cursor.c).
 *
 * Concurrency: that of the read path.  The relation was locked when the plan
 * was checked, so its map is the one that was planned for.
 *
 * Failure: as for a plain scan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "plan/record_scan.h"
#include "query/custom_scan.h"
#include "query/explain.h"
#include "query/key_scan.h"
#include "query/record_columns.h"

typedef struct RecordScan
{
	CustomScanState css;
	TcMap *map;
	TcKeyColumns key;
	TcRecordColumns *columns; /* of the table */
	TcKeyScan keys;
	bool started;
} RecordScan;

static void
begin_scan(CustomScanState *node, EState *estate, int flags)
{
	RecordScan *scan = (RecordScan *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	int nkeys = intVal(list_nth(plan->custom_private, TC_RECORD_SCAN_NKEYS));
	List *keys = list_truncate(list_copy(plan->custom_exprs), nkeys);
	Oid relation = RelationGetRelid(node->ss.ss_currentRelation);

	scan->map = tc_map_lookup(relation);
	if (scan->map == NULL || scan->map->layout.nkeys != nkeys)
		elog(ERROR, "relation \"%s\" is not the map that was planned for",
			 RelationGetRelationName(node->ss.ss_currentRelation));
	scan->columns =
		tc_record_columns_describe(&scan->map->layout, NULL,
								   RelationGetNumberOfAttributes(
									   node->ss.ss_currentRelation));
	tc_key_match_columns(scan->map, &scan->key);
	tc_key_scan_init(&scan->keys, estate->es_query_cxt, &scan->key,
					 ExecInitExprList(keys, &node->ss.ps),
					 intVal(
						 list_nth(plan->custom_private, TC_RECORD_SCAN_ARRAY)));
}

static TupleTableSlot *
next_row(ScanState *node)
{
	RecordScan *scan = (RecordScan *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	const TcValue *value;
	const Datum *keys;

	ExecClearTuple(slot);
	if (!scan->started)
	{
		tc_key_scan_begin(&scan->keys, scan->map, node->ps.state->es_snapshot,
						  true);
		tc_key_scan_start(&scan->keys, node->ps.ps_ExprContext);
		scan->started = true;
	}
	value = tc_key_scan_next(&scan->keys, &keys);
	if (value == NULL)
		return slot;
	tc_record_columns_show(scan->columns, keys, value, slot->tts_values,
						   slot->tts_isnull);
	slot->tts_tableOid = scan->map->relation;
	return ExecStoreVirtualTuple(slot);
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return tc_custom_scan_exec(node, next_row);
}

static void
rescan(CustomScanState *node)
{
	RecordScan *scan = (RecordScan *) node;

	tc_key_scan_reset(&scan->keys);
	scan->started = false;
	ExecScanReScan(&node->ss);
}

static void
end_scan(CustomScanState *node)
{
	tc_key_scan_end(&((RecordScan *) node)->keys);
}

static void
explain_scan(CustomScanState *node, List *ancestors, ExplainState *es)
{
	RecordScan *scan = (RecordScan *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;

	tc_explain_condition("Cache Cond", &plan->scan.plan,
						 list_copy_tail(plan->custom_exprs, scan->key.n),
						 ancestors, es);
	if (scan->keys.reading)
		tc_explain_reads(&scan->keys.reader, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "TopCache",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain_scan,
};

/* ----- where a row is ----- */

/* Find the row in the slot by its key, as the scan has seen it. */
static void
locate_row(RecordScan *scan, TupleTableSlot *slot)
{
	TcRow shown = {slot->tts_values, slot->tts_isnull};
	TcTableReader *reader =
		tc_table_read_begin(scan->map, scan->css.ss.ps.state->es_snapshot,
							CurrentMemoryContext);
	Datum keys[INDEX_MAX_KEYS] = {0};
	TcTableRow row;

	if (!tc_row_layout_row_keys(&scan->map->layout, &shown, keys) ||
		!tc_table_read_key(reader, keys, &row))
		elog(ERROR, "could not find the row of a record in relation \"%s\"",
			 scan->map->name);
	slot->tts_tid = tc_table_read_tuple(reader)->tts_tid;
	tc_table_read_end(reader);
}

bool
tc_record_scan_locate(PlanState *node, void *relation)
{
	ScanState *scan = (ScanState *) node;

	if (node == NULL)
		return false;
	if (IsA(node, CustomScanState) &&
		((CustomScanState *) node)->methods == &exec_methods &&
		RelationGetRelid(scan->ss_currentRelation) == *(Oid *) relation &&
		!TupIsNull(scan->ss_ScanTupleSlot) &&
		!ItemPointerIsValid(&scan->ss_ScanTupleSlot->tts_tid))
		locate_row((RecordScan *) node, scan->ss_ScanTupleSlot);
	return planstate_tree_walker(node, tc_record_scan_locate, relation);
}

Node *
tc_record_scan_create_state(CustomScan *plan)
{
	return tc_custom_scan_state(sizeof(RecordScan), &exec_methods);
}
