/*-------------------------------------------------------------------------
 *
 * map_retire.c
 *	  Ends the caching of maps as they are.
 *
 * Structure: a map entry that is taken from its relation is retired: its
 * generation moves on at once, so that nothing of it is found any more, its
 * records are dropped little by little, and then it is free.
 *
 * Concurrency: entries change under the map table lock.  Retiring moves the
 * generation and then passes through all partition locks: whoever was adding
 * a record of the old generation has finished by then, and nobody adds one
 * after, so draining until the lists are empty drains all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/queues.h"
#include "segment/evict/queues_check.h"
#include "segment/index/versions.h"
#include "segment/maps/map_retire.h"
#include "segment/maps/map_table.h"
#include "segment/maps/relation_entry.h"
#include "segment/memory/segment.h"

/* Wait until nobody can be adding a record of an old generation. */
static void
pass_all_partitions(void)
{
	for (int i = 0; i < TC_PARTITIONS; i++)
	{
		LWLockAcquire(&tc_seg.index_locks[i].lock, LW_EXCLUSIVE);
		LWLockRelease(&tc_seg.index_locks[i].lock);
	}
}

void
tc_map_retire_entry(uint32 number)
{
	Assert(!tc_segment_holds_lock());
	if (number == TC_NO_MAP_ENTRY)
		return;
	pass_all_partitions();
	pg_atomic_fetch_add_u32(&tc_seg.head->maps_retired, 1);
	pg_atomic_write_u32(&tc_seg.maps[number].state, TC_MAP_RETIRED);
}

/* Take a relation's map entry from it, and with forget all that is known. */
static void
give_up(Oid database, Oid relation, bool forget)
{
	TcSharedRelationEntry *relation_entry;
	uint32 number = TC_NO_MAP_ENTRY;

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	relation_entry = tc_relation_entry_find_locked(database, relation);
	if (relation_entry != NULL)
	{
		number = tc_relation_entry_unhook_locked(relation_entry);
		if (forget)
			tc_relation_entry_drop_locked(relation_entry);
		else
			tc_relation_entry_drop_empty_locked(relation_entry);
	}
	if (forget && number != TC_NO_MAP_ENTRY)
		tc_seg.maps[number].identity.relation = InvalidOid;
	LWLockRelease(tc_map_lock());
	tc_map_retire_entry(number);
}

void
tc_map_retire(Oid database, Oid relation)
{
	give_up(database, relation, false);
}

void
tc_map_retire_forget(Oid database, Oid relation)
{
	give_up(database, relation, true);
}

void
tc_map_retire_forget_database(Oid database)
{
	for (uint32 m = 0; m < tc_seg.head->maps_used; m++)
	{
		TcMapIdentity identity;

		if (tc_map_table_identity(m, &identity) &&
			identity.database == database)
			tc_map_retire_forget(database, identity.relation);
	}
}

/* A record of a shard, of either list, or TC_NO_REF; with its hash. */
static TcRef
any_record(TcSharedShard *shard, uint32 *hash)
{
	TcRef ref;

	LWLockAcquire(&shard->lock, LW_SHARED);
	ref = shard->dirty_tail;
	for (int q = 0; q < TC_QUEUES && ref == TC_NO_REF; q++)
		ref = shard->queue[q].tail;
	if (ref != TC_NO_REF)
		*hash = tc_record_at(ref)->hash;
	LWLockRelease(&shard->lock);
	return ref;
}

/* Drop up to max records of a shard of a retired map. */
static int64
drain_shard(uint16 number, int shard_number, int64 max)
{
	TcSharedShard *shard = &tc_map_body(number)->shard[shard_number];
	int64 dropped = 0;
	uint32 hash;
	TcRef ref;

	while (dropped < max && (ref = any_record(shard, &hash)) != TC_NO_REF)
	{
		tc_versions_drop_retired(hash, ref);
		dropped++;
	}
	return dropped;
}

#ifdef USE_ASSERT_CHECKING

/* A map entry that is given back holds nothing. */
static void
check_empty_locked(uint16 map)
{
	TcSharedMapBody *body = tc_map_body(map);

	Assert(LWLockHeldByMe(tc_map_lock()));
	for (int s = 0; s < TC_SHARDS; s++)
	{
		LWLockAcquire(&body->shard[s].lock, LW_SHARED);
		tc_queues_check_ends_locked(map, s);
		Assert(body->shard[s].records == 0);
		Assert(body->shard[s].dirty_records == 0);
		for (int q = 0; q < TC_QUEUES; q++)
			Assert(body->shard[s].queue[q].bytes == 0);
		LWLockRelease(&body->shard[s].lock);
	}
	LWLockAcquire(&body->wheel.lock, LW_SHARED);
	Assert(body->wheel.records == 0);
	LWLockRelease(&body->wheel.lock);
}

#else
#define check_empty_locked(map) ((void) 0)
#endif

/* Give a map entry without records back. */
static void
free_map_entry(uint16 number)
{
	TcSharedMapEntry *entry = &tc_seg.maps[number];

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	if (pg_atomic_read_u32(&entry->state) == TC_MAP_RETIRED)
	{
		check_empty_locked(number);
		pg_atomic_write_u32(&entry->state, TC_MAP_FREE);
		pg_atomic_fetch_sub_u32(&tc_seg.head->maps_retired, 1);
		entry->next_free = tc_seg.head->free_map;
		tc_seg.head->free_map = number;
	}
	LWLockRelease(tc_map_lock());
}

int64
tc_map_retire_drain(int64 max)
{
	int64 dropped = 0;

	for (uint32 m = 0; m < tc_seg.head->maps_used && dropped < max; m++)
	{
		if (pg_atomic_read_u32(&tc_seg.maps[m].state) != TC_MAP_RETIRED)
			continue;
		for (int s = 0; s < TC_SHARDS; s++)
			dropped += drain_shard(m, s, max - dropped);
		if (tc_queues_empty(m))
			free_map_entry(m);
	}
	return dropped;
}
