/*-------------------------------------------------------------------------
 *
 * transparent.c
 *	  Finds out whether a relation of a query may be read from the cache.
 *
 * Left alone are relations whose rows are locked or changed, or whose place
 * in the table somebody asks for; those with policies that apply; what a
 * record does not have; cursors; and whatever runs where the cache may not
 * answer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "parser/parsetree.h"

#include "base/pg_compat.h"
#include "base/settings.h"
#include "plan/cursor.h"
#include "plan/transparent.h"
#include "query/needed_columns.h"
#include "query/record_columns.h"
#include "segment/memory/segment.h"

/* Does a record have the row as a whole? */
static bool
is_row_kept(const TcMap *map)
{
	for (int i = 0; i < map->desc->natts; i++)
	{
		if (!TupleDescAttr(map->desc, i)->attisdropped &&
			!tc_record_columns_has(&map->layout, i + 1))
			return false;
	}
	return true;
}

/* Does a record of the map have everything that the query needs? */
static bool
record_has(const TcMap *map, Bitmapset *needed)
{
	int member = -1;

	while ((member = bms_next_member(needed, member)) >= 0)
	{
		int number = member + FirstLowInvalidHeapAttributeNumber;

		if (number < 0 && number != TableOidAttributeNumber)
			return false;
		if (number == 0 && !is_row_kept(map))
			return false;
		if (number > 0 && !tc_record_columns_has(&map->layout, number))
			return false;
	}
	return true;
}

/* Are rows of the relation locked or changed? */
static bool
is_target(PlannerInfo *root, Index rti)
{
	ListCell *cell;

	if (bms_is_member(rti, root->all_result_relids))
		return true;
	foreach (cell, root->rowMarks)
	{
		PlanRowMark *mark = lfirst(cell);

		if (mark->rti == rti || mark->prti == rti)
			return true;
	}
	return false;
}

/* May the cache answer in this transaction at all? */
static bool
cache_may_answer(void)
{
	return tc_transparent_scan && tc_enabled && tc_segment_ready() &&
		!tc_cursor_is_planned() && !IsolationIsSerializable() &&
		!RecoveryInProgress();
}

TcMap *
tc_transparent_map(PlannerInfo *root, RelOptInfo *rel)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	TcMap *map;

	if (rte->rtekind != RTE_RELATION || rte->relkind != RELKIND_RELATION ||
		rte->relid < FirstNormalObjectId || rte->inh ||
		rte->tablesample != NULL || rte->securityQuals != NIL ||
		!cache_may_answer() || is_target(root, rel->relid))
		return NULL;
	map = tc_map_lookup(rte->relid);
	if (map == NULL || !map->def.durable ||
		map->suspended != TC_NOT_SUSPENDED ||
		!tc_key_index_complete(&map->key_index))
		return NULL;
	return record_has(map, tc_needed_columns(rel)) ? map : NULL;
}
