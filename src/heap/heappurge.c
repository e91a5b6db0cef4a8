/*-------------------------------------------------------------------------
 *
 * heappurge.c
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
 * The caller is a superuser, the statements run as the table's owner and as
 * restricted as a maintenance command: what triggers and constraints do, the
 * owner does.  Nothing of it may be left for the end of the transaction,
 * when the owner is not in charge any more; PostgreSQL sees to that.
 *
 * Failure: the error of the statement; the caller's transaction is aborted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "heap/heappurge.h"
#include "heap/map.h"

/* Pages that are read without the help of an index. */
#define SMALL_TABLE_PAGES 1024

/* The table of definitions, if it is the extension's. */
static bool
extension_installed(void)
{
	Oid extension = get_extension_oid("topcache", true);
	Oid table = get_relname_relid("map_definition", tc_extension_schema());

	return OidIsValid(extension) && OidIsValid(table) &&
		getExtensionOfObject(RelationRelationId, table) == extension;
}

List *
tc_purge_relations(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List *relations = NIL;

	if (!extension_installed())
		return NIL;
	SPI_connect();
	if (SPI_execute("SELECT relation FROM topcache.map_definition"
					" WHERE created AND durable",
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the definitions of maps");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool isnull;
		Datum relation = SPI_getbinval(SPI_tuptable->vals[i],
									   SPI_tuptable->tupdesc, 1, &isnull);
		MemoryContext inner = MemoryContextSwitchTo(caller);

		relations = lappend_oid(relations, DatumGetObjectId(relation));
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return relations;
}

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

/* Can the table be looked after?  *owner is who does it. */
static bool
can_be_purged(const TcMap *map, Oid *owner)
{
	Relation rel;
	bool good;

	if (map == NULL || !map->def.durable || map->shape.expires == 0)
		return false;
	rel = relation_open(map->relation, NoLock);
	*owner = rel->rd_rel->relowner;
	good = rel->rd_rel->relkind == RELKIND_RELATION &&
		(has_index_on(rel, map->shape.expires) ||
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

/* A batch, as the owner of the table. */
static TcPurgeResult
purge(const TcMap *map, int max, TimestampTz *next)
{
	const char *table = tc_map_sql_name(map);
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
tc_purge_batch(Oid relation, int max, TimestampTz *next)
{
	TcPurgeResult result;
	TcMap *map;
	Oid owner;
	Oid user;
	int context;
	int nest_level;

	if (!lock_all(relation))
		return TC_PURGE_BUSY;
	map = SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation))
		? tc_map_lookup(relation)
		: NULL;
	if (!can_be_purged(map, &owner))
		return TC_PURGE_NONE;

	/* an abort of the transaction undoes these as well */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
	nest_level = NewGUCNestLevel();
	result = purge(map, max, next);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(user, context);
	return result;
}
