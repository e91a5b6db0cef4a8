/*-------------------------------------------------------------------------
 *
 * sql_entries.c
 *	  The SQL functions that go through all records: entries and the check.
 *
 * Concurrency: walks hold a lock only while they copy one bucket.
 *
 * Failure: maps that the user may not read are left out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "base/pg_compat.h"
#include "cache/binding.h"
#include "cache/verify.h"
#include "query/result.h"
#include "segment/index/lookup.h"
#include "segment/index/walk.h"
#include "segment/maps/map_table.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"
#include "table/key_text.h"
#include "table/privileges.h"

TC_FUNCTION(topcache_entries);
TC_FUNCTION(topcache_verify);

/* ----- entries ----- */

/* The map whose entries come by, as long as it stays the same. */
typedef struct EntryMap
{
	bool known;
	uint16 number;
	uint32 generation;
	TcMap *map; /* NULL: not for this user to see */
	bool sizes; /* these are, too */
} EntryMap;

/* The map of an entry, if it is one of this database that the user may read. */
static TcMap *
visible_map(const TcWalkRecord *entry)
{
	TcMapIdentity identity;
	TcMap *map;

	if (!tc_map_table_identity(entry->map, &identity) ||
		identity.database != MyDatabaseId)
		return NULL;
	LockRelationOid(identity.relation, AccessShareLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(identity.relation)))
		return NULL;
	map = tc_map_lookup(identity.relation);
	if (map == NULL || !tc_privileges_key_readable(map) ||
		tc_privileges_policies_apply(map) || !tc_binding_acquire(map) ||
		tc_binding_entry(map)->number != entry->map ||
		tc_binding_entry(map)->generation != entry->generation)
		return NULL;
	return map;
}

/* Find out whether an entry may be shown, unless it is like the last one. */
static void
follow_entry(EntryMap *current, const TcWalkRecord *entry)
{
	if (current->known && current->number == entry->map &&
		current->generation == entry->generation)
		return;
	current->known = true;
	current->number = entry->map;
	current->generation = entry->generation;
	current->map = visible_map(entry);
	current->sizes = current->map != NULL &&
		tc_privileges_record_readable(current->map, GetUserId());
}

/*
 * Add an entry to the result.  Sizes tell of every column of the record: only
 * who may read them all is shown those.
 */
static void
put_entry(ReturnSetInfo *result, const EntryMap *current,
		  const TcWalkRecord *entry, TimestampTz now)
{
	const TcMap *map = current->map;
	Datum keys[INDEX_MAX_KEYS];
	Datum columns[8];
	bool nulls[8] = {[2] = !current->sizes, [3] = !current->sizes};

	tc_row_layout_keys(&map->layout, entry->data, keys);
	columns[0] = ObjectIdGetDatum(map->relation);
	columns[1] = tc_result_key(map, keys);
	columns[2] = Int64GetDatum(entry->version.cost);
	columns[3] = Int64GetDatum(entry->bytes);
	columns[4] = BoolGetDatum(entry->version.dirty);
	columns[5] = Int64GetDatum(entry->hits);
	columns[6] = TimestampTzGetDatum(entry->last_access);
	columns[7] =
		DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(now),
							TimestampTzGetDatum(Min(entry->born, now)));
	tuplestore_putvalues(result->setResult, result->setDesc, columns, nulls);
}

/* entries(relation) */
Datum
topcache_entries(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz now = GetCurrentTimestamp();
	EntryMap current = {0};
	const TcMapEntry *only = NULL;
	MemoryContext row;
	TcWalk walk;
	const TcWalkRecord *entry;

	tc_segment_require();
	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
	{
		TcMap *map = tc_map_require(PG_GETARG_OID(0));

		if (!tc_privileges_key_readable(map))
			tc_privileges_check_select(map);
		if (!tc_binding_acquire(map))
			return (Datum) 0;
		only = tc_binding_entry(map);
	}
	tc_lookup_flush_hits();
	tc_walk_init(&walk, CurrentMemoryContext);
	row = AllocSetContextCreate(CurrentMemoryContext, "topcache row",
								ALLOCSET_DEFAULT_SIZES);
	while ((entry = tc_walk_next(&walk, only)) != NULL)
	{
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		follow_entry(&current, entry);
		if (current.map == NULL || entry->version.negative)
			continue;
		caller = MemoryContextSwitchTo(row);
		put_entry(result, &current, entry, now);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row);
	}
	return (Datum) 0;
}

/* ----- verify ----- */

/* verify(relation) */
Datum
topcache_verify(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TcMap *map;
	TcVerify *verify;
	Datum keys[INDEX_MAX_KEYS];
	const char *problem;

	tc_segment_require();
	map = tc_map_require(PG_GETARG_OID(0));
	tc_privileges_check_select(map);
	InitMaterializedSRF(fcinfo, 0);
	verify = tc_verify_begin(map, GetActiveSnapshot(), CurrentMemoryContext);
	while ((problem = tc_verify_next(verify, keys)) != NULL)
	{
		Datum columns[2] = {tc_result_key(map, keys),
							CStringGetTextDatum(problem)};
		bool nulls[2] = {0};

		tuplestore_putvalues(result->setResult, result->setDesc, columns,
							 nulls);
	}
	tc_verify_end(verify);
	return (Datum) 0;
}
