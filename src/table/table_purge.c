/*-------------------------------------------------------------------------
 *
 * table_purge.c
 *	  Deletes rows that have expired from the tables of maps.
 *
 * Structure: plain SQL on one table, a batch at a time, found by the index
 * on expires_at that the table was made with.  A large table that has lost
 * it is left alone: reading all of it again and again would cost more than
 * the rows do.
 *
 * Concurrency: only rows that nobody has locked are taken, and the table
 * only when its lock is free, so no writer waits for more than a batch and
 * the batch waits for nobody.  A row that is given a new time to live
 * meanwhile is looked at again when its lock is granted.
 *
 * The caller is a superuser; all that has to do with the table is done as its
 * owner (owner.c).  Nothing of it may be left for the end of the transaction,
 * when the owner is not in charge any more; PostgreSQL sees to that.
 *
 * Failure: the error of the statement; the caller's transaction is aborted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "table/extension.h"
#include "table/map.h"
#include "table/owner.h"
#include "table/relation_name.h"
#include "table/table_purge.h"

/* Pages that are read without the help of an index. */
#define SMALL_TABLE_PAGES 1024

/* Is there an index that begins with the column? */
static bool
has_index_on(Relation rel, AttrNumber column)
{
	List *indexes = RelationGetIndexList(rel);
	bool found = false;
	ListCell *cell;

	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		found |= index->rd_index->indisvalid &&
			index->rd_index->indkey.values[0] == column;
		index_close(index, AccessShareLock);
	}
	return found;
}

/* Can the table be looked after? */
static bool
can_be_purged(const TcMap *map)
{
	Relation rel;
	bool good;

	if (map == NULL || !map->def.durable || map->layout.expires == 0)
		return false;
	rel = relation_open(map->relation, NoLock);
	good = rel->rd_rel->relkind == RELKIND_RELATION &&
		(has_index_on(rel, map->layout.expires) ||
		 RelationGetNumberOfBlocks(rel) <= SMALL_TABLE_PAGES);
	relation_close(rel, NoLock);
	return good;
}

static void
execute(const char *sql, int expected, TimestampTz *arg)
{
	Oid types[1] = {TIMESTAMPTZOID};
	Datum values[1] = {TimestampTzGetDatum(arg == NULL ? 0 : *arg)};
	int code = SPI_execute_with_args(sql, arg == NULL ? 0 : 1, types, values,
									 NULL, false, 0);

	if (code != expected)
		elog(ERROR, "could not execute \"%s\": %s", sql,
			 SPI_result_code_string(code));
}

/* Delete a batch of what has expired by now; returns how many rows. */
static uint64
delete_rows(const char *table, int max, TimestampTz now)
{
	/* what is deferred would be done at commit, and not by the owner */
	execute("SET CONSTRAINTS ALL IMMEDIATE", SPI_OK_UTILITY, NULL);
	execute(psprintf("DELETE FROM ONLY %s AS m WHERE m.ctid = ANY (ARRAY("
					 "SELECT d.ctid FROM ONLY %s AS d"
					 " WHERE d.expires_at <= $1 ORDER BY d.expires_at"
					 " LIMIT %d FOR UPDATE SKIP LOCKED))"
					 " AND m.expires_at <= $1",
					 table, table, max),
			SPI_OK_DELETE, &now);
	return SPI_processed;
}

/* When the next row of the table expires. */
static TimestampTz
next_expiry(const char *table)
{
	bool isnull;
	Datum next;

	execute(psprintf("SELECT min(m.expires_at) FROM ONLY %s AS m", table),
			SPI_OK_SELECT, NULL);
	next =
		SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return isnull ? PG_INT64_MAX : DatumGetTimestampTz(next);
}

/* A batch. */
static TcPurgeResult
purge(const TcMap *map, int max, TimestampTz *next)
{
	const char *table = tc_relation_name(map->relation);
	TcPurgeResult result;

	SPI_connect();
	result = delete_rows(table, max, GetCurrentTimestamp()) < max
		? TC_PURGE_DONE
		: TC_PURGE_MORE;
	if (result == TC_PURGE_DONE)
		*next = next_expiry(table);
	SPI_finish();
	return result;
}

/*
 * Lock what the batch needs, without waiting.  Definitions come first, as
 * they do for whoever drops the extension.
 */
static bool
lock_all(Oid relation)
{
	Oid definitions =
		get_relname_relid("map_definition", tc_extension_schema());

	return OidIsValid(definitions) &&
		ConditionalLockRelationOid(definitions, AccessShareLock) &&
		ConditionalLockRelationOid(relation, RowExclusiveLock);
}

TcPurgeResult
tc_table_purge_batch(Oid relation, int max, TimestampTz *next)
{
	TcPurgeResult result = TC_PURGE_NONE;
	TcOwnerBefore before;
	TcMap *map;

	if (!lock_all(relation))
		return TC_PURGE_BUSY;
	if (!tc_owner_become(relation, &before))
		return TC_PURGE_NONE;
	map = tc_map_lookup(relation);
	if (can_be_purged(map))
		result = purge(map, max, next);
	tc_owner_leave(&before);
	return result;
}
