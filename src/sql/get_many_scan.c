/*-------------------------------------------------------------------------
 *
 * get_many_scan.c
 *	  Runs get_many() and its like in FROM as a scan node.
 *
 * Structure: PostgreSQL puts the rows of a function in FROM into a
 * tuplestore before it looks at the first.  Where such a function is ours, a
 * custom path is offered beside that, whose node hands rows on as they are
 * read.  The function's arguments are the node's expressions; its two
 * columns are its scan tuple.
 *
 * Concurrency: that of the read path.  A cursor may keep the node open while
 * its transaction goes on to write: the snapshot was taken before, and
 * versions that it does not see are not looked at.
 *
 * Failure: where a query wants the row as a whole, the plain function scan
 * is left to do it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/pg_compat.h"
#include "query/custom_scan.h"
#include "query/key_arg.h"
#include "query/needed_columns.h"
#include "query/result.h"
#include "sql/get_many.h"
#include "sql/get_many_scan.h"
#include "table/extension.h"

/* State of the node. */
typedef struct ManyScanState
{
	CustomScanState css;
	List *arguments; /* of ExprState: relation and keys */
	TcResultForm form;
	TcGetMany *many; /* NULL before the first row */
	TcKeyArray keys;
	void *cast;
	bool wants_key;		   /* the query looks at the column of keys */
	bool done;			   /* an argument is NULL: no rows */
	MemoryContext context; /* of one run, from scan to rescan */
} ManyScanState;

static set_rel_pathlist_hook_type prev_set_rel_pathlist_hook = NULL;

/* ----- execution ----- */

/* The form of values that a function with such a result returns. */
static TcResultForm
value_form(Oid type)
{
	switch (type)
	{
		case TEXTOID:
			return tc_result_text;
		case BYTEAOID:
			return tc_result_msgpack;
		default:
			return tc_result_jsonb;
	}
}

static void
begin_scan(CustomScanState *node, EState *estate, int flags)
{
	ManyScanState *state = (ManyScanState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	List *call = linitial(plan->custom_private);
	Oid function = linitial_oid(call);

	if (!tc_may_execute(function, GetUserId()))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION,
					   get_func_name(function));
	state->form = value_form(lsecond_oid(call));
	state->wants_key = boolVal(lsecond(plan->custom_private));
	state->arguments = ExecInitExprList(plan->custom_exprs, &node->ss.ps);
	state->context =
		AllocSetContextCreate(estate->es_query_cxt, "topcache scan",
							  ALLOCSET_DEFAULT_SIZES);
}

/* Evaluate one argument; false when it is NULL. */
static bool
evaluate(ManyScanState *state, int number, Datum *value)
{
	ExprState *argument = list_nth(state->arguments, number);
	bool isnull;

	*value = ExecEvalExpr(argument, state->css.ss.ps.ps_ExprContext, &isnull);
	return !isnull;
}

/* Evaluate the arguments and begin to read. */
static void
start(ManyScanState *state)
{
	MemoryContext caller = MemoryContextSwitchTo(state->context);
	Datum relation;
	Datum keys;
	TcMap *map;

	state->done = !evaluate(state, 0, &relation) || !evaluate(state, 1, &keys);
	if (!state->done)
	{
		map = tc_map_require(DatumGetObjectId(relation));
		state->many =
			tc_get_many_begin(map, state->css.ss.ps.state->es_snapshot,
							  state->form, state->context);
		if (!state->wants_key)
			tc_get_many_omit_keys(state->many);
		state->cast = NULL;
		tc_key_arg_from_array(DatumGetArrayTypePCopy(keys), map, &state->cast,
							  state->context, &state->keys);
		tc_get_many_set_keys(state->many, &state->keys);
	}
	MemoryContextSwitchTo(caller);
}

static TupleTableSlot *
next_row(ScanState *node)
{
	ManyScanState *state = (ManyScanState *) node;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;

	if (state->many == NULL && !state->done)
		start(state);
	ExecClearTuple(slot);
	if (!state->done &&
		tc_get_many_next(state->many, slot->tts_values, slot->tts_isnull))
		ExecStoreVirtualTuple(slot);
	return slot;
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return tc_custom_scan_exec(node, next_row);
}

/* Stop reading and forget the arguments. */
static void
stop(ManyScanState *state)
{
	if (state->many != NULL)
		tc_get_many_end(state->many);
	state->many = NULL;
	state->done = false;
	MemoryContextReset(state->context);
}

static void
end_scan(CustomScanState *node)
{
	stop((ManyScanState *) node);
}

static void
rescan(CustomScanState *node)
{
	stop((ManyScanState *) node);
	ExecScanReScan(&node->ss);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "TopCache Keys",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan,
};

static Node *
create_state(CustomScan *plan)
{
	return tc_custom_scan_state(sizeof(ManyScanState), &exec_methods);
}

static const CustomScanMethods scan_methods = {
	.CustomName = "TopCache Keys",
	.CreateCustomScanState = create_state,
};

/* ----- planning ----- */

/* A column of the function's result, as an entry of a target list. */
static TargetEntry *
column_entry(Index rti, AttrNumber number, Oid type)
{
	Oid collation = type == TEXTOID ? DEFAULT_COLLATION_OID : InvalidOid;

	return makeTargetEntry((Expr *) makeVar(rti, number, type, -1, collation,
											0),
						   number, NULL, false);
}

/* Is a column (0: the row as a whole) in a set that pull_varattnos has made? */
static bool
has_column(const Bitmapset *columns, AttrNumber number)
{
	return bms_is_member(number - FirstLowInvalidHeapAttributeNumber, columns);
}

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
		  List *clauses, List *children)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	RangeTblFunction *function = linitial(rte->functions);
	FuncExpr *call = (FuncExpr *) function->funcexpr;
	Oid value_type = lsecond_oid(path->custom_private);
	CustomScan *scan = makeNode(CustomScan);
	Bitmapset *used = tc_needed_columns(rel);

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = extract_actual_clauses(clauses, false);
	scan->flags = path->flags;
	scan->custom_exprs = copyObject(call->args);

	/* the text of a key costs more than a hit; tlist may yet be replaced */
	pull_varattnos((Node *) tlist, rel->relid, &used);
	pull_varattnos((Node *) scan->scan.plan.qual, rel->relid, &used);
	scan->custom_private =
		list_make2(path->custom_private, makeBoolean(has_column(used, 1)));
	scan->custom_scan_tlist =
		list_make2(column_entry(rel->relid, 1, TEXTOID),
				   column_entry(rel->relid, 2, value_type));
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods path_methods = {
	.CustomName = "TopCache Keys",
	.PlanCustomPath = make_plan,
};

/* The call of a function of ours in FROM, with nothing else about it. */
static FuncExpr *
our_call(RangeTblEntry *rte, Oid *value_type)
{
	RangeTblFunction *function;
	FuncExpr *call;
	char *name;

	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality ||
		list_length(rte->functions) != 1)
		return NULL;
	function = linitial(rte->functions);
	call = (FuncExpr *) function->funcexpr;
	if (!IsA(call, FuncExpr) || !call->funcretset ||
		list_length(call->args) != 2 ||
		get_func_namespace(call->funcid) != tc_extension_schema())
		return NULL;
	name = get_func_name(call->funcid);
	if (strcmp(name, "get_many") == 0)
		*value_type = JSONBOID;
	else if (strcmp(name, "get_many_text") == 0)
		*value_type = TEXTOID;
	else if (strcmp(name, "get_many_msgpack") == 0)
		*value_type = BYTEAOID;
	else
		return NULL;
	return call;
}

/* Hook: offer the node beside the function scan. */
static void
offer_path(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	FuncExpr *call;
	Oid value_type;
	Path *plain;
	CustomPath *path;

	if (prev_set_rel_pathlist_hook)
		prev_set_rel_pathlist_hook(root, rel, rti, rte);
	call = our_call(rte, &value_type);
	if (call == NULL || rel->pathlist == NIL ||
		has_column(tc_needed_columns(rel), 0))
		return;

	plain = linitial(rel->pathlist);
	path = tc_custom_scan_path(root, rel, NULL, &path_methods);

	/* the same work without the tuplestore */
	path->path.startup_cost = plain->startup_cost;
	path->path.total_cost =
		plain->startup_cost + (plain->total_cost - plain->startup_cost) / 2;
	path->custom_private = list_make2_oid(call->funcid, value_type);
	add_path(rel, &path->path);
}

void
tc_get_many_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	prev_set_rel_pathlist_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = offer_path;
}
