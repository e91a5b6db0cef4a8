/*-------------------------------------------------------------------------
 *
 * fdw_truncate.c
 *	  TRUNCATE of foreign tables.
 *
 * Structure: the tables behind durable maps are truncated by one command, and
 * volatile maps lose their records.
 *
 * Failure: errors are the command's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/tablecmds.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "cache/scan.h"
#include "cache/volatile.h"
#include "fdw/fdw_table.h"
#include "fdw/fdw_truncate.h"

/* Remove all records of a volatile map. */
static void
clear_volatile(TcMap *map)
{
	TcScan *scan = tc_scan_begin(map, CurrentMemoryContext);
	Datum keys[INDEX_MAX_KEYS];
	TcValue value;

	while (tc_scan_next(scan, keys, &value))
		(void) tc_volatile_remove(map, keys);
	tc_scan_end(scan);
}

void
tc_fdw_truncate(List *rels, DropBehavior behavior, bool restart_identity)
{
	TruncateStmt *command = makeNode(TruncateStmt);
	ListCell *cell;

	command->behavior = behavior;
	command->restart_seqs = restart_identity;
	foreach (cell, rels)
	{
		TcForeignTable *table =
			tc_fdw_table_of(RelationGetRelid((Relation) lfirst(cell)));
		TcMap *map = table->map;

		if (!map->def.durable)
		{
			clear_volatile(map);
			continue;
		}

		/* as for other statements (tc_fdw_rights_check) */
		if (pg_class_aclcheck(map->relation, table->owner, ACL_TRUNCATE) !=
			ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, map->name);
		command->relations =
			lappend(command->relations,
					makeRangeVar(get_namespace_name(map->schema),
								 pstrdup(map->name), -1));
	}
	if (command->relations != NIL)
		ExecuteTruncate(command);
}
