/*-------------------------------------------------------------------------
 *
 * fdw_plan.c
 *	  Plans scans of foreign tables.
 *
 * Structure: where conditions pin the whole key, records are looked up; such
 * a path is offered for constants and parameters, and for each set of outer
 * relations that have the key.  The backing table can always be read by a
 * statement, under the conditions that it can judge and in the order of its
 * key.  Sizes and statistics are those of the backing table.
 *
 * A target of an UPDATE or DELETE is always read by a statement, which locks
 * the rows.
 *
 * Concurrency: planning reads catalogs, under the lock on the backing table
 * that every query of it takes.
 *
 * Failure: a foreign table that does not fit its map is an error here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_statistic.h"
#include "foreign/foreign.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "access/fdw.h"
#include "access/fdw_sql.h"
#include "access/fdw_table.h"
#include "base/compat.h"

/* What planning knows of a foreign table. */
typedef struct Planning
{
	TcForeignTable *table;
	BlockNumber pages;
	double tuples;
	List *pushed;	 /* conditions for the backing table */
	List *columns;	 /* attributes that the query needs */
	bool is_target;	 /* of an UPDATE or DELETE */
	bool can_lookup; /* a record has all that is needed */
} Planning;

/* What a path is. */
typedef struct PathChoice
{
	TcForeignMode mode;
	TcKeyMatch match;
	int order_by; /* so many columns of the key */
	bool descending;
} PathChoice;

static get_relation_stats_hook_type prev_get_relation_stats_hook = NULL;

/* ----- size ----- */

/* The columns that the scan has to yield. */
static List *
needed_columns(RelOptInfo *rel, const TcForeignTable *table)
{
	Bitmapset *used = NULL;
	List *columns = NIL;
	bool meta = false;
	ListCell *cell;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &used);
	foreach (cell, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause,
					   rel->relid, &used);
	foreach (cell, rel->joininfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause,
					   rel->relid, &used);
	for (int i = 0; i < table->natts; i++)
	{
		if (bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used) ||
			bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, used))
		{
			meta |= table->column[i].kind == TC_FOREIGN_META;
			if (table->column[i].kind == TC_FOREIGN_COLUMN)
				columns = lappend_int(columns, i + 1);
		}
	}
	for (int k = 0; meta && k < table->key.n; k++)
		columns = list_append_unique_int(columns, table->key.number[k]);
	return columns;
}

/* Does a record of the map have the columns? */
static bool
record_has(const TcForeignTable *table, List *columns)
{
	const TcShape *shape = &table->map->shape;
	ListCell *cell;

	if (shape->value == NULL)
		return true;
	foreach (cell, columns)
	{
		AttrNumber number = table->column[lfirst_int(cell) - 1].number;
		bool has = number == shape->value->number;

		for (int k = 0; k < shape->nkeys; k++)
			has |= number == shape->keys[k].number && shape->nhashed == 0;
		if (!has)
			return false;
	}
	return true;
}

static bool
is_target(PlannerInfo *root, RelOptInfo *rel)
{
	ListCell *cell;

	if (bms_is_member(rel->relid, root->all_result_relids))
		return true;
	foreach (cell, root->rowMarks)
	{
		PlanRowMark *mark = lfirst(cell);

		if (mark->rti == rel->relid && mark->strength != LCS_NONE)
			return true;
	}
	return false;
}

static void
measure(PlannerInfo *root, RelOptInfo *rel, Planning *planning)
{
	Relation backing;
	double visible;
	ListCell *cell;

	if (!planning->table->map->def.durable)
	{
		planning->pages = 1000;
		planning->tuples = 10000;
		return;
	}
	backing = table_open(planning->table->map->relation, NoLock);
	estimate_rel_size(backing, NULL, &planning->pages, &planning->tuples,
					  &visible);
	table_close(backing, NoLock);
	foreach (cell, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (tc_can_push(root, rel, planning->table, rinfo))
			planning->pushed = lappend(planning->pushed, rinfo);
	}
}

static void
get_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relation)
{
	Planning *planning = palloc0(sizeof(Planning));

	planning->table = tc_foreign_table(relation);
	planning->columns = needed_columns(rel, planning->table);
	planning->is_target = is_target(root, rel);
	planning->can_lookup = planning->table->has_key &&
		(!planning->is_target || !planning->table->map->def.durable) &&
		record_has(planning->table, planning->columns);
	measure(root, rel, planning);
	rel->fdw_private = planning;
	rel->pages = planning->pages;
	rel->tuples = planning->tuples;
	rel->rows =
		clamp_row_est(planning->tuples *
					  clauselist_selectivity(root, rel->baserestrictinfo, 0,
											 JOIN_INNER, NULL));
}

/*
 * Hook: statistics of a column of a foreign table are those of the column
 * that it shows.
 */
static bool
relation_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber number,
			   VariableStatData *data)
{
	RelOptInfo *rel = NULL;

	if (prev_get_relation_stats_hook &&
		prev_get_relation_stats_hook(root, rte, number, data))
		return true;
	if (rte->rtekind != RTE_RELATION || rte->relkind != RELKIND_FOREIGN_TABLE ||
		number <= 0)
		return false;
	for (int i = 1; i < root->simple_rel_array_size && rel == NULL; i++)
	{
		if (root->simple_rte_array[i] == rte)
			rel = root->simple_rel_array[i];
	}
	if (rel == NULL || rel->fdwroutine == NULL || rel->fdw_private == NULL ||
		rel->fdwroutine->GetForeignRelSize != get_rel_size)
		return false;
	else
	{
		const Planning *planning = rel->fdw_private;
		const TcForeignColumn *column = &planning->table->column[number - 1];

		if (column->kind != TC_FOREIGN_COLUMN)
			return false;
		data->statsTuple =
			SearchSysCache3(STATRELATTINH,
							ObjectIdGetDatum(planning->table->map->relation),
							Int16GetDatum(column->number), BoolGetDatum(false));
		data->freefunc = ReleaseSysCache;
		data->acl_ok = false;
		return true;
	}
}

/* ----- paths ----- */

static void
add_lookup(PlannerInfo *root, RelOptInfo *rel, Planning *planning, Relids outer)
{
	PathChoice *choice = palloc0(sizeof(PathChoice));
	Relids required = bms_union(outer, rel->lateral_relids);
	double rows;
	Cost cost;

	choice->mode = TC_FOREIGN_LOOKUP;
	if (!tc_match_key(root, rel, &planning->table->key, required,
					  &choice->match))
		return;
	rows = Min(choice->match.keys, planning->tuples);

	cost = tc_lookup_cost(choice->match.keys);
	add_path(rel,
			 (Path *) tc_foreign_path(root, rel, clamp_row_est(rows), 0, cost,
									  NIL, required, list_make1(choice)));
}

/* How many columns of the key does the query's order name, one after other? */
static int
ordered_by_key(PlannerInfo *root, RelOptInfo *rel, const TcForeignTable *table,
			   bool *descending)
{
	int n = 0;
	ListCell *cell;

	if (!table->has_key)
		return 0;
	foreach (cell, root->query_pathkeys)
	{
		PathKey *key = lfirst(cell);
		bool down = tc_pathkey_descending(key);
		bool found = false;
		ListCell *member;

		if (n >= table->key.n || (n > 0 && down != *descending) ||
			key->pk_nulls_first != down)
			return 0;
		*descending = down;
		foreach (member, key->pk_eclass->ec_members)
		{
			EquivalenceMember *em = lfirst(member);
			Var *var = (Var *) em->em_expr;

			found |= IsA(var, Var) && var->varno == rel->relid &&
				var->varattno == table->key.number[n] &&
				key->pk_opfamily ==
					lookup_type_cache(table->key.type[n],
									  TYPECACHE_BTREE_OPFAMILY)
						->btree_opf;
		}
		if (!found)
			return 0;
		n++;
	}
	return n;
}

/* The backing table by a statement, or all records of a volatile map. */
static void
add_whole(PlannerInfo *root, RelOptInfo *rel, Planning *planning)
{
	PathChoice *choice = palloc0(sizeof(PathChoice));
	Cost cost =
		seq_page_cost * planning->pages + 2 * cpu_tuple_cost * planning->tuples;
	bool durable = planning->table->map->def.durable;
	bool descending = false;
	int order_by;

	choice->mode = durable ? TC_FOREIGN_TABLE : TC_FOREIGN_RECORDS;
	add_path(rel,
			 (Path *) tc_foreign_path(root, rel, rel->rows, cpu_tuple_cost,
									  cost, NIL, rel->lateral_relids,
									  list_make1(choice)));
	if (!durable || planning->is_target)
		return;
	order_by = ordered_by_key(root, rel, planning->table, &descending);
	if (order_by == 0)
		return;
	choice = palloc0(sizeof(PathChoice));
	choice->mode = TC_FOREIGN_TABLE;
	choice->order_by = order_by;
	choice->descending = descending;

	/* an index scan: half of its pages are met in a random order */
	cost += (random_page_cost - seq_page_cost) * planning->pages / 2 +
		cpu_index_tuple_cost * planning->tuples;
	add_path(rel,
			 (Path *) tc_foreign_path(root, rel, rel->rows, cpu_tuple_cost,
									  cost, root->query_pathkeys,
									  rel->lateral_relids, list_make1(choice)));
}

static void
get_paths(PlannerInfo *root, RelOptInfo *rel, Oid relation)
{
	Planning *planning = rel->fdw_private;
	ListCell *cell;

	add_whole(root, rel, planning);
	if (!planning->can_lookup)
		return;
	add_lookup(root, rel, planning, NULL);
	foreach (cell, tc_outer_candidates(root, rel, &planning->table->key))
		add_lookup(root, rel, planning, lfirst(cell));
}

/* ----- plan ----- */

static List *
private_list(TcForeignMode mode, char *sql, List *columns, int array,
			 bool locks)
{
	return list_make5(makeInteger(mode), makeString(sql != NULL ? sql : ""),
					  columns, makeInteger(array), makeInteger(locks));
}

static ForeignScan *
get_plan(PlannerInfo *root, RelOptInfo *rel, Oid relation, ForeignPath *path,
		 List *tlist, List *clauses, Plan *outer)
{
	Planning *planning = rel->fdw_private;
	PathChoice *choice = linitial(path->fdw_private);
	List *done = NIL; /* conditions that the scan sees to */
	List *local = NIL;
	List *conditions;
	List *expressions = NIL;
	char *sql = NULL;
	ListCell *cell;

	if (choice->mode == TC_FOREIGN_LOOKUP)
		done = choice->match.clauses;
	else if (choice->mode == TC_FOREIGN_TABLE)
		done = planning->pushed;
	foreach (cell, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (!rinfo->pseudoconstant && !list_member_ptr(done, rinfo))
			local = lappend(local, rinfo->clause);
	}
	conditions = extract_actual_clauses(done, false);
	if (choice->mode == TC_FOREIGN_LOOKUP)
	{
		conditions = tc_key_conditions(root, rel, &choice->match);
		expressions = choice->match.values;
	}
	else if (choice->mode == TC_FOREIGN_TABLE)
		sql = tc_foreign_sql(rel, planning->table, planning->columns,
							 conditions, choice->order_by, choice->descending,
							 planning->is_target, &expressions);

	/* a change of the map makes a new plan */
	root->glob->relationOids =
		lappend_oid(root->glob->relationOids, planning->table->map->relation);
	return make_foreignscan(tlist, local, rel->relid, expressions,
							private_list(choice->mode, sql, planning->columns,
										 choice->match.array,
										 planning->is_target),
							NIL, conditions, outer);
}

/* Parallel workers may read the map as well. */
static bool
is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	return true;
}

void
tc_fdw_plan_routines(FdwRoutine *routine)
{
	routine->GetForeignRelSize = get_rel_size;
	routine->GetForeignPaths = get_paths;
	routine->GetForeignPlan = get_plan;
	routine->IsForeignScanParallelSafe = is_parallel_safe;
}

void
tc_fdw_init(void)
{
	prev_get_relation_stats_hook = get_relation_stats_hook;
	get_relation_stats_hook = relation_stats;
}
