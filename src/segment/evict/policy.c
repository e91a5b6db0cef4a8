/*-------------------------------------------------------------------------
 *
 * policy.c
 *	  Decides which clean record is evicted.
 *
 * Structure: a clean record is in one of two queues, the main or the small
 * one; each is split into the lists of all shards of all maps, and is one
 * queue over the whole segment because the evictor compares what the tails
 * of the lists carry as their stamps.  topcache.policy says what the queues
 * mean.
 *
 * lru: the main queue is in order of last access, and its tail goes first.
 * The small queue is for records that a statement has brought in bulk
 * (bulk.c), each of which will, as a rule, not be asked for again soon.  A
 * read moves a record from there to the front of the main queue; the rest go
 * in their turn like all others while the small queue has less than a tenth
 * of the bytes, and first of all when it has more.  So reading through a
 * table, however large, costs the other records a tenth of the memory at
 * most, and the records that come by single reads are in exact order of
 * their use: as long as nobody reads in bulk, the small queue is empty.
 *
 * s3fifo: S3-FIFO (Yang and others, SOSP 2023).  The stamp is the time at
 * which a record entered its queue, and a read only counts, up to three.  A
 * new record enters the small queue.  At its end, those that have been read
 * more than once move to the main queue, the others go and leave their hash
 * in the ghost (ghost.c); a record whose hash is found there enters the main
 * queue at once.  At the end of the main queue, a record that has been read
 * begins another round with one read less.  Records go from the main queue
 * when it has more than nine tenths of the bytes, else from the small one.
 * Reading through a table passes through the small queue, so nothing else is
 * to be done about it.
 *
 * Concurrency: queues belong to their shards' locks.  A victim is picked by
 * comparing the tails of all lists without locks, and looked at again under
 * its partition's lock: it is evicted only when it is still clean and has
 * the stamp it had.  A record that is spared is moved under the shard's lock
 * alone, as a touch moves it.
 *
 * Failure: when nothing can be evicted, false.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/settings.h"
#include "segment/evict/ghost.h"
#include "segment/evict/policy.h"
#include "segment/evict/queues.h"
#include "segment/index/chain.h"
#include "segment/index/index.h"
#include "segment/index/reclaim.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* Reads that bring a record from the small to the main queue. */
#define READS_TO_MAIN 2

/* The part of all ages, from the youngest on, in which reads move nothing. */
#define YOUNG_SHARE 8

/* How often a victim may slip away before the next step is tried. */
#define VICTIM_TRIES 32

/* Most records that one eviction spares, so that it is never long. */
#define MOST_SPARED 10000

/* A record that was the last of its list when it was looked at. */
typedef struct Victim
{
	TcRef ref;
	uint32 hash;
	uint64 stamp;
	int queue;
} Victim;

/* Outcome of looking at the end of a list. */
typedef enum Pick
{
	PICK_NONE,	 /* the list is empty */
	PICK_SPARED, /* the record there has moved on */
	PICK_VICTIM	 /* it is to go */
} Pick;

static inline bool
is_fifo(void)
{
	return tc_policy == TC_POLICY_S3FIFO;
}

/* ----- records that come and are used ----- */

int
tc_policy_insert_locked(TcSharedRecord *rec, uint32 bytes)
{
	Assert(LWLockHeldByMeInMode(&tc_shard_of(rec->map, rec->hash)->lock,
								LW_EXCLUSIVE));
	if (rec->warm)
	{
		rec->placed = is_fifo();
		rec->reads = rec->bulk = 0;
		return TC_QUEUE_MAIN;
	}
	if (!is_fifo())
	{
		bool bulk = rec->bulk;

		rec->bulk = 0;
		return bulk ? TC_QUEUE_SMALL : TC_QUEUE_MAIN;
	}
	if (rec->placed)
		return rec->queue;
	rec->placed = 1;
	rec->reads = 0;
	return tc_ghost_take(rec->hash, bytes) ? TC_QUEUE_MAIN : TC_QUEUE_SMALL;
}

void
tc_policy_inherit(TcSharedRecord *rec, const TcSharedRecord *from)
{
	if (!is_fifo())
		return;
	rec->placed = from->placed;
	rec->queue = from->queue;
	rec->reads = Min(from->reads + 1, TC_MOST_READS);
}

/*
 * Is a record so much older than the newest ones that a read should move it?
 * Among the young it hardly matters for who is evicted next, and moving one
 * means to write into its neighbours, wherever they are in memory.  The
 * header may be garbage; then so is the answer.
 */
static bool
has_aged(const TcSharedRecord *rec, uint64 age_us, uint64 now_us)
{
	uint64 tail_us;

	if (rec->map >= tc_seg.head->maps_used)
		return false;
	/* there the age itself decides */
	if (pg_atomic_read_u64(&tc_seg.maps[rec->map].max_idle_us) != TC_NO_LIMIT)
		return true;
	tail_us = pg_atomic_read_u64(
		&tc_map_body(rec->map)
			 ->tail_access[TC_QUEUE_MAIN][tc_shard_number(rec->hash)]);
	return tail_us > now_us || age_us >= (now_us - tail_us) / YOUNG_SHARE;
}

bool
tc_policy_access_due(const TcSharedRecord *rec, uint64 now_us)
{
	uint64 stamp = tc_record_last_access(rec);

	if (is_fifo())
		return rec->reads < TC_MOST_READS;
	if (now_us < stamp + (uint64) tc_recency_resolution_ms * 1000)
		return false;
	return tc_recency_resolution_ms == 0 || rec->queue == TC_QUEUE_SMALL ||
		has_aged(rec, now_us - stamp, now_us);
}

void
tc_policy_access_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	if (!is_fifo())
		tc_queues_move_locked(shard, ref, TC_QUEUE_MAIN, now_us);
	else if (rec->reads < TC_MOST_READS)
		rec->reads++;
}

bool
tc_policy_renew_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	/* otherwise the stamp is the time of the last read */
	if (!is_fifo() || rec->reads == 0)
		return false;
	rec->reads = 0;
	tc_queues_move_locked(shard, ref, TC_QUEUE_MAIN, now_us);
	return true;
}

/* ----- which queue ----- */

/* What a queue holds, of one map or of all; a hint, read without locks. */
static uint64
queue_bytes(int map, int queue)
{
	uint64 bytes = 0;

	if (map == TC_ANY_MAP)
		return pg_atomic_read_u64(&tc_seg.head->queue_bytes[queue]);
	for (int s = 0; s < TC_SHARDS && tc_map_entry_has_body(map); s++)
		bytes += tc_map_body(map)->shard[s].queue[queue].bytes;
	return bytes;
}

/* The shard of the maps in question whose list ends with the oldest stamp. */
static uint64
oldest_shard(int map, int queue, uint16 *oldest_map, int *oldest_shard)
{
	uint64 oldest = PG_UINT64_MAX;
	uint32 first = map == TC_ANY_MAP ? 0 : map;
	uint32 end = map == TC_ANY_MAP ? tc_seg.head->maps_used : map + 1;

	for (uint32 m = first; m < end; m++)
	{
		TcSharedMapBody *body;

		if (!tc_map_entry_has_body(m))
			continue;
		body = tc_map_body(m);
		for (int s = 0; s < TC_SHARDS; s++)
		{
			uint64 stamp = pg_atomic_read_u64(&body->tail_access[queue][s]);

			if (stamp < oldest)
			{
				oldest = stamp;
				*oldest_map = m;
				*oldest_shard = s;
			}
		}
	}
	return oldest;
}

/*
 * Choose the list that loses its last record, or spares it; false when all
 * are empty.
 */
static bool
choose_list(int map, int *queue, uint16 *list_map, int *list_shard)
{
	uint64 small_bytes = queue_bytes(map, TC_QUEUE_SMALL);
	uint64 share = (small_bytes + queue_bytes(map, TC_QUEUE_MAIN)) / 10;
	bool small_full = is_fifo() ? small_bytes >= share : small_bytes > share;
	uint64 small_stamp = PG_UINT64_MAX;
	uint64 main_stamp;
	uint16 small_map;
	int small_shard;

	/* an empty queue needs no look at its lists, of which there are many */
	if (small_bytes > 0)
		small_stamp =
			oldest_shard(map, TC_QUEUE_SMALL, &small_map, &small_shard);
	if (small_stamp == PG_UINT64_MAX || !small_full)
	{
		*queue = TC_QUEUE_MAIN;
		main_stamp = oldest_shard(map, TC_QUEUE_MAIN, list_map, list_shard);
		if (main_stamp < small_stamp ||
			(is_fifo() && main_stamp != PG_UINT64_MAX))
			return true;
	}
	if (small_stamp == PG_UINT64_MAX)
		return false;
	*queue = TC_QUEUE_SMALL;
	*list_map = small_map;
	*list_shard = small_shard;
	return true;
}

/* ----- which record ----- */

/* Let the last record of a list go on, if it has earned that. */
static bool
spare_locked(TcSharedShard *shard, TcRef ref, int queue)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	if (queue == TC_QUEUE_SMALL)
	{
		if (rec->reads < READS_TO_MAIN)
			return false;
		rec->reads = 0;
	}
	else
	{
		if (rec->reads == 0)
			return false;
		rec->reads--;
	}
	tc_queues_move_locked(shard, ref, TC_QUEUE_MAIN, tc_segment_clock_us());
	return true;
}

/* Look at the end of a list. */
static Pick
pick_victim(uint16 map, int number, int queue, bool may_spare, Victim *victim)
{
	TcSharedShard *shard = &tc_map_body(map)->shard[number];
	Pick pick = PICK_VICTIM;

	LWLockAcquire(&shard->lock, is_fifo() ? LW_EXCLUSIVE : LW_SHARED);
	victim->ref = shard->queue[queue].tail;
	victim->queue = queue;
	if (victim->ref == TC_NO_REF)
		pick = PICK_NONE;
	else if (is_fifo() && may_spare && spare_locked(shard, victim->ref, queue))
		pick = PICK_SPARED;
	else
	{
		TcSharedRecord *rec = tc_record_at(victim->ref);

		victim->hash = rec->hash;
		victim->stamp = tc_record_last_access(rec);
	}
	LWLockRelease(&shard->lock);
	return pick;
}

/* Is the record still what it was when it was picked? */
static bool
still_victim_locked(const Victim *victim)
{
	TcSharedRecord *rec = tc_record_at(victim->ref);

	Assert(LWLockHeldByMe(tc_partition_lock(victim->hash)));
	return !(rec->flags & TC_REC_DIRTY) &&
		tc_record_last_access(rec) == victim->stamp;
}

/* Evict a victim, unless it has been used or changed since. */
static bool
evict_victim(const Victim *victim, TcRemovalReason why)
{
	LWLock *lock = tc_partition_lock(victim->hash);
	TcIndexPlace place;
	bool evicted = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_index_find_ref_locked(&place, victim->hash, victim->ref) &&
		still_victim_locked(victim))
	{
		if (is_fifo() && victim->queue == TC_QUEUE_SMALL)
			tc_ghost_add(victim->hash, tc_record_bytes(victim->ref));
		tc_chain_drop_locked(&place, why);
		evicted = true;
	}
	LWLockRelease(lock);
	return evicted;
}

bool
tc_evict_one(int map, TcRemovalReason why)
{
	int spared = 0;
	int tries = 0;

	Assert(!tc_segment_holds_lock());
	while (tries < VICTIM_TRIES)
	{
		Victim victim;
		uint16 list_map;
		int list_shard;
		int queue;
		Pick pick;

		if (!choose_list(map, &queue, &list_map, &list_shard))
			return false;
		pick = pick_victim(list_map, list_shard, queue, spared < MOST_SPARED,
						   &victim);
		if (pick == PICK_VICTIM && evict_victim(&victim, why))
			return true;
		if (pick == PICK_SPARED)
			spared++;
		else
			tries++;
	}
	return false;
}
