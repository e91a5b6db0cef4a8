/*-------------------------------------------------------------------------
 *
 * join_batch.c
 *	  How many outer rows a join takes at a time.
 *
 * An outer row that nobody asks for may raise an error that nobody wants.  So
 * the first batch is one row, and each is twice as large as the one before
 * it; and none is larger than what is known to be wanted, since an outer row
 * makes one row at the most: what is left of a LIMIT, of the rows that the
 * executor is run for, or of the batch of another such join above.  A limit
 * need not be right above the node.  When it has given as many rows and is
 * asked for more, it was another one's, and is forgotten.
 *
 * What raises no error may do something each time that it is evaluated.  Where
 * the outer side is volatile in that way, a batch is one row.
 *
 * A node is not told how many rows the executor is run for; a hook notes it.
 * Runs nest, and one that is over puts back what was noted of the outer one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"

#include "base/pg_compat.h"
#include "plan/join_batch.h"

/* ----- planning ----- */

/*
 * May some expressions give something else, or do something, each time?  What
 * subplans do is not looked into.
 */
static bool
are_volatile(List *expressions)
{
	return contain_volatile_functions((Node *) expressions) ||
		contain_subplans((Node *) expressions);
}

/* The query of a WITH clause that a relation stands for. */
static Node *
query_of_cte(const PlannerInfo *root, const RangeTblEntry *rte)
{
	ListCell *cell;

	for (Index level = 0; level < rte->ctelevelsup; level++)
		root = root->parent_root;
	foreach (cell, root->parse->cteList)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, cell);

		if (strcmp(cte->ctename, rte->ctename) == 0)
			return cte->ctequery;
	}
	return NULL;
}

/*
 * May a relation's rows be volatile?  What is a function in FROM is not asked
 * row by row.
 */
static bool
is_volatile_source(const PlannerInfo *root, const RangeTblEntry *rte)
{
	switch (rte->rtekind)
	{
		case RTE_SUBQUERY:
			return contain_volatile_functions((Node *) rte->subquery);
		case RTE_VALUES:
			return are_volatile(rte->values_lists);
		case RTE_CTE:
			return !rte->self_reference &&
				contain_volatile_functions(query_of_cte(root, rte));
		default:
			return false;
	}
}

bool
tc_join_batch_may_grow(PlannerInfo *root, RelOptInfo *outer)
{
	int rti = -1;

	if (are_volatile(outer->reltarget->exprs))
		return false;
	while ((rti = bms_next_member(outer->relids, rti)) >= 0)
	{
		RelOptInfo *rel = root->simple_rel_array[rti];

		/* outer joins have numbers as well */
		if (rel != NULL &&
			(are_volatile(rel->reltarget->exprs) ||
			 are_volatile(
				 extract_actual_clauses(rel->baserestrictinfo, false)) ||
			 are_volatile(extract_actual_clauses(rel->joininfo, false)) ||
			 is_volatile_source(root, planner_rt_fetch(rti, root))))
			return false;
	}
	return true;
}

List *
tc_join_batch_bound(const PlannerInfo *root)
{
	List *limit = list_make1(root->parse->limitCount);
	int64 rows = Min(root->tuple_fraction, PG_INT32_MAX);

	if (root->parse->limitOffset != NULL)
		limit = lappend(limit, root->parse->limitOffset);
	if (root->parse->limitCount != NULL && !are_volatile(limit))
		return copyObject(limit);
	if (rows < 1)
		return NIL;
	return list_make1(makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
								Int64GetDatum(rows), false, FLOAT8PASSBYVAL));
}

/* ----- execution ----- */

/* The executor's run that is under way; a hint. */
typedef struct RunHint
{
	const EState *query;
	uint64 number;
	uint64 wanted; /* rows; 0: all */
} RunHint;

static RunHint this_run;
static ExecutorRun_hook_type prev_ExecutorRun_hook = NULL;

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
tc_join_batch_note_run(TcJoinBatch *batch)
{
	if (batch->run == this_run.number)
		return;
	batch->run = this_run.number;
	batch->run_limit = 0;
	if (this_run.query == batch->node->state && this_run.wanted > 0 &&
		this_run.wanted < PG_INT32_MAX)
		batch->run_limit = batch->given + this_run.wanted;
}

/* What the LIMIT of the query asks for; 0: not known. */
static int64
evaluate_bound(const TcJoinBatch *batch)
{
	int64 sum = 0;
	ListCell *cell;

	foreach (cell, batch->bound)
	{
		bool isnull;
		Datum number = ExecEvalExpr((ExprState *) lfirst(cell),
									batch->node->ps_ExprContext, &isnull);

		if (isnull || pg_add_s64_overflow(sum, DatumGetInt64(number), &sum))
			return 0;
	}
	return sum;
}

void
tc_join_batch_start(TcJoinBatch *batch, PlanState *node, bool grows,
					List *bound)
{
	batch->node = node;
	batch->grows = grows;
	batch->bound = bound;
	tc_join_batch_reset(batch);
}

void
tc_join_batch_next(TcJoinBatch *batch)
{
	int64 size = batch->size;

	batch->nrows = 0;
	batch->wanted = 1;
	if (!batch->grows)
		return;
	batch->size = Min(batch->size * 2, TC_JOIN_BATCH_MOST);
	if (batch->above != NULL)
	{
		batch->wanted = Min(size, batch->above->wanted - batch->above->nrows);
		return;
	}
	if (batch->limit < 0)
		batch->limit = evaluate_bound(batch);
	if (batch->limit > batch->given)
		size = Min(size, batch->limit - batch->given);
	if (batch->run_limit > batch->given)
		size = Min(size, batch->run_limit - batch->given);
	batch->wanted = size;
}

void
tc_join_batch_reset(TcJoinBatch *batch)
{
	batch->size = 1;
	batch->nrows = 0;
	batch->given = 0;
	batch->limit = -1;
	batch->run = 0;
}

void
tc_join_batch_init(void)
{
	prev_ExecutorRun_hook = ExecutorRun_hook;
	ExecutorRun_hook = run_executor;
}
