/*-------------------------------------------------------------------------
 *
 * record_join.c
 *	  The join node that looks records up for many outer rows at a time.
 *
 * Structure: outer rows are copied, as many as join_batch.c says, and their
 * keys are evaluated; then each row is joined with the record that the read
 * path finds for it, if any, while it is already looking for the next ones.  An
 * old snapshot may see a second row of a key (see tc_read_another()).
 *
 * The scan tuple is the outer row with columns of the record behind it.
 *
 * Concurrency: that of the read path; all look-ups are under the query's
 * snapshot.
 *
 * Failure: what the reader holds goes with the query's resources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "cache/read_ahead.h"
#include "plan/join_batch.h"
#include "plan/record_join.h"
#include "query/custom_scan.h"
#include "query/explain.h"
#include "query/record_columns.h"

typedef struct RecordJoin
{
	CustomScanState css;
	JoinType type;
	TcMap *map;
	TcReader reader;
	bool reading;
	List *key;				  /* of ExprState */
	ExprState *match;		  /* further conditions of an outer join's match */
	int nouter;				  /* columns of the outer row */
	TcRecordColumns *columns; /* of the table, behind them */

	/* the batch at hand */
	TcJoinBatch batch;
	TupleTableSlot *rows[TC_JOIN_BATCH_MOST]; /* made when first needed */
	int place[TC_JOIN_BATCH_MOST]; /* of a row's key; -1: it is NULL */
	Datum *keys;
	MemoryContext key_context;
	TcReadAhead reads;
	int position;
	TcValue value;	/* of the row before the position */
	bool exhausted; /* there are no more outer rows */
} RecordJoin;

static const CustomExecMethods exec_methods;

static PlanState *
outer_of(RecordJoin *join)
{
	return linitial(join->css.custom_ps);
}

/* Is it a node like this one? */
static bool
is_join(const PlanState *node)
{
	return IsA(node, CustomScanState) &&
		((const CustomScanState *) node)->methods == &exec_methods;
}

/* ----- start ----- */

/* The range table index under which the query has the table. */
static Index
find_range_table_index(const CustomScan *plan, EState *estate, Oid relation)
{
	int rti = -1;

	while ((rti = bms_next_member(plan->custom_relids, rti)) >= 0)
	{
		if (exec_rt_fetch(rti, estate)->rtekind == RTE_RELATION &&
			exec_rt_fetch(rti, estate)->relid == relation)
			return rti;
	}
	elog(ERROR, "relation %u is not in the range table", relation);
	return 0;
}

static TcRecordColumns *
describe_columns(const TcMap *map, List *list)
{
	AttrNumber *numbers = palloc(list_length(list) * sizeof(AttrNumber));
	ListCell *cell;

	foreach (cell, list)
		numbers[foreach_current_index(cell)] = lfirst_int(cell);
	return tc_record_columns_describe(&map->layout, numbers, list_length(list));
}

static void
begin_join(CustomScanState *node, EState *estate, int flags)
{
	RecordJoin *join = (RecordJoin *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	Oid relation =
		linitial_oid(list_nth(plan->custom_private, TC_RECORD_JOIN_RELATION));
	List *key = list_nth(plan->custom_exprs, TC_RECORD_JOIN_KEY);

	/* a parallel worker locks it here */
	ExecOpenScanRelation(estate, find_range_table_index(plan, estate, relation),
						 flags);
	join->map = tc_map_lookup(relation);
	if (join->map == NULL || join->map->layout.nkeys != list_length(key))
		elog(ERROR, "relation %u is not the map that was planned for",
			 relation);
	join->type = intVal(list_nth(plan->custom_private, TC_RECORD_JOIN_TYPE));
	join->columns = describe_columns(join->map,
									 list_nth(plan->custom_private,
											  TC_RECORD_JOIN_COLUMNS));
	join->key = ExecInitExprList(key, &node->ss.ps);
	join->match =
		ExecInitQual(list_nth(plan->custom_exprs, TC_RECORD_JOIN_MATCH),
					 &node->ss.ps);
	node->custom_ps =
		list_make1(ExecInitNode(linitial(plan->custom_plans), estate, flags));
	if (is_join(outer_of(join)))
		((RecordJoin *) outer_of(join))->batch.above = &join->batch;
	join->nouter = ExecGetResultType(outer_of(join))->natts;
	join->keys = palloc(TC_JOIN_BATCH_MOST * list_length(key) * sizeof(Datum));
	join->key_context =
		AllocSetContextCreate(estate->es_query_cxt, "topcache join",
							  ALLOCSET_DEFAULT_SIZES);
	tc_join_batch_start(
		&join->batch, &node->ss.ps,
		boolVal(list_nth(plan->custom_private, TC_RECORD_JOIN_AHEAD)),
		ExecInitExprList(list_nth(plan->custom_exprs, TC_RECORD_JOIN_BOUND),
						 &node->ss.ps));
}

/* ----- a batch ----- */

static TupleTableSlot *
row_slot(RecordJoin *join, int number)
{
	if (join->rows[number] == NULL)
	{
		EState *estate = join->css.ss.ps.state;
		MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);

		join->rows[number] =
			ExecInitExtraTupleSlot(estate, ExecGetResultType(outer_of(join)),
								   &TTSOpsVirtual);
		MemoryContextSwitchTo(caller);
	}
	return join->rows[number];
}

/* Copy the next outer rows. */
static void
fetch_rows(RecordJoin *join)
{
	tc_join_batch_next(&join->batch);
	join->position = 0;
	while (join->batch.nrows < join->batch.wanted && !join->exhausted)
	{
		TupleTableSlot *row = ExecProcNode(outer_of(join));

		if (TupIsNull(row))
			join->exhausted = true;
		else
			ExecCopySlot(row_slot(join, join->batch.nrows++), row);
	}
}

/* Put an outer row into the scan tuple, with nothing of the table. */
static TupleTableSlot *
show_row(RecordJoin *join, const TupleTableSlot *row)
{
	TupleTableSlot *slot = join->css.ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	memcpy(slot->tts_values, row->tts_values, join->nouter * sizeof(Datum));
	memcpy(slot->tts_isnull, row->tts_isnull, join->nouter * sizeof(bool));
	memset(slot->tts_isnull + join->nouter, true,
		   join->columns->n * sizeof(bool));
	return ExecStoreVirtualTuple(slot);
}

/* Evaluate the key of the outer row in the scan tuple; false: it is NULL. */
static bool
evaluate_key(RecordJoin *join, Datum *key)
{
	ListCell *cell;

	foreach (cell, join->key)
	{
		bool isnull;

		*key++ = ExecEvalExpr((ExprState *) lfirst(cell),
							  join->css.ss.ps.ps_ExprContext, &isnull);
		if (isnull)
			return false;
	}
	return true;
}

/* Evaluate the keys of all rows of the batch; returns how many there are. */
static int
evaluate_keys(RecordJoin *join)
{
	int nkeys = list_length(join->key);
	int n = 0;

	for (int i = 0; i < join->batch.nrows; i++)
	{
		join->css.ss.ps.ps_ExprContext->ecxt_scantuple =
			show_row(join, join->rows[i]);
		join->place[i] = evaluate_key(join, join->keys + n * nkeys) ? n++ : -1;
	}
	return n;
}

/* The next batch; false when there are no more outer rows. */
static bool
next_batch(RecordJoin *join)
{
	EState *estate = join->css.ss.ps.state;
	MemoryContext caller;
	int n;

	fetch_rows(join);
	if (join->batch.nrows == 0)
		return false;
	if (!join->reading)
		tc_read_begin_checked(&join->reader, join->map, estate->es_snapshot,
							  estate->es_query_cxt);
	join->reading = true;
	MemoryContextReset(join->key_context);
	caller = MemoryContextSwitchTo(join->key_context);
	n = evaluate_keys(join);
	tc_read_ahead_start(&join->reads, &join->reader, join->key_context,
						join->keys, n);
	MemoryContextSwitchTo(caller);
	return true;
}

/* ----- joined rows ----- */

/*
 * Join the outer row in the scan tuple with its record, or the next one of the
 * key; true when there is a match.  The scan tuple has the columns of the
 * record only then.
 */
static bool
find_match(RecordJoin *join, bool next)
{
	TupleTableSlot *slot = join->css.ss.ss_ScanTupleSlot;
	const Datum *key =
		join->keys + join->place[join->position - 1] * list_length(join->key);

	for (;; next = true)
	{
		if (next)
		{
			MemoryContext caller = MemoryContextSwitchTo(join->key_context);

			join->value.found = tc_read_another(&join->reader, &join->value);
			MemoryContextSwitchTo(caller);
		}
		if (!join->value.found)
			break;
		tc_record_columns_show(join->columns, key, &join->value,
							   slot->tts_values + join->nouter,
							   slot->tts_isnull + join->nouter);
		if (ExecQual(join->match, join->css.ss.ps.ps_ExprContext))
			return true;
	}
	memset(slot->tts_isnull + join->nouter, true,
		   join->columns->n * sizeof(bool));
	return false;
}

/* Join the row at the position; true when there is a match. */
static bool
join_row(RecordJoin *join)
{
	int place = join->place[join->position];

	join->css.ss.ps.ps_ExprContext->ecxt_scantuple =
		show_row(join, join->rows[join->position++]);
	join->value.found = place >= 0 &&
		tc_read_ahead_next(&join->reads, &join->value) && join->value.found;
	return join->value.found && find_match(join, false);
}

/* Does the join have a row for an outer row with, or without, a match? */
static bool
is_wanted(JoinType type, bool matches)
{
	switch (type)
	{
		case JOIN_LEFT:
			return true;
		case JOIN_ANTI:
			return !matches;
		default:
			return matches;
	}
}

/* Put the next row of the join into the scan tuple; false at the end. */
static bool
next_row(RecordJoin *join)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ResetExprContext(join->css.ss.ps.ps_ExprContext);

		/* the outer row at hand may have one match more */
		if (join->value.found &&
			(join->type == JOIN_INNER || join->type == JOIN_LEFT))
		{
			if (find_match(join, true))
				return true;
		}
		if (join->position >= join->batch.nrows && !next_batch(join))
			return false;
		if (is_wanted(join->type, join_row(join)))
			return true;
	}
}

static TupleTableSlot *
exec_join(CustomScanState *node)
{
	RecordJoin *join = (RecordJoin *) node;
	ProjectionInfo *projection = node->ss.ps.ps_ProjInfo;

	tc_join_batch_note_run(&join->batch);
	while (next_row(join))
	{
		if (!ExecQual(node->ss.ps.qual, node->ss.ps.ps_ExprContext))
		{
			InstrCountFiltered1(node, 1);
			continue;
		}
		join->batch.given++;
		return projection ? ExecProject(projection) : node->ss.ss_ScanTupleSlot;
	}
	return ExecClearTuple(projection ? projection->pi_state.resultslot
									 : node->ss.ss_ScanTupleSlot);
}

/* ----- the rest of a node's life ----- */

static void
rescan(CustomScanState *node)
{
	RecordJoin *join = (RecordJoin *) node;
	PlanState *outer = outer_of(join);

	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(outer, node->ss.ps.chgParam);
	if (outer->chgParam == NULL)
		ExecReScan(outer);
	tc_join_batch_reset(&join->batch);
	join->value.found = false;
	join->position = 0;
	join->exhausted = false;
}

static void
end_join(CustomScanState *node)
{
	RecordJoin *join = (RecordJoin *) node;

	tc_read_ahead_stop(&join->reads);
	if (join->reading)
		tc_read_end(&join->reader);
	join->reading = false;
	ExecEndNode(outer_of(join));
}

static const char *
type_name(JoinType type)
{
	switch (type)
	{
		case JOIN_LEFT:
			return "Left";
		case JOIN_SEMI:
			return "Semi";
		case JOIN_ANTI:
			return "Anti";
		default:
			return "Inner";
	}
}

static void
explain_join(CustomScanState *node, List *ancestors, ExplainState *es)
{
	RecordJoin *join = (RecordJoin *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;

	ExplainPropertyText("Join Type", type_name(join->type), es);
	tc_explain_condition("Cache Cond", &plan->scan.plan,
						 list_nth(plan->custom_exprs, TC_RECORD_JOIN_CONDITION),
						 ancestors, es);
	tc_explain_condition("Join Filter", &plan->scan.plan,
						 list_nth(plan->custom_exprs, TC_RECORD_JOIN_MATCH),
						 ancestors, es);
	if (join->reading)
		tc_explain_reads(&join->reader, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "TopCache Join",
	.BeginCustomScan = begin_join,
	.ExecCustomScan = exec_join,
	.EndCustomScan = end_join,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain_join,
};

Node *
tc_record_join_create_state(CustomScan *plan)
{
	return tc_custom_scan_state(sizeof(RecordJoin), &exec_methods);
}
