/*-------------------------------------------------------------------------
 *
 * fdw_plan.c
 *	  Plans scans of foreign tables.
 *
 * Structure: where conditions pin the whole key, records are looked up; such
 * a path is offered for constants and parameters, and for each set of outer
 * relations that have the key.  The other path reads everything there is.
 * Conditions that are not the key's are evaluated by the executor.  Sizes and
 * statistics are those of the backing table.
 *
 * Rows that an UPDATE or DELETE is to change, or that are selected FOR UPDATE,
 * are locked by the scan: those that the conditions are true of, or all where
 * a condition must not be evaluated twice.
 *
 * Concurrency: planning reads catalogs, under the lock on the backing table
 * that every query of it takes.
 *
 * Failure: a foreign table that does not fit its map is an error here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

#include "base/pg_compat.h"
#include "fdw/fdw_plan.h"
#include "fdw/fdw_table.h"
#include "query/needed_columns.h"

/* What planning knows of a foreign table. */
typedef struct Planning
{
	TcForeignTable *table;
	BlockNumber pages;
	double tuples;
	List *columns;	/* attributes that the scan has to yield */
	List *used;		/* those that the query needs the right to read */
	AclMode rights; /* of the table behind it */
	bool locks;
	LockClauseStrength strength;
	LockWaitPolicy wait;
} Planning;

static get_relation_stats_hook_type prev_get_relation_stats_hook = NULL;

/* ----- columns ----- */

/* Those of a set that show columns of the map, with the key behind metadata. */
static List *
shown_columns(const TcForeignTable *table, const Bitmapset *set)
{
	List *columns = NIL;
	bool whole = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, set);
	bool meta = false;

	for (int i = 0; i < table->natts; i++)
	{
		if (!whole &&
			!bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, set))
			continue;
		meta |= table->column[i].kind == TC_FOREIGN_META;
		if (table->column[i].kind == TC_FOREIGN_COLUMN)
			columns = lappend_int(columns, i + 1);
	}
	for (int k = 0; meta && k < table->key.n; k++)
	{
		if (table->key.number[k] != InvalidAttrNumber)
			columns = list_append_unique_int(columns, table->key.number[k]);
	}
	return columns;
}

/* The columns that the scan has to yield. */
static List *
needed_columns(RelOptInfo *rel, const TcForeignTable *table)
{
	return shown_columns(table, tc_needed_columns(rel));
}

/* Does a record of the map have the columns? */
static bool
record_has(const TcForeignTable *table, List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		if (!tc_record_columns_has(&table->map->layout,
								   table->column[lfirst_int(cell) - 1].number))
			return false;
	}
	return true;
}

/* Do triggers of the foreign table see the rows that it is a target with? */
static bool
has_triggers(Oid relation)
{
	Relation rel = table_open(relation, NoLock);
	const TriggerDesc *triggers = rel->trigdesc;
	bool has = triggers != NULL &&
		(triggers->trig_update_before_row || triggers->trig_update_after_row ||
		 triggers->trig_delete_before_row || triggers->trig_delete_after_row);

	table_close(rel, NoLock);
	return has;
}

/*
 * What has to be allowed on the table behind: that which PostgreSQL asks for
 * on the foreign table.  A partition is not asked about itself; then it is
 * what the scan reads.
 */
static void
find_rights(PlannerInfo *root, RelOptInfo *rel, Oid relation,
			Planning *planning)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	TcPermissions *permissions =
		tc_find_permissions(rte, tc_query_permissions(root->parse));
	Bitmapset *whole =
		bms_make_singleton(0 - FirstLowInvalidHeapAttributeNumber);

	planning->used = planning->columns;
	planning->rights = ACL_SELECT;
	if (permissions != NULL)
	{
		planning->used =
			shown_columns(planning->table, permissions->selectedCols);
		planning->rights = permissions->requiredPerms & ACL_SELECT;
	}
	if (bms_is_member(rel->relid, root->all_result_relids) &&
		has_triggers(relation))
	{
		planning->used = shown_columns(planning->table, whole);
		planning->rights = ACL_SELECT;
	}
}

/* ----- locking ----- */

/* Are rows to be locked, and how? */
static void
find_locking(PlannerInfo *root, RelOptInfo *rel, Planning *planning)
{
	ListCell *cell;

	if (bms_is_member(rel->relid, root->all_result_relids))
	{
		planning->locks = true;
		planning->strength = LCS_FORUPDATE;
		planning->wait = LockWaitBlock;
	}
	foreach (cell, root->rowMarks)
	{
		PlanRowMark *mark = lfirst(cell);

		if (mark->rti != rel->relid || mark->strength == LCS_NONE)
			continue;
		planning->locks = true;
		planning->strength = mark->strength;
		planning->wait = mark->waitPolicy;
		planning->rights |= ACL_UPDATE;
	}
}

/* ----- size ----- */

static void
measure(Planning *planning)
{
	Relation backing;
	double visible;

	planning->pages = 1000;
	planning->tuples = 10000;
	if (!planning->table->map->def.durable)
		return;
	backing = table_open(planning->table->map->relation, NoLock);
	estimate_rel_size(backing, NULL, &planning->pages, &planning->tuples,
					  &visible);
	table_close(backing, NoLock);
}

static void
get_rel_size(PlannerInfo *root, RelOptInfo *rel, Oid relation)
{
	Planning *planning = palloc0(sizeof(Planning));

	planning->table = tc_fdw_table_of(relation);
	planning->columns = needed_columns(rel, planning->table);
	find_rights(root, rel, relation, planning);
	find_locking(root, rel, planning);
	measure(planning);
	rel->fdw_private = planning;
	rel->pages = planning->pages;
	rel->tuples = planning->tuples;
	rel->rows =
		clamp_row_est(planning->tuples *
					  clauselist_selectivity(root, rel->baserestrictinfo, 0,
											 JOIN_INNER, NULL));
}

/* May the user of a query read a column of the table behind? */
static bool
may_read(const RelOptInfo *rel, Oid relation, AttrNumber number)
{
	Oid user = OidIsValid(rel->userid) ? rel->userid : GetUserId();

	return pg_class_aclcheck(relation, user, ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(relation, number, user, ACL_SELECT) ==
		ACLCHECK_OK;
}

/*
 * Hook: statistics of a column of a foreign table are those of the column
 * that it shows, for who may read that.  Rights are asked when the scan is
 * opened, but estimates are shown of scans that never are.
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
		if (!may_read(rel, planning->table->map->relation, column->number))
			return true;
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

/* What is kept with a path: the mode, and for look-ups the match. */
static List *
path_private(TcForeignMode mode, List *match)
{
	return list_make2(makeInteger(mode), match);
}

static void
add_lookup(PlannerInfo *root, RelOptInfo *rel, Planning *planning, Relids outer)
{
	Relids required = bms_union(outer, rel->lateral_relids);
	TcKeyMatch match;
	double rows;
	Cost cost;

	if (!tc_key_match_find(root, rel, &planning->table->key, required, &match))
		return;
	rows = Min(match.keys, planning->tuples);
	cost = tc_key_match_cost(match.keys);
	if (planning->locks)
		cost += match.keys * random_page_cost;
	add_path(rel,
			 (Path *) tc_foreign_path(root, rel, clamp_row_est(rows), 0, cost,
									  NIL, required,
									  path_private(TC_FOREIGN_LOOKUP,
												   tc_key_match_keep(&match))));
}

/* Everything that there is. */
static void
add_whole(PlannerInfo *root, RelOptInfo *rel, Planning *planning)
{
	bool durable = planning->table->map->def.durable;
	Cost row = 2 * cpu_tuple_cost + rel->baserestrictcost.per_tuple;
	Cost cost = rel->baserestrictcost.startup +
		seq_page_cost * planning->pages + row * planning->tuples;

	add_path(rel,
			 (Path *) tc_foreign_path(root, rel, rel->rows, cpu_tuple_cost,
									  cost, NIL, rel->lateral_relids,
									  path_private(durable ? TC_FOREIGN_TABLE
														   : TC_FOREIGN_RECORDS,
												   NIL)));
}

/* Can keys be looked up?  What is locked is read from the table itself. */
static bool
can_look_up(const Planning *planning)
{
	const TcForeignTable *table = planning->table;

	return table->has_key &&
		((table->map->def.durable && planning->locks) ||
		 record_has(table, planning->columns));
}

static void
get_paths(PlannerInfo *root, RelOptInfo *rel, Oid relation)
{
	Planning *planning = rel->fdw_private;
	ListCell *cell;

	add_whole(root, rel, planning);
	if (!can_look_up(planning))
		return;
	add_lookup(root, rel, planning, NULL);
	foreach (cell,
			 tc_key_match_outer_candidates(root, rel, &planning->table->key))
		add_lookup(root, rel, planning, lfirst(cell));
}

/* ----- plan ----- */

/* Which rows to lock, under conditions that the executor evaluates. */
static TcForeignLocking
choose_locking(const Planning *planning, List *conditions)
{
	if (!planning->locks)
		return TC_LOCK_NONE;
	return contain_volatile_functions((Node *) conditions) ? TC_LOCK_ALL
														   : TC_LOCK_FITTING;
}

static List *
private_list(const Planning *planning, TcForeignMode mode, int array,
			 TcForeignLocking locking)
{
	List *list = NIL;

	list = lappend(list, makeInteger(mode));
	list = lappend(list,
				   makeInteger((int) planning->table->map->layout.fingerprint));
	list = lappend(list, planning->columns);
	list = lappend(list, planning->used);
	list = lappend(list, makeInteger((int) planning->rights));
	list = lappend(list, makeInteger(array));
	list = lappend(list, makeInteger(locking));
	list = lappend(list, makeInteger(planning->strength));
	return lappend(list, makeInteger(planning->wait));
}

static ForeignScan *
get_plan(PlannerInfo *root, RelOptInfo *rel, Oid relation, ForeignPath *path,
		 List *tlist, List *clauses, Plan *outer)
{
	Planning *planning = rel->fdw_private;
	TcForeignMode mode = intVal(linitial(path->fdw_private));
	TcKeyMatch match = {.array = -1};
	List *conditions = NIL;
	List *local;

	if (mode == TC_FOREIGN_LOOKUP)
	{
		tc_key_match_recall(lsecond(path->fdw_private), &match);
		conditions = tc_key_match_conditions(root, rel, &match);
	}
	local = tc_key_match_rest(&match, clauses);

	/* a change of the map makes a new plan */
	root->glob->relationOids =
		lappend_oid(root->glob->relationOids, planning->table->map->relation);
	return make_foreignscan(tlist, local, rel->relid, match.values,
							private_list(planning, mode, match.array,
										 choose_locking(planning, local)),
							NIL, conditions, outer);
}

/* A path for a partitioned outer side, as one for a partition of it. */
static List *
path_for_child(PlannerInfo *root, List *private, RelOptInfo *child)
{
	List *match = lsecond(private);

	if (match != NIL)
		match = tc_key_match_for_child(root, match, child);
	return list_make2(linitial(private), match);
}

/*
 * Parallel workers may read the map as well, where reading the table runs no
 * code that they must not run.
 */
static bool
is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	const TcMap *map = tc_fdw_table_of(rte->relid)->map;

	return !map->def.durable ||
		(map->relkind == RELKIND_RELATION && !map->row_security &&
		 map->suspended != TC_SUSPENDED_VIRTUAL &&
		 map->suspended != TC_SUSPENDED_CHILDREN);
}

void
tc_fdw_plan_routines(FdwRoutine *routine)
{
	routine->GetForeignRelSize = get_rel_size;
	routine->GetForeignPaths = get_paths;
	routine->GetForeignPlan = get_plan;
	routine->ReparameterizeForeignPathByChild = path_for_child;
	routine->IsForeignScanParallelSafe = is_parallel_safe;
}

void
tc_fdw_plan_init(void)
{
	prev_get_relation_stats_hook = get_relation_stats_hook;
	get_relation_stats_hook = relation_stats;
}
