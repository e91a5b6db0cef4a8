/*-------------------------------------------------------------------------
 *
 * custom_scan.c
 *	  What our custom scan nodes have alike.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "optimizer/pathnode.h"

#include "query/custom_scan.h"

CustomPath *
tc_custom_scan_path(PlannerInfo *root, RelOptInfo *rel, Relids outer,
					const CustomPathMethods *methods)
{
	CustomPath *path = makeNode(CustomPath);
	ParamPathInfo *info =
		get_baserel_parampathinfo(root, rel,
								  bms_union(outer, rel->lateral_relids));

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = info;
	path->path.parallel_safe = rel->consider_parallel;
	path->path.rows = info != NULL ? info->ppi_rows : rel->rows;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = methods;
	return path;
}

Node *
tc_custom_scan_state(Size size, const CustomExecMethods *methods)
{
	CustomScanState *state = palloc0(size);

	NodeSetTag(state, T_CustomScanState);
	state->methods = methods;
	return (Node *) state;
}

/* Rows are of no locked relation, so there is nothing to look at again. */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	return true;
}

TupleTableSlot *
tc_custom_scan_exec(CustomScanState *node, ExecScanAccessMtd next_row)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}
