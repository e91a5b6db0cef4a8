/*-------------------------------------------------------------------------
 *
 * sql_residency.c
 *	  The SQL functions that load records and drop them.
 *
 * Structure: each checks what the caller may do, and calls the segment.
 *
 * Concurrency and failure: those of the floors below.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "cache/binding.h"
#include "cache/bypass.h"
#include "cache/hydrate.h"
#include "query/arg.h"
#include "query/key_arg.h"
#include "segment/index/evict.h"
#include "segment/index/versions.h"
#include "segment/memory/segment.h"
#include "table/privileges.h"

TC_FUNCTION(topcache_hydrate);
TC_FUNCTION(topcache_evict);
TC_FUNCTION(topcache_evict_lru);
TC_FUNCTION(topcache_evict_all);
TC_FUNCTION(topcache_evict_everything);

/* The map in argument 0, which the user owns. */
static TcMap *
own_map(FunctionCallInfo fcinfo)
{
	TcMap *map;

	tc_segment_require();
	tc_arg_require(fcinfo, 0, "relation");
	map = tc_map_require(PG_GETARG_OID(0));
	tc_arg_require_owner(map->relation);
	return map;
}

/* May records be loaded?  A notice if not: it is no error, but no use. */
static bool
may_hydrate(TcMap *map)
{
	TcBypass bypass = tc_privileges_policies_apply(map)
		? TC_BYPASS_POLICIES
		: tc_bypass_fill_reason(map, GetActiveSnapshot());

	if (bypass == TC_BYPASS_NONE)
		return true;
	ereport(NOTICE,
			(errmsg("no records of map \"%s\" can be loaded now", map->name),
			 errdetail("Reads of it go to the table: %s.",
					   tc_bypass_text(bypass)),
			 bypass == TC_BYPASS_SUSPENDED
				 ? errhint("topcache.maps tells the reason.")
				 : 0));
	return false;
}

/* hydrate(relation, max_records) */
Datum
topcache_hydrate(PG_FUNCTION_ARGS)
{
	TcMap *map;
	int64 max = -1;

	tc_segment_require();
	tc_arg_require(fcinfo, 0, "relation");
	map = tc_map_require(PG_GETARG_OID(0));
	tc_privileges_check_select(map);
	if (!PG_ARGISNULL(1))
	{
		max = PG_GETARG_INT64(1);
		if (max < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"max_records\" must not be negative")));
	}
	if (map->def.durable && !may_hydrate(map))
		PG_RETURN_INT64(0);
	PG_RETURN_INT64(tc_hydrate(map, GetActiveSnapshot(), max));
}

/* evict(relation, key) */
Datum
topcache_evict(PG_FUNCTION_ARGS)
{
	TcMap *map = own_map(fcinfo);
	Datum keys[INDEX_MAX_KEYS];
	TcBytes key;
	TcProbe probe;

	tc_key_arg(fcinfo, 1, map, keys);
	if (!tc_binding_acquire(map))
		PG_RETURN_BOOL(false);
	tc_binding_probe_key(&probe, map, keys, &key);
	PG_RETURN_BOOL(tc_versions_evict(&probe, TC_REMOVED_BY_COMMAND));
}

/* Evict up to max records of a map, or of all maps; all with -1. */
static int64
evict_records(int map, int64 max)
{
	int64 evicted = 0;

	while ((max < 0 || evicted < max) &&
		   tc_evict_one(map, TC_REMOVED_BY_COMMAND))
	{
		CHECK_FOR_INTERRUPTS();
		evicted++;
	}
	return evicted;
}

/* evict_lru(relation, n) */
Datum
topcache_evict_lru(PG_FUNCTION_ARGS)
{
	TcMap *map = own_map(fcinfo);
	int64 n = PG_GETARG_INT64(1);

	if (n < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"n\" must not be negative")));
	if (!tc_binding_acquire(map))
		PG_RETURN_INT64(0);
	PG_RETURN_INT64(evict_records(tc_binding_entry(map)->number, n));
}

/* evict_all(relation) */
Datum
topcache_evict_all(PG_FUNCTION_ARGS)
{
	TcMap *map = own_map(fcinfo);

	if (!tc_binding_acquire(map))
		PG_RETURN_INT64(0);
	PG_RETURN_INT64(evict_records(tc_binding_entry(map)->number, -1));
}

/* evict_all(), for those who have been granted it */
Datum
topcache_evict_everything(PG_FUNCTION_ARGS)
{
	tc_segment_require();
	PG_RETURN_INT64(evict_records(TC_ANY_MAP, -1));
}
