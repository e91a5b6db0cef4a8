/*-------------------------------------------------------------------------
 *
 * budget.c
 *	  Keeps maps within their max_cost.
 *
 * Concurrency: the cost of a map is added up from its shards without their
 * locks: a sum that is off for a moment makes an eviction come a moment
 * later.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/index/evict.h"
#include "segment/maps/budget.h"
#include "segment/memory/shared.h"

/* What the records of a map cost, more or less. */
static uint64
cost_of(uint16 number)
{
	TcSharedMapBody *body = tc_map_body(number);
	uint64 cost = 0;

	for (int s = 0; s < TC_SHARDS; s++)
		cost += *(volatile uint64 *) &body->shard[s].cost;
	return cost;
}

bool
tc_budget_used_up(uint16 number)
{
	uint64 max_cost = pg_atomic_read_u64(&tc_seg.maps[number].max_cost);

	return max_cost != TC_NO_LIMIT && cost_of(number) >= max_cost;
}

int64
tc_budget_enforce(uint16 number, int64 max)
{
	uint64 max_cost = pg_atomic_read_u64(&tc_seg.maps[number].max_cost);
	int64 evicted = 0;

	if (max_cost == TC_NO_LIMIT)
		return 0;
	while (evicted < max && cost_of(number) > max_cost &&
		   tc_evict_one(number, TC_REMOVED_FOR_LIMIT))
		evicted++;
	return evicted;
}
