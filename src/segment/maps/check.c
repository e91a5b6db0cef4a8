/*-------------------------------------------------------------------------
 *
 * check.c
 *	  What holds for the structures of the segment, as assertions.
 *
 * Structure: for each structure there is a check of what an operation has
 * touched, which the operation calls at its end, and one of the whole, which goes round a few parts
 * at a time with the worker (tc_check_step), or through all of them where
 * somebody has asked for certainty (tc_check_all).
 *
 * Concurrency: each check runs under the lock of what it looks at, and looks
 * at nothing that this lock does not keep as it is.  So sums over several
 * shards, or over shards and allocator, are not compared: they agree only
 * when nobody is at work.
 *
 * Failure: an assertion.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/hsearch.h"

#include "segment/evict/ghost.h"
#include "segment/evict/queues_check.h"
#include "segment/evict/wheel.h"
#include "segment/index/index.h"
#include "segment/maps/check.h"
#include "segment/maps/relation_entry.h"
#include "segment/memory/arena_check.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"

#ifdef USE_ASSERT_CHECKING

/* Parts of the index that the worker looks at in a round. */
#define PARTITIONS_PER_STEP 4

/* ----- index ----- */

/* What so many slots hold; returns how many of them are in use. */
static int
check_slots_locked(TcSharedBucket *first, TcSharedBucketEntries *slots,
				   int nslots)
{
	int used = 0;

	Assert(LWLockHeldByMe(tc_bucket_lock(first)));
	for (int i = 0; i < nslots; i++)
	{
		TcRef ref = slots->ref[i];
		uint32 nbuckets;
		uint32 hash;

		if (ref == TC_NO_REF)
			continue;
		used++;
		Assert(tc_ref_plausible(ref, sizeof(TcSharedRecord)));
		hash = tc_record_at(ref)->hash;
		Assert(tc_bucket_tags(slots, nslots)[i] == hash >> 24);
		Assert(tc_bucket_of(hash, &nbuckets) == first);
		for (int j = 0; j < i; j++)
			Assert(slots->ref[j] != ref);
	}
	return used;
}

void
tc_check_bucket_locked(TcSharedBucket *first)
{
	TcSharedBucketEntries *slots = tc_bucket_entries(first);

	Assert(LWLockHeldByMe(tc_bucket_lock(first)));
	Assert((pg_atomic_read_u32(&first->seq) & 1) == 0);
	check_slots_locked(first, slots, TC_BUCKET_ENTRIES);
	while (slots->overflow != TC_NO_REF)
	{
		int used;

		Assert(tc_ref_plausible(slots->overflow, TC_MIN_CHUNK_BYTES));
		slots = (TcSharedBucketEntries *) tc_ref_address(slots->overflow);
		used = check_slots_locked(first, slots, TC_OVERFLOW_ENTRIES);

		/* the last ones are given back when they are empty */
		Assert(used > 0 || slots->overflow != TC_NO_REF);
	}
}

/* The directory names pages of the index, as many as are counted. */
static void
check_directory(void)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 per_page = 1U << tc_seg.bucket_shift;
	uint32 nbuckets;
	uint32 pages;

	if (!LWLockConditionalAcquire(tc_growth_lock(), LW_SHARED))
		return;
	nbuckets = pg_atomic_read_u32(&head->nbuckets);
	pages = (nbuckets + per_page - 1) / per_page;
	Assert(nbuckets >= head->min_buckets);
	Assert(pg_atomic_read_u32(&head->index_pages) == pages);
	for (uint32 i = 0; i < pages; i++)
		Assert(tc_seg.pages[tc_seg.directory[i]].use == TC_PAGE_INDEX);
	LWLockRelease(tc_growth_lock());
}

/* ----- records ----- */

/* The header of one version. */
static void
check_version_locked(TcRef ref, bool newest)
{
	TcSharedRecord *rec = tc_record_at(ref);
	bool dirty = (rec->flags & TC_REC_DIRTY) != 0;

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	Assert(tc_map_entry_has_body(rec->map));
	Assert(TransactionIdIsValid(rec->xmin));
	tc_record_check(ref);

	/* a clean version is known to be committed, a pinned one never clean */
	Assert(dirty || (rec->flags & TC_REC_COMMITTED));
	Assert(dirty || !(rec->flags & TC_REC_NEVER_EVICTED));
	if (rec->flags & TC_REC_ENDED)
		Assert((rec->flags & TC_REC_NEVER_EVICTED) &&
			   !(rec->flags & TC_REC_NEGATIVE) &&
			   TransactionIdIsNormal(rec->ended_by));

	/* nobody needs what is older than a committed version */
	if (rec->flags & TC_REC_COMMITTED)
		Assert(tc_record_older(rec) == TC_NO_REF);
	if (newest)
		return;

	/* only the newest is on a list, and in a wheel */
	Assert(rec->prev == TC_NO_REF && rec->next == TC_NO_REF);
	if (rec->flags & TC_REC_EXPIRES)
		Assert(tc_record_expiry(rec)->prev == TC_NO_REF &&
			   tc_record_expiry(rec)->next == TC_NO_REF);
}

void
tc_check_versions_locked(TcRef newest)
{
	TcSharedRecord *first = tc_record_at(newest);

	Assert(LWLockHeldByMe(tc_partition_lock(first->hash)));
	for (TcRef ref = newest; ref != TC_NO_REF;
		 ref = tc_record_older(tc_record_at(ref)))
	{
		Assert(tc_record_at(ref)->hash == first->hash);
		Assert(tc_record_at(ref)->map == first->map);
		check_version_locked(ref, ref == newest);
	}
}

/* ----- maps ----- */

void
tc_check_mapentry_locked(const TcSharedRelationEntry *entry)
{
	TransactionId suspender = tc_relation_entry_suspender_locked(entry);
	TcSharedMapEntry *map;

	Assert(LWLockHeldByMe(tc_map_lock()));

	/* a slot, or somebody who keeps it from having one */
	Assert((entry->slot == TC_NO_MAP_ENTRY) == TransactionIdIsValid(suspender));
	if (entry->slot == TC_NO_MAP_ENTRY)
		return;
	Assert(tc_map_entry_has_body(entry->slot));
	map = &tc_seg.maps[entry->slot];
	Assert(pg_atomic_read_u32(&map->state) == TC_MAP_LIVE);
	Assert(map->identity.database == entry->key.database);
	Assert(map->identity.relation == entry->key.relation);
}

void
tc_check_maptable_locked(void)
{
	TcSharedSegment *head = tc_seg.head;
	HASH_SEQ_STATUS scan;
	TcSharedRelationEntry *entry;
	uint32 in_use = 0;
	uint32 free = 0;

	Assert(LWLockHeldByMe(tc_map_lock()));
	hash_seq_init(&scan, tc_seg.map_table);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		tc_check_mapentry_locked(entry);
		if (entry->slot != TC_NO_MAP_ENTRY)
			in_use++;
	}
	for (uint32 m = head->free_map; m != TC_NO_MAP_ENTRY;
		 m = tc_seg.maps[m].next_free)
	{
		Assert(m < head->maps_used);
		Assert(pg_atomic_read_u32(&tc_seg.maps[m].state) == TC_MAP_FREE);
		Assert(++free <= head->maps_used);
	}

	/* the others are on their way from the one to the other */
	Assert(in_use + free <= head->maps_used);
	Assert(head->maps_used <= head->max_maps);
}

void
tc_check_map_empty_locked(uint16 map)
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

static void
check_maptable(void)
{
	LWLockAcquire(tc_map_lock(), LW_SHARED);
	tc_check_maptable_locked();
	LWLockRelease(tc_map_lock());
}

static void
check_map(uint16 map)
{
	for (int s = 0; s < TC_SHARDS; s++)
		tc_queues_check_shard(map, s);
	tc_wheel_check(map);
}

/* ----- all of it ----- */

/* A record that the index names, and whatever else names it. */
static void
check_record_locked(TcRef ref, void *arg)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	tc_check_versions_locked(ref);
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
		tc_check_bucket_locked(tc_bucket_at(n));
	LWLockRelease(lock);
	tc_index_visit_class(partition, TC_PARTITIONS, check_record_locked, NULL);
}

void
tc_check_all(void)
{
	tc_arena_check_pool();
	check_directory();
	check_maptable();
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
	check_directory();
	check_maptable();
	tc_ghost_check();
	tc_arena_check_class(turn % (tc_seg.head->nclasses + 1));
	for (uint32 n = 0; n < PARTITIONS_PER_STEP; n++)
		check_partition((turn * PARTITIONS_PER_STEP + n) % TC_PARTITIONS);
	if (tc_map_entry_count() > 0)
		check_map(turn % tc_map_entry_count());
	turn++;
}

#endif /* USE_ASSERT_CHECKING */
