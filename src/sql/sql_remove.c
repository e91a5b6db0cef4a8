/*-------------------------------------------------------------------------
 *
 * sql_remove.c
 *	  The SQL functions that say when records end: now, or at a given time.
 *
 * Structure: a durable map's record is removed, or given another time, by a statement
 * on its table, whose row trigger brings the cache up to date; a volatile
 * one's in the segment.
 *
 * Concurrency and failure: those of the statement, or of volatile.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/pg_compat.h"
#include "cache/scan.h"
#include "cache/volatile.h"
#include "query/arg.h"
#include "query/key_arg.h"
#include "table/table_sql.h"

TC_FUNCTION(topcache_remove);
TC_FUNCTION(topcache_remove_many);
TC_FUNCTION(topcache_clear);
TC_FUNCTION(topcache_touch);

/* ----- remove ----- */

static bool
remove_record(TcMap *map, const Datum *keys)
{
	Datum args[TC_MAX_ARGS];
	Datum live = BoolGetDatum(true);

	if (!map->def.durable)
		return tc_volatile_remove(map, keys);
	memcpy(args, keys, map->layout.nkeys * sizeof(Datum));
	return tc_table_sql_execute(map, TC_PLAN_REMOVE, args, NULL, &live) > 0 &&
		DatumGetBool(live);
}

/* remove(relation, key) */
Datum
topcache_remove(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, ACL_SELECT | ACL_DELETE);
	Datum keys[INDEX_MAX_KEYS];

	tc_key_arg(fcinfo, 1, map, keys);
	PG_RETURN_BOOL(remove_record(map, keys));
}

/* remove_many(relation, keys) */
Datum
topcache_remove_many(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, ACL_SELECT | ACL_DELETE);
	TcKeyArray keys;
	int64 removed = 0;

	tc_key_arg_array(fcinfo, 1, map, &keys);
	for (int i = 0; i < keys.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (tc_key_arg_is_possible(&keys, i) &&
			remove_record(map, tc_key_arg_at(&keys, i)))
			removed++;
	}
	PG_RETURN_INT64(removed);
}

/* Remove all records of a volatile map that the transaction sees. */
static int64
clear_volatile(TcMap *map)
{
	TcScan *scan = tc_scan_begin(map, CurrentMemoryContext);
	int64 removed = 0;
	Datum keys[INDEX_MAX_KEYS];
	TcValue value;

	while (tc_scan_next(scan, keys, &value))
	{
		CHECK_FOR_INTERRUPTS();
		if (remove_record(map, keys))
			removed++;
	}
	tc_scan_end(scan);
	return removed;
}

/* clear(relation) */
Datum
topcache_clear(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, ACL_SELECT | ACL_DELETE);

	if (!map->def.durable)
		PG_RETURN_INT64(clear_volatile(map));
	PG_RETURN_INT64(tc_table_sql_execute(map, TC_PLAN_CLEAR, NULL, NULL, NULL));
}

/* ----- touch ----- */

static bool
touch_volatile(TcMap *map, const Datum *keys, TimestampTz expires)
{
	TcOwned owned;

	tc_volatile_own(map, keys, &owned);
	if (owned.old.found)
		tc_volatile_store_again(&owned, expires);
	else
		tc_volatile_release(&owned);
	return owned.old.found;
}

/* touch(relation, key, ttl) */
Datum
topcache_touch(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, ACL_SELECT | ACL_UPDATE);
	TimestampTz expires = PG_INT64_MAX;
	Datum args[TC_MAX_ARGS];
	char nulls[TC_MAX_ARGS];
	Datum keys[INDEX_MAX_KEYS];

	tc_key_arg(fcinfo, 1, map, keys);
	if (!PG_ARGISNULL(2))
		expires = tc_arg_expires(fcinfo, 2, map);
	if (!map->def.durable)
		PG_RETURN_BOOL(touch_volatile(map, keys, expires));
	if (map->layout.expires == 0)
		tc_arg_report_no_expiry(map);
	memset(nulls, ' ', sizeof(nulls));
	memcpy(args, keys, map->layout.nkeys * sizeof(Datum));
	args[map->layout.nkeys] = TimestampTzGetDatum(expires);
	if (expires == PG_INT64_MAX)
		nulls[map->layout.nkeys] = 'n';
	PG_RETURN_BOOL(tc_table_sql_execute(map, TC_PLAN_TOUCH, args, nulls, NULL) >
				   0);
}
