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
#include "port/pg_bitutils.h"
#include "utils/hsearch.h"

#include "segment/evict/ghost.h"
#include "segment/evict/wheel.h"
#include "segment/index/index.h"
#include "segment/maps/check.h"
#include "segment/maps/relation_entry.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"

#ifdef USE_ASSERT_CHECKING

/* Parts of the index that the worker looks at in a round. */
#define PARTITIONS_PER_STEP 4

/* ----- allocator ----- */

static inline LWLock *
class_lock(uint32 number)
{
	return &tc_seg.class_locks[number].lock;
}

/* The chunks in use that a page's bitmap names; none lies behind its end. */
static uint32
count_used(uint32 page, uint32 page_chunks)
{
	uint64 *bitmap = tc_seg.bitmaps + (uint64) page * tc_seg.head->page_words;
	uint32 used = 0;

	for (uint32 word = 0; word < tc_seg.head->page_words; word++)
		used += pg_popcount64(bitmap[word]);
	for (uint32 chunk = page_chunks; chunk < tc_seg.head->page_words * 64;
		 chunk++)
		Assert(!(bitmap[chunk / 64] & (UINT64CONST(1) << (chunk % 64))));
	return used;
}

void
tc_check_page_locked(uint32 page)
{
	TcSharedPage *desc = &tc_seg.pages[page];
	TcSharedClass *class = &tc_seg.head->class[desc->use];

	Assert(LWLockHeldByMe(class_lock(desc->use)));
	Assert(page < tc_seg.head->npages);
	Assert(desc->use <= tc_seg.head->nclasses);
	Assert(desc->used_chunks == count_used(page, class->page_chunks));
	Assert(class->pages > 0);
	Assert(class->free_chunks <=
		   (uint64) class->pages * class->page_chunks - desc->used_chunks);
	if (desc->level == TC_PAGE_ISOLATED)
		return;

	/* on the list for how full it is, or on none */
	Assert(desc->level ==
		   (uint32) desc->used_chunks * TC_FULLNESS_LEVELS /
			   class->page_chunks);
	if (desc->level == TC_FULLNESS_LEVELS)
		return;
	Assert(desc->used_chunks > 0);
	if (desc->prev == TC_NO_PAGE)
		Assert(class->level_head[desc->level] == page);
	else
		Assert(tc_seg.pages[desc->prev].next == page &&
			   tc_seg.pages[desc->prev].level == desc->level);
	if (desc->next != TC_NO_PAGE)
		Assert(tc_seg.pages[desc->next].prev == page &&
			   tc_seg.pages[desc->next].level == desc->level);
}

/*
 * A page enters and leaves a class under the class's lock, so those that are
 * said to be in it are.
 */
void
tc_check_class_locked(uint32 number)
{
	TcSharedClass *class = &tc_seg.head->class[number];
	uint32 pages = 0;
	uint32 used = 0;
	uint32 listed = 0;
	uint32 on_lists = 0;

	Assert(LWLockHeldByMe(class_lock(number)));
	for (uint32 page = 0; page < tc_seg.head->npages; page++)
	{
		if (tc_seg.pages[page].use != number)
			continue;
		tc_check_page_locked(page);
		pages++;
		used += tc_seg.pages[page].used_chunks;
		if (tc_seg.pages[page].level < TC_FULLNESS_LEVELS)
			listed++;
	}
	Assert(class->pages == pages);
	Assert(class->free_chunks == pages * class->page_chunks - used);
	for (int level = 0; level < TC_FULLNESS_LEVELS; level++)
	{
		for (uint32 page = class->level_head[level]; page != TC_NO_PAGE;
			 page = tc_seg.pages[page].next)
		{
			Assert(tc_seg.pages[page].use == number);
			Assert(++on_lists <= listed);
		}
	}
	Assert(on_lists == listed);
}

static void
check_class(uint32 number)
{
	LWLockAcquire(class_lock(number), LW_SHARED);
	tc_check_class_locked(number);
	LWLockRelease(class_lock(number));
}

/* The free pages are so many, and free. */
static void
check_pool(void)
{
	uint32 free = 0;

	LWLockAcquire(tc_pool_lock(), LW_SHARED);
	for (uint32 page = tc_seg.head->free_page; page != TC_NO_PAGE;
		 page = tc_seg.pages[page].next)
	{
		Assert(page < tc_seg.head->npages);
		Assert(tc_seg.pages[page].use == TC_PAGE_FREE);
		Assert(++free <= tc_seg.head->free_pages);
	}
	Assert(free == tc_seg.head->free_pages);
	LWLockRelease(tc_pool_lock());
}

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

/* ----- lists ----- */

void
tc_check_listed_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);
	bool dirty = (rec->flags & TC_REC_DIRTY) != 0;
	TcRef head = dirty ? shard->dirty_head : shard->queue[rec->queue].head;
	TcRef tail = dirty ? shard->dirty_tail : shard->queue[rec->queue].tail;

	Assert(LWLockHeldByMe(&shard->lock));
	Assert((rec->prev == TC_NO_REF) == (head == ref));
	Assert((rec->next == TC_NO_REF) == (tail == ref));
	if (rec->prev != TC_NO_REF)
	{
		TcSharedRecord *prev = tc_record_at(rec->prev);

		Assert(prev->next == ref);
		Assert(((prev->flags & TC_REC_DIRTY) != 0) == dirty);
		Assert(dirty || prev->queue == rec->queue);
		Assert(dirty ||
			   tc_record_last_access(prev) >= tc_record_last_access(rec));
	}
	if (rec->next != TC_NO_REF)
	{
		TcSharedRecord *next = tc_record_at(rec->next);

		Assert(next->prev == ref);
		Assert(((next->flags & TC_REC_DIRTY) != 0) == dirty);
		Assert(dirty || next->queue == rec->queue);
		Assert(dirty ||
			   tc_record_last_access(next) <= tc_record_last_access(rec));
	}
}

/* A queue's ends, and the stamp that is published of its tail. */
static void
check_queue_ends_locked(uint16 map, int number, int queue)
{
	TcSharedMapBody *body = tc_map_body(map);
	TcSharedQueue *list = &body->shard[number].queue[queue];
	uint64 stamp = pg_atomic_read_u64(&body->tail_access[queue][number]);

	Assert(LWLockHeldByMe(&body->shard[number].lock));
	Assert((list->head == TC_NO_REF) == (list->tail == TC_NO_REF));
	Assert((list->head == TC_NO_REF) == (list->bytes == 0));
	if (list->head == TC_NO_REF)
		Assert(stamp == PG_UINT64_MAX);
	else
		Assert(stamp == tc_record_last_access(tc_record_at(list->tail)));
}

void
tc_check_ends_locked(uint16 map, int number)
{
	TcSharedShard *shard = &tc_map_body(map)->shard[number];

	Assert(LWLockHeldByMe(&shard->lock));
	for (int q = 0; q < TC_QUEUES; q++)
		check_queue_ends_locked(map, number, q);
	Assert((shard->dirty_head == TC_NO_REF) == (shard->dirty_records == 0));
	Assert((shard->dirty_tail == TC_NO_REF) == (shard->dirty_records == 0));

	/* each sum is one of what is not negative */
	Assert((int32) shard->records >= 0);
	Assert(shard->negative_records <= shard->records);
	Assert((int64) shard->bytes >= 0 && (int64) shard->cost >= 0);
	Assert(shard->records > 0 || (shard->bytes == 0 && shard->cost == 0));
}

/* All lists of a shard, and what they add up to. */
static void
check_shard(uint16 map, int number)
{
	TcSharedShard *shard = &tc_map_body(map)->shard[number];
	uint32 dirty = 0;
	TcRef ref;

	LWLockAcquire(&shard->lock, LW_SHARED);
	tc_check_ends_locked(map, number);
	for (ref = shard->dirty_head; ref != TC_NO_REF;
		 ref = tc_record_at(ref)->next)
	{
		tc_check_listed_locked(ref);
		Assert(++dirty <= shard->dirty_records);
	}
	Assert(dirty == shard->dirty_records);
	for (int q = 0; q < TC_QUEUES; q++)
	{
		uint64 bytes = 0;

		for (ref = shard->queue[q].head; ref != TC_NO_REF;
			 ref = tc_record_at(ref)->next)
		{
			Assert(tc_record_at(ref)->map == map);
			Assert(tc_shard_number(tc_record_at(ref)->hash) == number);
			tc_check_listed_locked(ref);
			bytes += tc_record_bytes(ref);
			Assert(bytes <= shard->queue[q].bytes);
		}
		Assert(bytes == shard->queue[q].bytes);
	}
	LWLockRelease(&shard->lock);
}

/* ----- wheels ----- */

void
tc_check_expiring_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedWheel *wheel = &tc_map_body(rec->map)->wheel;
	TcSharedExpiry *expiry = tc_record_expiry(rec);

	Assert(LWLockHeldByMe(&wheel->lock));
	Assert(rec->flags & TC_REC_EXPIRES);
	Assert(wheel->records > 0);
	if (expiry->prev != TC_NO_REF)
		Assert(tc_record_expiry(tc_record_at(expiry->prev))->next == ref);
	if (expiry->next != TC_NO_REF)
		Assert(tc_record_expiry(tc_record_at(expiry->next))->prev == ref);
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
		tc_check_ends_locked(map, s);
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
		check_shard(map, s);
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
	tc_check_listed_locked(ref);
	LWLockRelease(&shard->lock);
	if (rec->flags & TC_REC_EXPIRES)
	{
		LWLock *lock = &tc_map_body(rec->map)->wheel.lock;

		LWLockAcquire(lock, LW_SHARED);
		tc_check_expiring_locked(ref);
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
	check_pool();
	check_directory();
	check_maptable();
	tc_ghost_check();
	for (uint32 n = 0; n <= tc_seg.head->nclasses; n++)
		check_class(n);
	for (uint32 n = 0; n < TC_PARTITIONS; n++)
		check_partition(n);
	for (uint32 n = 0; n < tc_map_entry_count(); n++)
		check_map(n);
}

void
tc_check_step(void)
{
	static uint32 turn = 0;

	check_pool();
	check_directory();
	check_maptable();
	tc_ghost_check();
	check_class(turn % (tc_seg.head->nclasses + 1));
	for (uint32 n = 0; n < PARTITIONS_PER_STEP; n++)
		check_partition((turn * PARTITIONS_PER_STEP + n) % TC_PARTITIONS);
	if (tc_map_entry_count() > 0)
		check_map(turn % tc_map_entry_count());
	turn++;
}

#endif /* USE_ASSERT_CHECKING */
