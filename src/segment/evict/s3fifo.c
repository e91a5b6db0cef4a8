/*-------------------------------------------------------------------------
 *
 * s3fifo.c
 *	  Evicts a record that was not used again since it came.
 *
 * Structure: S3-FIFO (Yang and others, SOSP 2023).  A record's last access
 * is the time at which it entered its queue, and a read only counts, up to
 * three.  A new record enters the small queue.  At its end, those that have
 * been read more than once move to the main queue, the others go and leave
 * their hash in the ghost (ghost.c); a record whose hash is found there
 * enters the main queue at once.  At the end of the main queue, a record that
 * has been read begins another round with one read less.  Records go from the
 * main queue when it has more than nine tenths of the bytes, else from the
 * small one.  Reading through a table passes through the small queue, so
 * nothing else is to be done about it.
 *
 * Concurrency: a record that is spared is moved under the shard's lock alone,
 * as an access moves it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/ghost.h"
#include "segment/evict/queues.h"
#include "segment/evict/s3fifo.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* Reads of a record that are remembered. */
#define MOST_READS 3
StaticAssertDecl(MOST_READS <= 3, "a record has two bits for it");

/* Reads that bring a record from the small to the main queue. */
#define READS_TO_MAIN 2

bool
tc_s3fifo_has_ghost(void)
{
	return true;
}

int
tc_s3fifo_insert_locked(TcSharedRecord *rec, uint32 bytes)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	if (rec->placed && !rec->warm)
		return rec->queue;
	rec->placed = 1;
	rec->reads = 0;
	return rec->warm || tc_ghost_take(rec->hash, bytes) ? TC_QUEUE_MAIN
														: TC_QUEUE_SMALL;
}

void
tc_s3fifo_inherit_locked(TcSharedRecord *rec, const TcSharedRecord *from)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	rec->placed = from->placed;
	rec->queue = from->queue;
	rec->reads = Min(from->reads + 1, MOST_READS);
}

bool
tc_s3fifo_access_due(const TcSharedRecord *rec, uint64 now_us)
{
	return rec->reads < MOST_READS;
}

void
tc_s3fifo_access_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	if (rec->reads < MOST_READS)
		rec->reads++;
}

bool
tc_s3fifo_renew_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	if (rec->reads == 0)
		return false;
	rec->reads = 0;
	tc_queues_move_locked(shard, ref, TC_QUEUE_MAIN, now_us);
	return true;
}

/* Let the last record of a list go on, if it has earned that. */
static bool
spare_locked(TcSharedShard *shard, TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	if (rec->queue == TC_QUEUE_SMALL)
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

TcChoice
tc_s3fifo_choose(int map, bool may_spare, TcVictim *victim)
{
	uint64 small_bytes = tc_queues_bytes(map, TC_QUEUE_SMALL);
	uint64 bytes = small_bytes + tc_queues_bytes(map, TC_QUEUE_MAIN);
	TcQueueEnd end;
	TcQueueEnd main_end;

	tc_queues_oldest(map, TC_QUEUE_SMALL, &end);
	if (end.last_access == PG_UINT64_MAX || small_bytes < bytes / 10)
	{
		tc_queues_oldest(map, TC_QUEUE_MAIN, &main_end);
		if (main_end.last_access != PG_UINT64_MAX)
			end = main_end;
	}
	return tc_queues_choose(&end, may_spare ? spare_locked : NULL, victim);
}

void
tc_s3fifo_forget_locked(const TcVictim *victim)
{
	Assert(LWLockHeldByMe(tc_partition_lock(victim->hash)));
	if (victim->queue == TC_QUEUE_SMALL)
		tc_ghost_add(victim->hash, tc_record_bytes(victim->ref));
}
