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

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "commands/tablecmds.h"
#include "nodes/makefuncs.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "cache/scan.h"
#include "cache/volatile.h"
#include "fdw/fdw_table.h"
#include "fdw/fdw_truncate.h"

/*
 * Has the command that we are part of truncated the table already?  Tables
 * are truncated before foreign tables.  The table is still open then, has a new
 * file, and is locked, so that nobody else has written to it since.
 */
static bool
is_truncated(Oid relation)
{
	Relation rel = table_open(relation, AccessShareLock);
	SubTransactionId current = GetCurrentSubTransactionId();
	bool truncated = rel->rd_refcnt > 1 &&
		CheckRelationLockedByMe(rel, AccessExclusiveLock, false) &&
		(rel->rd_createSubid == current ||
		 tc_relation_new_file(rel) == current) &&
		!has_subclass(relation) && RelationGetNumberOfBlocks(rel) == 0;

	table_close(rel, NoLock);
	return truncated;
}

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
		if (is_truncated(map->relation))
			continue;
		command->relations =
			lappend(command->relations,
					makeRangeVar(get_namespace_name(map->schema),
								 pstrdup(map->name), -1));
	}
	if (command->relations != NIL)
		ExecuteTruncate(command);
}
