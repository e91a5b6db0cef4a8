/*-------------------------------------------------------------------------
 *
 * record_join.c
 *	  The join node that looks records up for many outer rows at a time.
 *
 * Structure: outer rows are copied until there are enough of them, and their
 * keys are evaluated; then each row is joined with the record that the read
 * path finds for it, if any, while it is already looking for the next ones.
 *
 * An outer row that nobody asks for may raise an error that nobody wants.  So
 * the first batch is one row, and each is twice as large as the one before
 * it; and none is larger than what is known to be wanted, since an outer row
 * makes one row at the most: what is left of a LIMIT, of the rows that the
 * executor is run for, or of the batch of another such join above.  A limit
 * need not be right above the node.  When it has given as many rows and is
 * asked for more, it was another one's, and is forgotten.
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

#include "common/int.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "cache/read_ahead.h"
#include "plan/record_join.h"
#include "query/explain.h"
#include "query/record_columns.h"

/* Most outer rows that are taken together. */
#define JOIN_BATCH 64

/* The executor's run that is under way; a hint. */
typedef struct RunHint
{
	const EState *query;
	uint64 number;
	uint64 wanted; /* rows; 0: all */
} RunHint;

static RunHint this_run;
static ExecutorRun_hook_type prev_ExecutorRun_hook = NULL;

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
	TupleTableSlot *rows[JOIN_BATCH]; /* made when first needed */
	int place[JOIN_BATCH];			  /* of a row's key; -1: it is NULL */
	Datum *keys;
	TcReadAhead reads;
	MemoryContext batch; /* of keys */
	int size;			 /* rows that the next batch may have */
	int wanted;			 /* rows that the batch at hand is to have */
	int nrows;
	int position;
	bool exhausted; /* there are no more outer rows */

	/* what is known to be wanted */
	bool ahead;				  /* more than a row at a time may be taken */
	struct RecordJoin *above; /* takes the rows in batches of its own */
	List *bound;			  /* of ExprState: see TC_RECORD_JOIN_BOUND */
	int64 given;			  /* rows */
	int64 limit;	 /* so many are wanted; 0: not known, -1: nor evaluated */
	uint64 run;		 /* number of the run ... */
	int64 run_limit; /* ... and the same for that */
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
		((RecordJoin *) outer_of(join))->above = join;
	join->nouter = ExecGetResultType(outer_of(join))->natts;
	join->keys = palloc(JOIN_BATCH * list_length(key) * sizeof(Datum));
	join->batch = AllocSetContextCreate(estate->es_query_cxt, "topcache join",
										ALLOCSET_DEFAULT_SIZES);
	join->ahead = boolVal(list_nth(plan->custom_private, TC_RECORD_JOIN_AHEAD));
	join->bound =
		ExecInitExprList(list_nth(plan->custom_exprs, TC_RECORD_JOIN_BOUND),
						 &node->ss.ps);
	join->limit = -1;
	join->size = 1;
}

/* ----- how many rows are wanted ----- */

/* Hook: note the run. */
static void
run_executor(TC_EXECUTOR_RUN_PARAMETERS)
{
	RunHint outer = this_run;
	static uint64 last_number = 0;

	this_run.query = query->estate;
	this_run.number = ++last_number;
	this_run.wanted = count;
	PG_TRY();
	{
		if (prev_ExecutorRun_hook)
			prev_ExecutorRun_hook(TC_EXECUTOR_RUN_ARGUMENTS);
		else
			standard_ExecutorRun(TC_EXECUTOR_RUN_ARGUMENTS);
	}
	PG_FINALLY();
	{
		this_run = outer;
	}
	PG_END_TRY();
}

void
tc_record_join_watch_runs(void)
{
	prev_ExecutorRun_hook = ExecutorRun_hook;
	ExecutorRun_hook = run_executor;
}

/* What the LIMIT of the query asks for; 0: not known. */
static int64
evaluate_bound(RecordJoin *join)
{
	int64 sum = 0;
	ListCell *cell;

	foreach (cell, join->bound)
	{
		bool isnull;
		Datum number = ExecEvalExpr((ExprState *) lfirst(cell),
									join->css.ss.ps.ps_ExprContext, &isnull);

		if (isnull || pg_add_s64_overflow(sum, DatumGetInt64(number), &sum))
			return 0;
	}
	return sum;
}

/* The executor may have been run anew since the last row. */
static void
note_run(RecordJoin *join)
{
	if (join->run == this_run.number)
		return;
	join->run = this_run.number;
	join->run_limit = 0;
	if (this_run.query == join->css.ss.ps.state && this_run.wanted > 0 &&
		this_run.wanted < PG_INT32_MAX)
		join->run_limit = join->given + this_run.wanted;
}

/* How many rows may the next batch have? */
static int
next_size(RecordJoin *join)
{
	int64 size = join->size;

	if (!join->ahead)
		return 1;
	join->size = Min(join->size * 2, JOIN_BATCH);
	if (join->above != NULL)
		return Min(size, join->above->wanted - join->above->nrows);
	if (join->limit > join->given)
		size = Min(size, join->limit - join->given);
	if (join->run_limit > join->given)
		size = Min(size, join->run_limit - join->given);
	return size;
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
take_rows(RecordJoin *join)
{
	join->nrows = join->position = 0;
	join->wanted = next_size(join);
	while (join->nrows < join->wanted && !join->exhausted)
	{
		TupleTableSlot *row = ExecProcNode(outer_of(join));

		if (TupIsNull(row))
			join->exhausted = true;
		else
			ExecCopySlot(row_slot(join, join->nrows++), row);
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

	for (int i = 0; i < join->nrows; i++)
	{
		join->css.ss.ps.ps_ExprContext->ecxt_scantuple =
			show_row(join, join->rows[i]);
		join->place[i] = evaluate_key(join, join->keys + n * nkeys) ? n++ : -1;
	}
	return n;
}

/* Begin to read, unless that was done. */
static void
begin_reading(RecordJoin *join)
{
	EState *estate = join->css.ss.ps.state;

	if (join->reading)
		return;
	tc_read_begin_checked(&join->reader, join->map, estate->es_snapshot,
						  estate->es_query_cxt);
	join->reading = true;
}

/* The next batch; false when there are no more outer rows. */
static bool
next_batch(RecordJoin *join)
{
	MemoryContext caller;
	int n;

	if (join->limit < 0)
		join->limit = evaluate_bound(join);
	take_rows(join);
	if (join->nrows == 0)
		return false;
	begin_reading(join);
	MemoryContextReset(join->batch);
	caller = MemoryContextSwitchTo(join->batch);
	n = evaluate_keys(join);
	tc_read_ahead_start(&join->reads, &join->reader, join->batch, join->keys,
						n);
	MemoryContextSwitchTo(caller);
	return true;
}

/* ----- joined rows ----- */

/*
 * Join the row at the position with its record; true when there is a match.
 * The scan tuple has the columns of the record only then.
 */
static bool
join_row(RecordJoin *join)
{
	TupleTableSlot *slot = show_row(join, join->rows[join->position]);
	ExprContext *context = join->css.ss.ps.ps_ExprContext;
	int place = join->place[join->position++];
	TcValue value;

	context->ecxt_scantuple = slot;
	if (place < 0 || !tc_read_ahead_next(&join->reads, &value) || !value.found)
		return false;
	tc_record_columns_show(join->columns,
						   join->keys + place * list_length(join->key), &value,
						   slot->tts_values + join->nouter,
						   slot->tts_isnull + join->nouter);
	if (ExecQual(join->match, context))
		return true;
	memset(slot->tts_isnull + join->nouter, true,
		   join->columns->n * sizeof(bool));
	return false;
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

static TupleTableSlot *
exec_join(CustomScanState *node)
{
	RecordJoin *join = (RecordJoin *) node;
	ExprContext *context = node->ss.ps.ps_ExprContext;
	ProjectionInfo *projection = node->ss.ps.ps_ProjInfo;

	note_run(join);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ResetExprContext(context);
		if (join->position >= join->nrows && !next_batch(join))
			return ExecClearTuple(projection ? projection->pi_state.resultslot
											 : node->ss.ss_ScanTupleSlot);
		if (!is_wanted(join->type, join_row(join)))
			continue;
		if (!ExecQual(node->ss.ps.qual, context))
		{
			InstrCountFiltered1(node, 1);
			continue;
		}
		join->given++;
		return projection ? ExecProject(projection) : node->ss.ss_ScanTupleSlot;
	}
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
	join->nrows = join->position = 0;
	join->size = 1;
	join->given = 0;
	join->limit = -1;
	join->run = 0;
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
	RecordJoin *join = palloc0(sizeof(RecordJoin));

	NodeSetTag(join, T_CustomScanState);
	join->css.methods = &exec_methods;
	return (Node *) join;
}
