/*-------------------------------------------------------------------------
 *
 * policy.c
 *	  The eviction policy that topcache.policy names.
 *
 * Structure: a clean record is in one of two queues, the main or the small
 * one; each is split into the lists of all shards of all maps, and is one
 * queue over the whole segment because a policy compares what the tails of
 * the lists carry as their last access.  What the queues mean is the
 * policy's own.  It is chosen call by call, since a pointer to a function
 * would keep the compiler from joining the path of a read.
 *
 * Concurrency: queues belong to their shards' locks.  A victim is chosen by
 * comparing the tails of all lists without locks; it is to be looked at again
 * under its partition's lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/settings.h"
#include "segment/evict/lru.h"
#include "segment/evict/policy.h"
#include "segment/evict/s3fifo.h"

/* All policies there are. */
#define POLICY(function, arguments)                                 \
	(tc_policy == TC_POLICY_S3FIFO ? tc_s3fifo_##function arguments \
								   : tc_lru_##function arguments)

bool
tc_policy_has_ghost(void)
{
	return POLICY(has_ghost, ());
}

int
tc_policy_insert_locked(TcSharedRecord *rec, uint32 bytes)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	return POLICY(insert_locked, (rec, bytes));
}

void
tc_policy_inherit_locked(TcSharedRecord *rec, const TcSharedRecord *from)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	POLICY(inherit_locked, (rec, from));
}

bool
tc_policy_access_due(const TcSharedRecord *rec, uint64 now_us)
{
	return POLICY(access_due, (rec, now_us));
}

void
tc_policy_access_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	POLICY(access_locked, (shard, ref, now_us));
}

bool
tc_policy_renew_locked(TcSharedShard *shard, TcRef ref, uint64 now_us)
{
	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	return POLICY(renew_locked, (shard, ref, now_us));
}

TcChoice
tc_policy_choose(int map, bool may_spare, TcVictim *victim)
{
	return POLICY(choose, (map, may_spare, victim));
}

void
tc_policy_forget_locked(const TcVictim *victim)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(victim->hash), LW_EXCLUSIVE));
	POLICY(forget_locked, (victim));
}
