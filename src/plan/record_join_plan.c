/*-------------------------------------------------------------------------
 *
 * record_join_plan.c
 *	  Offers the planner to join attached tables by looking their records up.
 *
 * Structure: where the conditions of a join give the whole key of an attached
 * table, a custom path with the other side's path below it is added beside
 * PostgreSQL's own joins.  It does what a nested loop does over look-ups by
 * key, but takes many outer rows at a time, since records that are asked for
 * together come several times faster.  A key has one record at the most, so
 * an outer row has one match or none, and rows keep the outer side's order.
 *
 * Left to PostgreSQL are queries that change or lock rows: what they look at
 * again must be the row that they had.  So are conditions of security
 * barriers, which have to be judged in an order.
 *
 * The node's scan tuple is the outer row, column by column, with the columns
 * that are needed of the table behind it.  Its conditions speak of that.
 *
 * Concurrency: as for the scan node, a plan holds nothing of the map.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"

#include "base/pg_compat.h"
#include "plan/join_batch.h"
#include "plan/record_join.h"
#include "plan/record_join_plan.h"
#include "plan/transparent.h"
#include "query/key_match.h"
#include "query/needed_columns.h"

static set_join_pathlist_hook_type prev_set_join_pathlist_hook = NULL;

static const CustomScanMethods join_methods = {
	.CustomName = "TopCache Join",
	.CreateCustomScanState = tc_record_join_create_state,
};

/* A join that may be done by looking records up. */
typedef struct CacheJoin
{
	PlannerInfo *root;
	RelOptInfo *rel;
	RelOptInfo *outer;
	RelOptInfo *inner; /* the attached table */
	JoinType type;
	List *restrictions; /* of the join */
	List *matching;		/* conditions that decide whether a row matches */
	List *filter;		/* and those that a joined row has to pass */
	TcKeyMatch match;	/* the key among the former */
} CacheJoin;

/* ----- conditions ----- */

static bool
has_special_clause(List *clauses)
{
	ListCell *cell;

	foreach (cell, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (rinfo->pseudoconstant || rinfo->security_level > 0)
			return true;
	}
	return false;
}

/*
 * Part what decides whether a row matches from what a joined row has to pass
 * afterwards; there is a difference for outer joins only.
 */
static void
part_conditions(CacheJoin *join)
{
	ListCell *cell;

	join->matching = list_copy(join->inner->baserestrictinfo);
	foreach (cell, join->restrictions)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (IS_OUTER_JOIN(join->type) &&
			RINFO_IS_PUSHED_DOWN(rinfo, join->rel->relids))
			join->filter = lappend(join->filter, rinfo);
		else
			join->matching = lappend(join->matching, rinfo);
	}
}

/* Find the key among the conditions; an array would be many matches. */
static bool
match_key(CacheJoin *join, const TcMap *map)
{
	TcKeyColumns key;

	tc_key_match_columns(map, &key);
	return tc_key_match_find_among(join->root, join->inner, &key,
								   join->matching, &join->match) &&
		join->match.array < 0;
}

/* ----- paths ----- */

static Plan *make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
					   List *tlist, List *clauses, List *children);

static const CustomPathMethods path_methods = {
	.CustomName = "TopCache Join",
	.PlanCustomPath = make_plan,
};

/* The path with one of the outer side's paths below it. */
static CustomPath *
make_path(const CacheJoin *join, Path *outer, const QualCost *conditions)
{
	CustomPath *path = makeNode(CustomPath);
	RelOptInfo *rel = join->rel;
	double share = outer->rows / Max(join->outer->rows, 1);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.parallel_safe = rel->consider_parallel && outer->parallel_safe;
	path->path.parallel_workers = outer->parallel_workers;
	path->path.rows = clamp_row_est(rel->rows * share);
	path->path.startup_cost = outer->startup_cost + conditions->startup +
		rel->reltarget->cost.startup;
	path->path.total_cost = path->path.startup_cost + outer->total_cost -
		outer->startup_cost + tc_key_match_together_cost(outer->rows) +
		outer->rows * conditions->per_tuple +
		path->path.rows * (cpu_tuple_cost + rel->reltarget->cost.per_tuple);
	path->path.pathkeys =
		build_join_pathkeys(join->root, rel, join->type, outer->pathkeys);
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(outer);
	path->custom_private =
		list_make5(makeInteger(join->inner->relid), makeInteger(join->type),
				   join->matching, join->filter,
				   tc_key_match_keep(&join->match));
	path->methods = &path_methods;
	return path;
}

static void
add_paths(const CacheJoin *join, const QualCost *conditions)
{
	ListCell *cell;

	foreach (cell, join->outer->pathlist)
	{
		Path *outer = lfirst(cell);

		if (PATH_REQ_OUTER(outer) == NULL)
			add_path(join->rel, &make_path(join, outer, conditions)->path);
	}
	if (!join->rel->consider_parallel ||
		!bms_is_empty(join->rel->lateral_relids))
		return;
	foreach (cell, join->outer->partial_pathlist)
	{
		Path *outer = lfirst(cell);

		if (outer->parallel_safe)
			add_partial_path(join->rel,
							 &make_path(join, outer, conditions)->path);
	}
}

/*
 * Is everything that the query needs of the table a column, and not the row
 * as a whole, or where it is, be it for a condition?
 */
static bool
needs_columns_only(RelOptInfo *inner)
{
	int first = bms_next_member(tc_needed_columns(inner), -1);
	ListCell *cell;

	if (first >= 0 && first + FirstLowInvalidHeapAttributeNumber <= 0)
		return false;
	foreach (cell, inner->reltarget->exprs)
	{
		if (!IsA(lfirst(cell), Var))
			return false;
	}
	return true;
}

static bool
is_supported(JoinType type)
{
	return type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_SEMI ||
		type == JOIN_ANTI;
}

/* Hook: offer to join by looking records up. */
static void
offer_paths(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *outer,
			RelOptInfo *inner, JoinType type, JoinPathExtraData *extra)
{
	CacheJoin join = {.root = root,
					  .rel = rel,
					  .outer = outer,
					  .inner = inner,
					  .type = type,
					  .restrictions = extra->restrictlist};
	QualCost conditions;
	TcMap *map;

	if (prev_set_join_pathlist_hook)
		prev_set_join_pathlist_hook(root, rel, outer, inner, type, extra);
	if (!is_supported(type) || inner->reloptkind != RELOPT_BASEREL ||
		root->rowMarks != NIL || !bms_is_empty(root->all_result_relids))
		return;
	map = tc_transparent_map(root, inner);
	if (map == NULL || has_special_clause(extra->restrictlist) ||
		has_special_clause(inner->baserestrictinfo) ||
		!needs_columns_only(inner))
		return;
	part_conditions(&join);
	if (!match_key(&join, map))
		return;
	cost_qual_eval(&conditions, list_concat_copy(join.matching, join.filter),
				   root);
	add_paths(&join, &conditions);
}

/* ----- one name for a column ----- */

/*
 * A column of an outer join's inner side has another name above the join than
 * below it, where it cannot be null because of the join.  The scan tuple has
 * both in one place, so within the node the column goes by one name: the
 * first in a list.
 */
static Node *
rename_column(Node *node, void *names)
{
	ListCell *cell;
	Var *var;

	if (node == NULL || !IsA(node, Var))
		return node == NULL
			? NULL
			: expression_tree_mutator(node, rename_column, names);
	var = copyObject((Var *) node);
	foreach (cell, (List *) names)
	{
		Var *name = lfirst_node(Var, cell);

		if (name->varno == var->varno && name->varattno == var->varattno)
		{
			tc_var_take_nulling(var, name);
			break;
		}
	}
	return (Node *) var;
}

static List *
with_names(List *expressions, List *names)
{
	return (List *) rename_column((Node *) expressions, names);
}

/* The columns in some expressions. */
static List *
columns_in(List *expressions)
{
	return pull_var_clause((Node *) expressions,
						   PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
							   PVC_RECURSE_PLACEHOLDERS);
}

/* ----- plan ----- */

/*
 * The scan tuple: the outer plan's columns, then those of the table that the
 * node uses, by their names.  Returns the latter's numbers.
 */
static List *
describe_tuple(const CacheJoin *join, Plan *outer, List *names,
			   List **scan_tlist)
{
	List *numbers = NIL;
	ListCell *cell;

	*scan_tlist = NIL;
	foreach (cell, outer->targetlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		*scan_tlist =
			lappend(*scan_tlist,
					makeTargetEntry((Expr *) rename_column((Node *) entry->expr,
														   names),
									list_length(*scan_tlist) + 1, NULL, false));
	}
	foreach (cell, names)
	{
		Var *var = (Var *) rename_column(lfirst(cell), names);

		if (var->varno != join->inner->relid ||
			tlist_member((Expr *) var, *scan_tlist) != NULL)
			continue;
		*scan_tlist =
			lappend(*scan_tlist,
					makeTargetEntry((Expr *) var, list_length(*scan_tlist) + 1,
									NULL, false));
		numbers = lappend_int(numbers, var->varattno);
	}
	return numbers;
}

/* Make the plan of a join whose conditions have been told apart. */
static CustomScan *
assemble(const CacheJoin *join, Plan *outer)
{
	CustomScan *scan = makeNode(CustomScan);
	List *target = join->rel->reltarget->exprs;
	List *condition =
		tc_key_match_conditions(join->root, join->inner, &join->match);
	List *values = join->match.values;
	List *rest = tc_key_match_rest(&join->match, join->matching);
	List *filter = extract_actual_clauses(join->filter, false);
	Oid relation = planner_rt_fetch(join->inner->relid, join->root)->relid;
	List *expressions;
	List *names;
	List *numbers;

	if (!IS_OUTER_JOIN(join->type))
	{
		filter = rest;
		rest = NIL;
	}
	expressions = list_concat_copy(target, filter);
	expressions = list_concat(expressions, values);
	expressions = list_concat(expressions, condition);
	expressions = list_concat(expressions, rest);
	names = columns_in(expressions);
	numbers = describe_tuple(join, outer, names, &scan->custom_scan_tlist);
	filter = with_names(filter, names);

	scan->scan.plan.qual = filter;
	scan->custom_plans = list_make1(outer);
	scan->custom_exprs =
		list_make4(with_names(values, names), with_names(condition, names),
				   with_names(rest, names), tc_join_batch_bound(join->root));
	scan->custom_private =
		list_make4(list_make1_oid(relation), makeInteger(join->type), numbers,
				   makeBoolean(
					   tc_join_batch_may_grow(join->root, join->outer)));
	scan->methods = &join_methods;
	return scan;
}

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
		  List *clauses, List *children)
{
	CacheJoin join = {.root = root, .rel = rel};
	CustomScan *scan;

	join.inner = find_base_rel(root, intVal(linitial(path->custom_private)));
	join.outer = ((Path *) linitial(path->custom_paths))->parent;
	join.type = intVal(lsecond(path->custom_private));
	join.matching = lthird(path->custom_private);
	join.filter = lfourth(path->custom_private);
	tc_key_match_recall(list_nth(path->custom_private, 4), &join.match);
	scan = assemble(&join, linitial(children));
	scan->scan.plan.targetlist = tlist;
	scan->flags = path->flags;
	return &scan->scan.plan;
}

void
tc_record_join_plan_init(void)
{
	RegisterCustomScanMethods(&join_methods);
	prev_set_join_pathlist_hook = set_join_pathlist_hook;
	set_join_pathlist_hook = offer_paths;
}
