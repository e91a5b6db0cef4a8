/*-------------------------------------------------------------------------
 *
 * room.c
 *	  Finds room in a full segment: evicts, and moves records together.
 *
 * Structure: the backend that needs a chunk takes one from its size class or
 * from the page pool.  Where both are empty it empties a sparse page if some
 * class can spare one, else evicts the least recently used clean record of
 * the whole segment, and tries again.  Each eviction adds a free chunk
 * somewhere, so after at most a page's worth of them per class a page can be
 * emptied: the work per allocation is constant on average.
 *
 * Concurrency: no lock is held between the steps.  Another backend may take
 * the room that was made; then the loop goes round again.  The victim is
 * picked by comparing the tails of all LRU lists without locks, and looked
 * at again under its partition's and shard's locks: it is evicted only when
 * it is still clean and has not been used since it was picked.
 *
 * Failure: when no clean record is left, TC_NO_REF.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/settings.h"
#include "segment/arena.h"
#include "segment/chain.h"
#include "segment/index.h"
#include "segment/maptable.h"
#include "segment/room.h"
#include "segment/segment.h"

/* Buckets added to the index per insertion while it is behind. */
#define GROWTH_STEPS 2

/* Pages that pinned records leave free: a share of all, and not too few. */
#define SPARE_SHARE		128
#define MIN_SPARE_PAGES 4

/* Overflow buckets below which room is made for more. */
#define OVERFLOW_RESERVE 16

/* How often a victim may slip away before the next step is tried. */
#define VICTIM_TRIES 32

/* A record that was the last of its list when it was looked at. */
typedef struct Victim
{
	TcRef ref;
	uint32 hash;
	uint64 stamp;
} Victim;

/* The shard of the maps in question whose LRU tail is oldest. */
static bool
oldest_shard(int map, uint16 *oldest_map, int *oldest_shard)
{
	uint64 oldest = PG_UINT64_MAX;
	uint32 first = map == TC_ANY_MAP ? 0 : map;
	uint32 end = map == TC_ANY_MAP ? tc_seg.head->maps_used : map + 1;

	for (uint32 m = first; m < end; m++)
	{
		TcSharedMapBody *body;

		if (!tc_map_has_body(m))
			continue;
		body = tc_map_body(m);
		for (int s = 0; s < TC_SHARDS; s++)
		{
			uint64 stamp = pg_atomic_read_u64(&body->tail_stamp[s]);

			if (stamp < oldest)
			{
				oldest = stamp;
				*oldest_map = m;
				*oldest_shard = s;
			}
		}
	}
	return oldest != PG_UINT64_MAX;
}

/* Note the tail of a shard's LRU list; false when the list is empty. */
static bool
pick_victim(uint16 map, int number, Victim *victim)
{
	TcSharedShard *shard = &tc_map_body(map)->shard[number];

	LWLockAcquire(&shard->lock, LW_SHARED);
	victim->ref = shard->lru_tail;
	if (victim->ref != TC_NO_REF)
	{
		TcSharedRecord *rec = tc_record_at(victim->ref);

		victim->hash = rec->hash;
		victim->stamp = tc_record_stamp(rec);
	}
	LWLockRelease(&shard->lock);
	return victim->ref != TC_NO_REF;
}

/* Is the record still what it was when it was picked? */
static bool
still_victim_locked(const Victim *victim)
{
	TcSharedRecord *rec = tc_record_at(victim->ref);

	return !(rec->flags & TC_REC_DIRTY) &&
		tc_record_stamp(rec) == victim->stamp;
}

/* Evict a victim, unless it has been used or changed since. */
static bool
evict_victim(const Victim *victim)
{
	LWLock *lock = tc_partition_lock(victim->hash);
	TcIndexPlace place;
	bool evicted = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_index_find_ref_locked(&place, victim->hash, victim->ref) &&
		still_victim_locked(victim))
	{
		uint16 map = tc_record_at(victim->ref)->map;

		tc_chain_drop_locked(&place);
		pg_atomic_fetch_add_u64(&tc_map_body(map)->counter[TC_COUNT_EVICTIONS],
								1);
		evicted = true;
	}
	LWLockRelease(lock);
	return evicted;
}

bool
tc_evict_lru(int map)
{
	uint16 oldest_map;
	int shard;
	Victim victim;

	for (int tries = 0; tries < VICTIM_TRIES; tries++)
	{
		if (!oldest_shard(map, &oldest_map, &shard))
			return false;
		if (pick_victim(oldest_map, shard, &victim) && evict_victim(&victim))
			return true;
	}
	return false;
}

TcRef
tc_room_alloc(uint32 bytes)
{
	if (tc_segment_used_percent() > tc_high_water_percent)
		tc_segment_wake_worker();
	for (;;)
	{
		TcRef ref = tc_arena_alloc(bytes);

		if (ref != TC_NO_REF)
			return ref;
		if (!tc_compact_page() && !tc_evict_lru(TC_ANY_MAP))
			return tc_arena_alloc(bytes);
	}
}

bool
tc_room_spare(void)
{
	uint32 spare = Max(MIN_SPARE_PAGES, tc_seg.head->npages / SPARE_SHARE);

	/* read without the pool's lock: how many there are is a hint anyway */
	while (tc_seg.head->free_pages < spare)
	{
		if (!tc_compact_page() && !tc_evict_lru(TC_ANY_MAP))
			return false;
	}
	return true;
}

/* A page for the index, from a segment that may be full. */
static uint32
page_for_index(void)
{
	for (;;)
	{
		uint32 page = tc_arena_take_page(TC_PAGE_INDEX);

		if (page != TC_NO_PAGE)
			return page;
		if (!tc_compact_page() && !tc_evict_lru(TC_ANY_MAP))
			return TC_NO_PAGE;
	}
}

/*
 * Keep a few overflow buckets in reserve: they are taken under a partition's
 * lock, where no room can be made.
 */
static void
reserve_overflow(void)
{
	uint32 page;

	/* read without a lock: whoever is wrong about it tries again */
	if (tc_seg.head->class[tc_seg.head->nclasses].free_chunks >=
			OVERFLOW_RESERVE ||
		tc_seg.head->free_pages > 0)
		return;
	page = page_for_index();
	if (page != TC_NO_PAGE)
		tc_arena_return_page(page);
}

void
tc_room_for_index(void)
{
	reserve_overflow();
	for (int i = 0; i < GROWTH_STEPS && tc_index_wants_growth(); i++)
	{
		uint32 page = TC_NO_PAGE;
		bool grown;

		if (tc_index_growth_needs_page())
			page = page_for_index();
		grown = tc_index_grow(&page);
		if (page != TC_NO_PAGE)
			tc_arena_return_page(page);
		if (!grown)
			break;
	}
}

void
tc_room_from_index(int max)
{
	for (int i = 0; i < max && tc_index_wants_shrinking(); i++)
	{
		if (!tc_index_shrink())
			break;
	}
}
