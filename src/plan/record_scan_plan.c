/*-------------------------------------------------------------------------
 *
 * record_scan_plan.c
 *	  Offers the planner to read attached tables from the cache.
 *
 * Structure: where conditions give the whole key of an attached table, a
 * custom path is added beside PostgreSQL's own, for constants and parameters
 * and for each set of outer relations that have the key.  The conditions
 * that give the key are the node's expressions; the rest are its filter.
 *
 * Concurrency: a plan holds nothing of the map.  Attaching and detaching
 * change the table's triggers, which makes new plans of all that name it; a
 * change of the settings that matter does so too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"

#include "plan/record_scan.h"
#include "plan/record_scan_plan.h"
#include "plan/transparent.h"
#include "query/custom_scan.h"
#include "query/key_match.h"

static set_rel_pathlist_hook_type prev_set_rel_pathlist_hook = NULL;

static const CustomScanMethods scan_methods = {
	.CustomName = "TopCache",
	.CreateCustomScanState = tc_record_scan_create_state,
};

static Plan *make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
					   List *tlist, List *clauses, List *children);

static const CustomPathMethods path_methods = {
	.CustomName = "TopCache",
	.PlanCustomPath = make_plan,
	.ReparameterizeCustomPathByChild = tc_key_match_for_child,
};

static void
add_path_for(PlannerInfo *root, RelOptInfo *rel, const TcKeyColumns *key,
			 Relids outer)
{
	QualCost filter;
	TcKeyMatch match;
	CustomPath *path;

	if (!tc_key_match_find(root, rel, key,
						   bms_union(outer, rel->lateral_relids), &match))
		return;
	cost_qual_eval(&filter, rel->baserestrictinfo, root);
	path = tc_custom_scan_path(root, rel, outer, &path_methods);
	path->path.startup_cost = filter.startup + rel->reltarget->cost.startup;
	path->path.total_cost = path->path.startup_cost +
		tc_key_match_cost(match.keys) + match.keys * filter.per_tuple +
		path->path.rows * rel->reltarget->cost.per_tuple;
	path->custom_private = tc_key_match_keep(&match);
	add_path(rel, &path->path);
}

/* Hook: offer to read the relation from the cache. */
static void
offer_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	TcKeyColumns key;
	TcMap *map;
	ListCell *cell;

	if (prev_set_rel_pathlist_hook)
		prev_set_rel_pathlist_hook(root, rel, rti, rte);
	map = tc_transparent_map(root, rel);
	if (map == NULL)
		return;
	tc_key_match_columns(map, &key);
	add_path_for(root, rel, &key, NULL);
	foreach (cell, tc_key_match_outer_candidates(root, rel, &key))
		add_path_for(root, rel, &key, lfirst(cell));
}

/* ----- plan ----- */

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
		  List *clauses, List *children)
{
	CustomScan *scan = makeNode(CustomScan);
	TcKeyMatch match;

	tc_key_match_recall(path->custom_private, &match);
	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = tc_key_match_rest(&match, clauses);
	scan->scan.scanrelid = rel->relid;
	scan->flags = path->flags;

	/* the conditions on the key are there to be shown */
	scan->custom_exprs =
		list_concat(list_copy(match.values),
					tc_key_match_conditions(root, rel, &match));
	scan->custom_private = list_make2(makeInteger(list_length(match.values)),
									  makeInteger(match.array));
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

void
tc_record_scan_plan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	prev_set_rel_pathlist_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = offer_paths;
}
