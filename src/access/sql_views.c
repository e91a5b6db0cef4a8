/*-------------------------------------------------------------------------
 *
 * sql_views.c
 *	  The SQL functions behind the views, and the check.
 *
 * Structure: entries() and verify() walk through the segment; map_state()
 * goes through the definitions; memory_use() asks the segment.
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

#include "access/args.h"
#include "base/compat.h"
#include "cache/binding.h"
#include "cache/verify.h"
#include "heap/keytext.h"
#include "segment/counters.h"
#include "segment/lookup.h"
#include "segment/maptable.h"
#include "segment/segment.h"
#include "segment/walk.h"

TC_FUNCTION(topcache_entries);
TC_FUNCTION(topcache_map_state);
TC_FUNCTION(topcache_memory_use);
TC_FUNCTION(topcache_reset_stats);
TC_FUNCTION(topcache_reset_all_stats);
TC_FUNCTION(topcache_verify);

/* ----- entries ----- */

/* The map whose entries come by, as long as it stays the same. */
typedef struct EntryMap
{
	bool known;
	uint16 number;
	uint32 generation;
	TcMap *map; /* NULL: not for this user to see */
} EntryMap;

/* The map of an entry, if it is one of this database that the user may read. */
static TcMap *
visible_map(const TcEntry *entry)
{
	TcMapIdentity identity;
	TcMap *map;

	if (!tc_map_identity(entry->map, &identity) ||
		identity.database != MyDatabaseId)
		return NULL;
	LockRelationOid(identity.relation, AccessShareLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(identity.relation)))
		return NULL;
	map = tc_map_lookup(identity.relation);
	if (map == NULL || !tc_map_key_readable(map) ||
		tc_map_policies_apply(map) || !tc_bind(map) ||
		tc_bound_slot(map)->number != entry->map ||
		tc_bound_slot(map)->generation != entry->generation)
		return NULL;
	return map;
}

/* Find out whether an entry may be shown, unless it is like the last one. */
static void
follow_entry(EntryMap *current, const TcEntry *entry)
{
	if (current->known && current->number == entry->map &&
		current->generation == entry->generation)
		return;
	current->known = true;
	current->number = entry->map;
	current->generation = entry->generation;
	current->map = visible_map(entry);
}

/* Add an entry to the result. */
static void
put_entry(ReturnSetInfo *result, const TcMap *map, const TcEntry *entry,
		  TimestampTz now)
{
	Datum keys[INDEX_MAX_KEYS];
	Datum columns[8];
	bool nulls[8] = {0};

	tc_shape_keys(&map->shape, entry->data, keys);
	columns[0] = ObjectIdGetDatum(map->relation);
	columns[1] = tc_key_as_text(map, keys);
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
	const TcMapSlot *slot = NULL;
	MemoryContext row;
	TcWalk walk = {0};
	const TcEntry *entry;

	tc_segment_require();
	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
	{
		TcMap *map = tc_map_require(PG_GETARG_OID(0));

		if (!tc_map_key_readable(map))
			tc_map_check_select(map);
		if (!tc_bind(map))
			return (Datum) 0;
		slot = tc_bound_slot(map);
	}
	tc_lookup_flush_hits();
	row = AllocSetContextCreate(CurrentMemoryContext, "topcache row",
								ALLOCSET_DEFAULT_SIZES);
	while ((entry = tc_walk_next(&walk, slot)) != NULL)
	{
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		follow_entry(&current, entry);
		if (current.map == NULL || entry->version.negative)
			continue;
		caller = MemoryContextSwitchTo(row);
		put_entry(result, current.map, entry, now);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row);
	}
	return (Datum) 0;
}

/* ----- maps and stats ----- */

#define MAP_STATE_COLUMNS 19

/* What a map that has a slot holds, and what was counted for it. */
static void
take_use(uint16 number, Datum *columns)
{
	static const TcCounter counters[] = {
		TC_COUNT_HITS,			TC_COUNT_MISSES,	 TC_COUNT_BYPASSES,
		TC_COUNT_FILLS,			TC_COUNT_FILLS_LOST, TC_COUNT_PUTS,
		TC_COUNT_REMOVES,		TC_COUNT_EVICTIONS,	 TC_COUNT_NOT_RESIDENT,
		TC_COUNT_COST_DEFAULTED};
	TcMapUse use;

	tc_map_use(number, &use);
	columns[4] = Int64GetDatum(use.records);
	columns[5] = Int64GetDatum(use.dirty_records);
	columns[6] = Int64GetDatum(use.cost);
	columns[7] = Int64GetDatum(use.bytes);
	for (int i = 0; i < lengthof(counters); i++)
		columns[8 + i] = Int64GetDatum(tc_counter_read(number, counters[i]));
	columns[18] = TimestampTzGetDatum(tc_counters_since(number));
}

/* Why a map that is as it should be has no place in the segment. */
static const char *
unbound_reason(Oid relation)
{
	if (!tc_segment_ready())
		return "topcache is not in shared_preload_libraries";
	if (tc_is_suspended(relation))
		return "a transaction is changing it";
	return "the segment has no room for another map";
}

/* Add one map to the result. */
static void
put_map_state(ReturnSetInfo *result, Oid relation)
{
	Datum columns[MAP_STATE_COLUMNS];
	bool nulls[MAP_STATE_COLUMNS] = {0};
	TcMap *map = tc_map_open(relation);
	const char *reason;
	bool bound;

	if (map == NULL)
		return;
	bound = tc_bind(map);
	reason = tc_suspension_text(map->suspended);
	if (reason == NULL && !bound)
		reason = unbound_reason(relation);
	columns[0] = ObjectIdGetDatum(relation);
	columns[1] = CStringGetTextDatum(bound ? "active" : "suspended");
	nulls[2] = reason == NULL;
	if (reason != NULL)
		columns[2] = CStringGetTextDatum(reason);
	columns[3] = BoolGetDatum(map->def.durable);
	if (bound)
		take_use(tc_bound_slot(map)->number, columns);
	else
	{
		for (int i = 4; i < 18; i++)
			columns[i] = Int64GetDatum(0);
		nulls[18] = true;
	}
	tuplestore_putvalues(result->setResult, result->setDesc, columns, nulls);
}

/* The relations that are maps, in the current memory context. */
static List *
defined_maps(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List *maps = NIL;
	bool isnull;

	SPI_connect();
	SPI_execute("SELECT d.relation FROM topcache.map_definition d"
				" JOIN pg_catalog.pg_class c"
				" ON c.oid OPERATOR(pg_catalog.=) d.relation",
				true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Oid relation =
			DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i],
										   SPI_tuptable->tupdesc, 1, &isnull));
		MemoryContext inner = MemoryContextSwitchTo(caller);

		maps = lappend_oid(maps, relation);
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return maps;
}

/* map_state() */
Datum
topcache_map_state(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (tc_segment_ready())
		tc_counters_flush(true);
	foreach (cell, defined_maps())
		put_map_state(result, lfirst_oid(cell));
	return (Datum) 0;
}

/* reset_stats(relation) */
Datum
topcache_reset_stats(PG_FUNCTION_ARGS)
{
	TcMap *map;

	tc_segment_require();
	tc_require_arg(fcinfo, 0, "relation");
	tc_counters_flush(true);
	map = tc_map_require(PG_GETARG_OID(0));
	tc_require_owner(map->relation);
	if (tc_bind(map))
		tc_counters_reset(tc_bound_slot(map)->number);
	PG_RETURN_VOID();
}

/* reset_stats(), for those who have been granted it */
Datum
topcache_reset_all_stats(PG_FUNCTION_ARGS)
{
	ListCell *cell;

	tc_segment_require();
	tc_counters_flush(true);
	foreach (cell, defined_maps())
	{
		TcMap *map = tc_map_open(lfirst_oid(cell));

		if (map != NULL && tc_bind(map))
			tc_counters_reset(tc_bound_slot(map)->number);
	}
	PG_RETURN_VOID();
}

/* ----- memory ----- */

static void
put_bytes(ReturnSetInfo *result, const char *name, uint64 bytes)
{
	Datum columns[2] = {CStringGetTextDatum(name), Int64GetDatum(bytes)};
	bool nulls[2] = {0};

	tuplestore_putvalues(result->setResult, result->setDesc, columns, nulls);
}

/* memory_use() */
Datum
topcache_memory_use(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TcMemoryUse use;

	tc_segment_require();
	InitMaterializedSRF(fcinfo, 0);
	tc_segment_memory_use(&use);
	put_bytes(result, "rows and keys", use.data_bytes);
	put_bytes(result, "record headers", use.header_bytes);
	put_bytes(result, "index", use.index_bytes);
	put_bytes(result, "allocator slack", use.slack_bytes);
	put_bytes(result, "free", use.free_bytes);
	put_bytes(result, "fixed structures", use.fixed_bytes);
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
	tc_map_check_select(map);
	InitMaterializedSRF(fcinfo, 0);
	verify = tc_verify_begin(map, GetActiveSnapshot());
	while ((problem = tc_verify_next(verify, keys)) != NULL)
	{
		Datum columns[2] = {tc_key_as_text(map, keys),
							CStringGetTextDatum(problem)};
		bool nulls[2] = {0};

		tuplestore_putvalues(result->setResult, result->setDesc, columns,
							 nulls);
	}
	tc_verify_end(verify);
	return (Datum) 0;
}
