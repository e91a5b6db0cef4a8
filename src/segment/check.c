/*-------------------------------------------------------------------------
 *
 * check.c
 *	  Looks whether what should hold for the segment does, as assertions.
 *
 * Structure: what holds for a structure is written beside it, and is checked
 * of what an operation has touched by the operation.  Here the whole segment
 * is gone round, a few parts at a time with the worker (tc_check_step), or all
 * of it where somebody has asked for certainty (tc_check_all).
 *
 * Concurrency: each check runs under the lock of what it looks at.  So sums
 * over several shards, or over shards and allocator, are not compared: they
 * agree only when nobody is at work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/check.h"
#include "segment/evict/ghost.h"
#include "segment/evict/queues_check.h"
#include "segment/evict/wheel.h"
#include "segment/index/chain.h"
#include "segment/index/index.h"
#include "segment/index/index_size.h"
#include "segment/maps/map_table.h"
#include "segment/memory/arena_check.h"
#include "segment/memory/map_entry.h"

#ifdef USE_ASSERT_CHECKING

/* Parts of the index that the worker looks at in a round. */
#define PARTITIONS_PER_STEP 4

static void
check_map(uint16 map)
{
	for (int s = 0; s < TC_SHARDS; s++)
		tc_queues_check_shard(map, s);
	tc_wheel_check(map);
}

/* A record that the index names, and whatever else names it. */
static void
check_record_locked(TcRef ref, void *arg)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	tc_chain_check_locked(ref);
	LWLockAcquire(&shard->lock, LW_SHARED);
	tc_queues_check_record_locked(ref);
	LWLockRelease(&shard->lock);
	if (rec->flags & TC_REC_EXPIRES)
	{
		LWLock *lock = &tc_map_body(rec->map)->wheel.lock;

		LWLockAcquire(lock, LW_SHARED);
		tc_wheel_check_record_locked(ref);
		LWLockRelease(lock);
	}
}

static void
check_partition(uint32 partition)
{
	LWLock *lock = tc_partition_lock(partition);
	uint32 nbuckets;

	LWLockAcquire(lock, LW_SHARED);
	nbuckets = pg_atomic_read_u32(&tc_seg.head->nbuckets);
	for (uint32 n = partition; n < nbuckets; n += TC_PARTITIONS)
		tc_bucket_check_locked(tc_bucket_at(n));
	LWLockRelease(lock);
	tc_index_visit_class(partition, TC_PARTITIONS, check_record_locked, NULL);
}

void
tc_check_all(void)
{
	tc_arena_check_pool();
	tc_index_size_check();
	tc_map_table_check();
	tc_ghost_check();
	for (uint32 n = 0; n <= tc_seg.head->nclasses; n++)
		tc_arena_check_class(n);
	for (uint32 n = 0; n < TC_PARTITIONS; n++)
		check_partition(n);
	for (uint32 n = 0; n < tc_map_entry_count(); n++)
		check_map(n);
}

void
tc_check_step(void)
{
	static uint32 turn = 0;

	tc_arena_check_pool();
	tc_index_size_check();
	tc_map_table_check();
	tc_ghost_check();
	tc_arena_check_class(turn % (tc_seg.head->nclasses + 1));
	for (uint32 n = 0; n < PARTITIONS_PER_STEP; n++)
		check_partition((turn * PARTITIONS_PER_STEP + n) % TC_PARTITIONS);
	if (tc_map_entry_count() > 0)
		check_map(turn % tc_map_entry_count());
	turn++;
}

#endif /* USE_ASSERT_CHECKING */
