/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  Measures what a record weighs, wherever it enters the cache.
 *
 * Structure: one function, called for a put, a fill and a hydrate alike.
 *
 * Concurrency: nothing shared but a counter.
 *
 * Failure: a value that is nested too deeply to be encoded is given a
 * default cost, warned about once per session, counted, and kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/msgpack.h"
#include "base/settings.h"
#include "cache/binding.h"
#include "cache/cost.h"
#include "heap/keytext.h"
#include "segment/counters.h"

/* Cost of a value that cannot be measured. */
#define COST_DEFAULT 4096

static bool warned = false;

static int64
default_cost(TcMap *map)
{
	tc_count(tc_bound_slot(map), TC_COUNT_COST_DEFAULTED, 1);
	if (!warned)
	{
		warned = true;
		ereport(
			WARNING,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("a record of map \"%s\" cannot be encoded as MessagePack",
					map->name),
			 errdetail(
				 "It is nested deeper than \"topcache.max_msgpack_depth\" (%d); its cost is taken to be %d.",
				 tc_max_msgpack_depth, COST_DEFAULT)));
	}
	return COST_DEFAULT;
}

uint32
tc_cost_measure(TcMap *map, const Datum *keys, Datum value, bool isnull)
{
	int64 cost = 1;

	if (!isnull)
	{
		cost = tc_msgpack_length(value, map->shape.value.type,
								 tc_max_msgpack_depth);
		if (cost < 0)
			cost = default_cost(map);
	}
	return Max(cost, 1) + tc_key_text_length(&map->shape, keys);
}
