/*-------------------------------------------------------------------------
 *
 * expire.c
 *	  Drops records whose time is over, without being asked for them.
 *
 * Structure: expired records are those that their map's wheel says are due.
 * Idle ones are at the ends of the queues: each list is walked from its
 * tail for as long as the tail has been idle for too long.  Neither looks at
 * a record that stays, except where the policy knows only that a record has
 * been read since it came: such a record gets the time once more.
 *
 * A record that expires and can't be dropped yet, because its writer is
 * running or its commit is not on disk, is looked at again a second later.
 * A record without a table behind it can be dropped when it is committed and
 * nobody is deleting it: nobody can find it any more.
 *
 * Concurrency: a record is picked under its list's lock, and looked at again
 * under its partition's.
 *
 * Failure: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/timestamp.h"

#include "segment/evict/policy.h"
#include "segment/evict/wheel.h"
#include "segment/index/chain.h"
#include "segment/index/expire.h"
#include "segment/index/index.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* Most records that begin their time anew under one hold of a lock. */
#define MOST_RENEWED 1000

/* May a record that has expired be dropped now? */
static bool
may_drop(const TcSharedRecord *rec)
{
	if (!(rec->flags & TC_REC_DIRTY))
		return true;
	return (rec->flags & TC_REC_NEVER_EVICTED) &&
		(rec->flags & TC_REC_COMMITTED) && !(rec->flags & TC_REC_ENDED) &&
		tc_record_older(rec) == TC_NO_REF;
}

/* Drop a record that was due when it was picked; true when it is gone. */
static bool
drop_due(uint32 hash, TcRef ref, TimestampTz now)
{
	LWLock *lock = tc_partition_lock(hash);
	TcIndexPlace place;
	bool dropped = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_index_find_ref_locked(&place, hash, ref))
	{
		TcSharedRecord *rec = tc_record_at(ref);

		if (tc_record_expires(ref, rec) <= now && may_drop(rec))
		{
			tc_chain_drop_locked(&place, TC_REMOVED_EXPIRED);
			dropped = true;
		}
		else if (rec->flags & TC_REC_EXPIRES)
			tc_wheel_postpone(ref);
	}
	LWLockRelease(lock);
	return dropped;
}

/* Drop up to max records of a map that have expired. */
static int64
drop_expired(uint16 map, int64 max)
{
	TimestampTz now = GetCurrentTimestamp();
	int64 dropped = 0;
	uint32 hash;
	TcRef ref;

	tc_wheel_advance(map, max);
	for (int64 n = 0; n < max && (ref = tc_wheel_due(map, &hash)) != TC_NO_REF;
		 n++)
	{
		if (drop_due(hash, ref, now))
			dropped++;
	}
	return dropped;
}

/*
 * The end of one of a shard's queues if it was last used before a time.
 * Those that have been, as far as is known, begin their time anew.
 */
static TcRef
idle_tail(TcSharedShard *shard, uint64 before_us, uint32 *hash)
{
	uint64 now_us = tc_segment_clock_us();
	TcRef found = TC_NO_REF;
	int renewed = 0;

	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	for (int q = 0; q < TC_QUEUES && found == TC_NO_REF; q++)
	{
		TcRef ref;

		while ((ref = shard->queue[q].tail) != TC_NO_REF &&
			   tc_record_last_access(tc_record_at(ref)) < before_us &&
			   renewed < MOST_RENEWED)
		{
			if (!tc_policy_renew_locked(shard, ref, now_us))
			{
				*hash = tc_record_at(ref)->hash;
				found = ref;
				break;
			}
			renewed++;
		}
	}
	LWLockRelease(&shard->lock);
	return found;
}

/* Drop a record that was idle when it was picked, unless it has been used. */
static bool
drop_idle(uint32 hash, TcRef ref, uint64 before_us)
{
	LWLock *lock = tc_partition_lock(hash);
	TcIndexPlace place;
	bool dropped = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_index_find_ref_locked(&place, hash, ref))
	{
		TcSharedRecord *rec = tc_record_at(ref);

		if (!(rec->flags & TC_REC_DIRTY) &&
			tc_record_last_access(rec) < before_us)
		{
			tc_chain_drop_locked(&place, TC_REMOVED_IDLE);
			dropped = true;
		}
	}
	LWLockRelease(lock);
	return dropped;
}

/* Drop up to max records of a map that have been idle for too long. */
static int64
drop_idlers(uint16 map, uint64 max_idle_us, int64 max)
{
	TcSharedMapBody *body = tc_map_body(map);
	uint64 now_us = tc_segment_clock_us();
	int64 dropped = 0;
	int64 seen = 0;

	if (max_idle_us >= now_us)
		return 0;
	for (int s = 0; s < TC_SHARDS; s++)
	{
		uint32 hash;
		TcRef ref;

		while (seen < max &&
			   (ref = idle_tail(&body->shard[s], now_us - max_idle_us,
								&hash)) != TC_NO_REF)
		{
			seen++;
			if (drop_idle(hash, ref, now_us - max_idle_us))
				dropped++;
		}
	}
	return dropped;
}

int64
tc_expire_step(int64 max)
{
	int64 dropped = 0;

	for (uint32 map = 0; map < tc_map_entry_count(); map++)
	{
		uint64 max_idle_us;

		if (!tc_map_entry_has_body(map))
			continue;
		max_idle_us = pg_atomic_read_u64(&tc_seg.maps[map].max_idle_us);
		dropped += drop_expired(map, max);
		if (max_idle_us != TC_NO_LIMIT)
			dropped += drop_idlers(map, max_idle_us, max);
	}
	return dropped;
}
