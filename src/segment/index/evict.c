/*-------------------------------------------------------------------------
 *
 * evict.c
 *	  Takes the record that the policy chooses out of the segment.
 *
 * Concurrency: a victim is chosen without its partition's lock, and looked at
 * again under it: it is evicted only when it is still clean and has not been
 * accessed since.
 *
 * Failure: when nothing can be evicted, false.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/policy.h"
#include "segment/index/chain.h"
#include "segment/index/evict.h"
#include "segment/index/index.h"
#include "segment/memory/segment.h"

/* How often a victim may slip away before the next step is tried. */
#define VICTIM_TRIES 32

/* Most records that one eviction spares, so that it is never long. */
#define MOST_SPARED 10000

/* Evict a victim, unless it has been used or changed since. */
static bool
evict_victim(const TcVictim *victim, TcRemovalReason why)
{
	LWLock *lock = tc_partition_lock(victim->hash);
	TcIndexPlace place;
	bool evicted = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_index_find_ref_locked(&place, victim->hash, victim->ref))
	{
		TcSharedRecord *rec = tc_record_at(victim->ref);

		evicted = !(rec->flags & TC_REC_DIRTY) &&
			tc_record_last_access(rec) == victim->last_access;
	}
	if (evicted)
	{
		tc_policy_forget_locked(victim);
		tc_chain_drop_locked(&place, why);
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
		TcVictim victim;

		switch (tc_policy_choose(map, spared < MOST_SPARED, &victim))
		{
			case TC_CHOICE_NONE:
				return false;
			case TC_CHOICE_SPARED:
				spared++;
				break;
			case TC_CHOICE_MISSED:
				tries++;
				break;
			case TC_CHOICE_VICTIM:
				if (evict_victim(&victim, why))
					return true;
				tries++;
				break;
		}
	}
	return false;
}
