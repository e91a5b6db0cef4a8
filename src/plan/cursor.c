/*-------------------------------------------------------------------------
 *
 * cursor.c
 *	  Keeps cursors over attached tables as they are without topcache.
 *
 * Structure: which cursors can be scrolled, and which have a current row for
 * UPDATE and DELETE, PostgreSQL tells by the form of their plans.  So queries
 * of DECLARE CURSOR, and of cursors in PL/pgSQL, are planned without the
 * cache.
 *
 * Other portals, of loops and of clients that fetch some rows at a time, are
 * not known for cursors when they are planned, but can be named as such.  So
 * where the current row of one is to be changed in an attached table, a node
 * above the scan that asks for its place has the scan node of the cache look
 * that up first.
 *
 * Concurrency: the snapshot of the portal's query is still in use, so the row
 * that it has seen is there.
 *
 * Failure: errors about a cursor are left to PostgreSQL to raise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/portal.h"

#include "plan/cursor.h"
#include "plan/record_scan.h"
#include "query/custom_scan.h"
#include "table/map.h"

/* State of the node. */
typedef struct CursorRow
{
	CustomScanState css;
	Oid relation;
	ExprState *cursor; /* its name */
	bool located;
} CursorRow;

static set_rel_pathlist_hook_type prev_set_rel_pathlist_hook = NULL;
static planner_hook_type prev_planner_hook = NULL;

static bool is_planned = false;

/* ----- cursors that are planned as such ----- */

bool
tc_cursor_is_planned(void)
{
	return is_planned;
}

/* Hook: note whether it is a cursor. */
static PlannedStmt *
plan_query(Query *query, const char *text, int options, ParamListInfo params)
{
	bool outer = is_planned;
	PlannedStmt *plan;

	is_planned = (options & CURSOR_OPT_FAST_PLAN) != 0;
	PG_TRY();
	{
		plan = prev_planner_hook
			? prev_planner_hook(query, text, options, params)
			: standard_planner(query, text, options, params);
	}
	PG_FINALLY();
	{
		is_planned = outer;
	}
	PG_END_TRY();
	return plan;
}

/* ----- execution ----- */

/* Have the place of the cursor's row in the relation looked up. */
static void
locate(CursorRow *state)
{
	Datum name;
	bool isnull;
	Portal portal;

	name =
		ExecEvalExpr(state->cursor, state->css.ss.ps.ps_ExprContext, &isnull);
	portal = isnull ? NULL : GetPortalByName(TextDatumGetCString(name));
	if (PortalIsValid(portal) && portal->strategy == PORTAL_ONE_SELECT &&
		portal->queryDesc != NULL && portal->queryDesc->estate != NULL)
		tc_record_scan_locate(portal->queryDesc->planstate, &state->relation);
}

static void
begin_node(CustomScanState *node, EState *estate, int flags)
{
	CursorRow *state = (CursorRow *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;

	state->relation = linitial_oid(plan->custom_private);
	state->cursor = ExecInitExpr(linitial(plan->custom_exprs), &node->ss.ps);
	node->custom_ps =
		list_make1(ExecInitNode(linitial(plan->custom_plans), estate, flags));
}

static TupleTableSlot *
exec_node(CustomScanState *node)
{
	CursorRow *state = (CursorRow *) node;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	TupleTableSlot *row;

	if (!state->located)
		locate(state);
	state->located = true;
	row = ExecProcNode(linitial(node->custom_ps));
	return TupIsNull(row) ? ExecClearTuple(slot) : ExecCopySlot(slot, row);
}

static void
end_node(CustomScanState *node)
{
	ExecEndNode(linitial(node->custom_ps));
}

static void
rescan_node(CustomScanState *node)
{
	PlanState *scan = linitial(node->custom_ps);

	((CursorRow *) node)->located = false;
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(scan, node->ss.ps.chgParam);
	if (scan->chgParam == NULL)
		ExecReScan(scan);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "TopCache Cursor",
	.BeginCustomScan = begin_node,
	.ExecCustomScan = exec_node,
	.EndCustomScan = end_node,
	.ReScanCustomScan = rescan_node,
};

static Node *
create_state(CustomScan *plan)
{
	return tc_custom_scan_state(sizeof(CursorRow), &exec_methods);
}

static const CustomScanMethods scan_methods = {
	.CustomName = "TopCache Cursor",
	.CreateCustomScanState = create_state,
};

/* ----- planning ----- */

/* The condition on a relation that wants the current row of a cursor. */
static CurrentOfExpr *
current_of(RelOptInfo *rel)
{
	ListCell *cell;

	foreach (cell, rel->baserestrictinfo)
	{
		Expr *clause = lfirst_node(RestrictInfo, cell)->clause;

		if (IsA(clause, CurrentOfExpr))
			return (CurrentOfExpr *) clause;
	}
	return NULL;
}

/* The name of the cursor: as it stands, or in a parameter. */
static Expr *
name_of_cursor(CurrentOfExpr *current)
{
	Param *param;

	if (current->cursor_name != NULL)
		return (Expr *) makeConst(TEXTOID, -1, InvalidOid, -1,
								  CStringGetTextDatum(current->cursor_name),
								  false, false);
	param = makeNode(Param);
	param->paramkind = PARAM_EXTERN;
	param->paramid = current->cursor_param;
	param->paramtype = REFCURSOROID;
	param->paramtypmod = -1;
	param->location = -1;
	return (Expr *) param;
}

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
		  List *clauses, List *children)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan *child = linitial(children);

	scan->scan.plan.targetlist = tlist;
	scan->custom_plans = children;
	scan->custom_scan_tlist = copyObject(child->targetlist);
	scan->custom_exprs = list_make1(name_of_cursor(current_of(rel)));
	scan->custom_private =
		list_make1_oid(planner_rt_fetch(rel->relid, root)->relid);
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods path_methods = {
	.CustomName = "TopCache Cursor",
	.PlanCustomPath = make_plan,
};

/* A path of the node above another one. */
static Path *
put_above(Path *scan)
{
	CustomPath *path = makeNode(CustomPath);

	path->path = *scan;
	path->path.type = T_CustomPath;
	path->path.pathtype = T_CustomScan;
	path->custom_paths = list_make1(scan);
	path->methods = &path_methods;
	return &path->path;
}

/* Hook: put the node above scans for the current row of a cursor. */
static void
change_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	ListCell *cell;

	if (prev_set_rel_pathlist_hook)
		prev_set_rel_pathlist_hook(root, rel, rti, rte);
	if (current_of(rel) == NULL || rte->rtekind != RTE_RELATION ||
		tc_map_lookup(rte->relid) == NULL)
		return;
	foreach (cell, rel->pathlist)
	{
		if (IsA(lfirst(cell), TidPath))
			lfirst(cell) = put_above(lfirst(cell));
	}
}

void
tc_cursor_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	prev_planner_hook = planner_hook;
	planner_hook = plan_query;
	prev_set_rel_pathlist_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = change_paths;
}
