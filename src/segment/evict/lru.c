/*-------------------------------------------------------------------------
 *
 * lru.c
 *	  Evicts the record that has not been used for longest.
 *
 * Structure: the main queue is in order of last access, and its tail goes
 * first.  The small queue is for records that a statement has brought in bulk
 * (bulk.c), each of which will, as a rule, not be asked for again soon.  A
 * read moves a record from there to the front of the main queue; the rest go
 * in their turn like all others while the small queue has less than a tenth
 * of the bytes, and first of all when it has more.  So reading through a
 * table, however large, costs the other records a tenth of the memory at
 * most, and the records that come by single reads are in exact order of
 * their use: as long as nobody reads in bulk, the small queue is empty.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/settings.h"
#include "segment/evict/lru.h"
#include "segment/evict/queues.h"

/* The part of all ages, from the youngest on, in which reads move nothing. */
#define YOUNG_SHARE 8

bool
tc_lru_has_ghost(void)
{
	return false;
}

int
tc_lru_insert_locked(TcSharedRecord *rec, uint32 bytes)
{
	bool bulk = rec->bulk && !rec->warm;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	rec->bulk = 0;
	return bulk ? TC_QUEUE_SMALL : TC_QUEUE_MAIN;
}

void
tc_lru_inherit_locked(TcSharedRecord *rec, const TcSharedRecord *from)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
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
tc_lru_access_due(const TcSharedRecord *rec, uint64 now_us)
{
	uint64 last_us = tc_record_last_access(rec);

	if (now_us < last_us + (uint64) tc_recency_resolution_ms * 1000)
		return false;
	return tc_recency_resolution_ms == 0 || rec->queue == TC_QUEUE_SMALL ||
		has_aged(rec, now_us - last_us, now_us);
}

void
tc_lru_access_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	tc_queues_move_locked(shard, ref, TC_QUEUE_MAIN, now_us);
}

bool
tc_lru_renew_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	return false;
}

TcChoice
tc_lru_choose(int map, bool may_spare, TcVictim *victim)
{
	uint64 small_bytes = tc_queues_bytes(map, TC_QUEUE_SMALL);
	uint64 bytes = small_bytes + tc_queues_bytes(map, TC_QUEUE_MAIN);
	TcQueueEnd end;
	TcQueueEnd main_end;

	tc_queues_oldest(map, TC_QUEUE_SMALL, &end);
	if (end.last_access == PG_UINT64_MAX || small_bytes <= bytes / 10)
	{
		tc_queues_oldest(map, TC_QUEUE_MAIN, &main_end);
		if (main_end.last_access < end.last_access)
			end = main_end;
	}
	return tc_queues_choose(&end, NULL, victim);
}

void
tc_lru_forget_locked(const TcVictim *victim)
{
	Assert(LWLockHeldByMe(tc_partition_lock(victim->hash)));
}
