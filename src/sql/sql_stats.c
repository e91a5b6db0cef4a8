/*-------------------------------------------------------------------------
 *
 * sql_stats.c
 *	  The SQL functions behind the views of maps, counters and memory.
 *
 * Concurrency: counters and sums are read one by one while others go on; each
 * is right, and all of them together are of no single moment.
 *
 * Failure: maps that are gone meanwhile are left out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/pg_compat.h"
#include "cache/binding.h"
#include "cache/bypass.h"
#include "cache/suspension.h"
#include "query/arg.h"
#include "segment/maps/map_table.h"
#include "segment/memory/arena.h"
#include "segment/memory/huge.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"
#include "segment/stats/progress.h"
#include "segment/stats/removal.h"

TC_FUNCTION(topcache_map_state);
TC_FUNCTION(topcache_memory_use);
TC_FUNCTION(topcache_huge_pages);
TC_FUNCTION(topcache_load_progress);
TC_FUNCTION(topcache_reset_stats);
TC_FUNCTION(topcache_reset_all_stats);

/* ----- maps and stats ----- */

/* Columns of map_state(): what it is, what it holds, what was counted. */
#define USE_COLUMN	   4
#define COUNTER_COLUMN 8
#define RESET_COLUMN   (COUNTER_COLUMN + lengthof(counters))
#define STATE_COLUMNS  (RESET_COLUMN + 1)

/* The counters, in the order of the function's columns. */
static const TcCounter counters[] = {
	TC_COUNT_HITS,
	TC_COUNT_MISSES_COLD,
	TC_COUNT_MISSES_EVICTED,
	TC_COUNT_MISSES_EXPIRED,
	TC_COUNT_MISSES_INVALIDATED,
	TC_COUNT_MISSES_SNAPSHOT,
	TC_COUNT_MISSES_OVERSIZE,
	TC_COUNT_MISS_NS,
	TC_COUNT_BYPASSES + TC_BYPASS_OWN_WRITES,
	TC_COUNT_BYPASSES + TC_BYPASS_SERIALIZABLE,
	TC_COUNT_BYPASSES + TC_BYPASS_POLICIES,
	TC_COUNT_BYPASSES + TC_BYPASS_SUSPENDED,
	TC_COUNT_BYPASSES + TC_BYPASS_DISABLED,
	TC_COUNT_BYPASSES + TC_BYPASS_RECOVERY,
	TC_COUNT_BYPASSES + TC_BYPASS_SNAPSHOT,
	TC_COUNT_FILLS,
	TC_COUNT_FILLS_LOST,
	TC_COUNT_PUTS,
	TC_COUNT_REMOVES,
	TC_COUNT_REMOVAL_REASONS + TC_REMOVED_FOR_BACKEND,
	TC_COUNT_REMOVAL_REASONS + TC_REMOVED_FOR_WORKER,
	TC_COUNT_REMOVAL_REASONS + TC_REMOVED_FOR_LIMIT,
	TC_COUNT_REMOVAL_REASONS + TC_REMOVED_IDLE,
	TC_COUNT_REMOVAL_REASONS + TC_REMOVED_BY_COMMAND,
	TC_COUNT_REMOVAL_REASONS + TC_REMOVED_EXPIRED,
	TC_COUNT_REMOVAL_REASONS + TC_REMOVED_INVALIDATED,
	TC_COUNT_NOT_RESIDENT,
	TC_COUNT_COST_DEFAULTED};

/* What a map holds, if it is bound. */
static void
show_use(const TcMap *map, bool bound, Datum *columns)
{
	TcMapUse use = {0};

	if (bound)
		tc_map_table_use(tc_binding_entry(map)->number, &use);
	columns[USE_COLUMN] = Int64GetDatum(use.records);
	columns[USE_COLUMN + 1] = Int64GetDatum(use.dirty_records);
	columns[USE_COLUMN + 2] = Int64GetDatum(use.cost);
	columns[USE_COLUMN + 3] = Int64GetDatum(use.bytes);
}

/* What was counted for a map; it may have no place of its own at the moment. */
static void
show_counters(const TcMap *map, Datum *columns, bool *nulls)
{
	uint16 number;

	if (tc_segment_ready() &&
		tc_map_table_find_last(MyDatabaseId, map->relation, &number))
	{
		for (int i = 0; i < lengthof(counters); i++)
			columns[COUNTER_COLUMN + i] =
				Int64GetDatum(tc_counters_read(number, counters[i]));
		columns[RESET_COLUMN] = TimestampTzGetDatum(tc_counters_since(number));
		return;
	}
	for (int i = 0; i < lengthof(counters); i++)
		columns[COUNTER_COLUMN + i] = Int64GetDatum(0);
	nulls[RESET_COLUMN] = true;
}

/*
 * Does the map have a place in the segment?  Who looks takes none: there may
 * not be one for each, and they are for maps that are used.
 */
static bool
has_place(TcMap *map)
{
	uint16 number;

	return tc_segment_ready() &&
		tc_map_table_find(MyDatabaseId, map->relation, &number) &&
		tc_binding_acquire(map);
}

/* Why reads of a map go to its table; NULL if they do not. */
static const char *
reason_of_state(const TcMap *map, bool bound)
{
	if (map->suspended != TC_NOT_SUSPENDED)
		return tc_map_suspension_text(map->suspended);
	if (!tc_segment_ready())
		return "topcache is not in shared_preload_libraries";
	if (RecoveryInProgress())
		return "the server is a standby";
	if (bound)
		return NULL;
	if (tc_suspension_is_on(map->relation))
		return "a transaction is changing it";
	return tc_map_table_has_free() ? NULL
								   : "the segment has no room for another map";
}

/* Add one map to the result. */
static void
put_map_state(ReturnSetInfo *result, Oid relation)
{
	Datum columns[STATE_COLUMNS];
	bool nulls[STATE_COLUMNS] = {0};
	TcMap *map = tc_map_open(relation);
	const char *reason;
	bool bound;

	if (map == NULL)
		return;
	bound = has_place(map);
	reason = reason_of_state(map, bound);
	columns[0] = ObjectIdGetDatum(relation);
	columns[1] = CStringGetTextDatum(reason == NULL ? "active" : "suspended");
	nulls[2] = reason == NULL;
	if (reason != NULL)
		columns[2] = CStringGetTextDatum(reason);
	columns[3] = BoolGetDatum(map->def.durable);
	show_use(map, bound, columns);
	show_counters(map, columns, nulls);
	tuplestore_putvalues(result->setResult, result->setDesc, columns, nulls);
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
	foreach (cell, tc_map_definition_relations(false))
		put_map_state(result, lfirst_oid(cell));
	return (Datum) 0;
}

/* reset_stats(relation) */
Datum
topcache_reset_stats(PG_FUNCTION_ARGS)
{
	TcMap *map;

	tc_segment_require();
	tc_arg_require(fcinfo, 0, "relation");
	tc_counters_flush(true);
	map = tc_map_require(PG_GETARG_OID(0));
	tc_arg_require_owner(map->relation);
	if (tc_binding_acquire(map))
		tc_counters_reset(tc_binding_entry(map)->number);
	PG_RETURN_VOID();
}

/* reset_stats(), for those who have been granted it */
Datum
topcache_reset_all_stats(PG_FUNCTION_ARGS)
{
	ListCell *cell;

	tc_segment_require();
	tc_counters_flush(true);
	foreach (cell, tc_map_definition_relations(false))
	{
		TcMap *map = tc_map_open(lfirst_oid(cell));

		if (map != NULL && has_place(map))
			tc_counters_reset(tc_binding_entry(map)->number);
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
	tc_arena_memory_use(&use);
	put_bytes(result, "rows and keys", use.data_bytes);
	put_bytes(result, "record headers", use.header_bytes);
	put_bytes(result, "index", use.index_bytes);
	put_bytes(result, "allocator slack", use.slack_bytes);
	put_bytes(result, "free", use.free_bytes);
	put_bytes(result, "fixed structures", use.fixed_bytes);
	return (Datum) 0;
}

/* huge_pages() */
Datum
topcache_huge_pages(PG_FUNCTION_ARGS)
{
	TupleDesc desc;
	Datum columns[2];
	bool nulls[2] = {0};
	uint64 moved_bytes;
	uint64 pending_bytes;

	tc_segment_require();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	tc_huge_use(&moved_bytes, &pending_bytes);
	columns[0] = Int64GetDatum(moved_bytes);
	columns[1] = Int64GetDatum(pending_bytes);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, columns, nulls)));
}

/* ----- progress ----- */

static void
put_progress(ReturnSetInfo *result, const TcProgress *progress)
{
	Datum columns[8];
	bool nulls[8] = {0};

	columns[0] = Int32GetDatum(progress->pid);
	columns[1] = CStringGetTextDatum(
		progress->what == TC_LOADING_HYDRATE ? "hydrate" : "warm-up");
	columns[2] = ObjectIdGetDatum(progress->database);
	columns[3] = ObjectIdGetDatum(progress->relation);
	nulls[3] =
		progress->database != MyDatabaseId || !OidIsValid(progress->relation);
	columns[4] = Int64GetDatum(progress->done);
	columns[5] = Int64GetDatum(progress->loaded);
	columns[6] = Int64GetDatum(progress->total);
	columns[7] = TimestampTzGetDatum(progress->started);
	tuplestore_putvalues(result->setResult, result->setDesc, columns, nulls);
}

/* load_progress() */
Datum
topcache_load_progress(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TcProgress progress;

	InitMaterializedSRF(fcinfo, 0);
	if (!tc_segment_ready())
		return (Datum) 0;
	for (int i = 0; i < tc_progress_places(); i++)
	{
		if (tc_progress_read(i, &progress))
			put_progress(result, &progress);
	}
	return (Datum) 0;
}
