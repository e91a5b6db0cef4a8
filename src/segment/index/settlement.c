/*-------------------------------------------------------------------------
 *
 * settlement.c
 *	  What the end of a transaction does to the versions that it wrote.
 *
 * Structure: commit frees everything older than the version and, when its
 * commit record is flushed, makes the record clean; abort takes the version
 * away.  The transaction id names the version to settle, so a newer write of
 * the same key is never changed by the end of an older one.
 *
 * Concurrency: all of it under the partition's exclusive lock, between
 * begin_change and end_change of the bucket.
 *
 * Failure: none; these run where no error may be raised.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/policy.h"
#include "segment/evict/queues.h"
#include "segment/index/chain.h"
#include "segment/index/index.h"
#include "segment/index/settlement.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* Move a version that is committed and durable to a queue. */
static void
make_clean_locked(TcIndexPlace *place)
{
	TcSharedRecord *rec = tc_record_at(place->ref);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	if (rec->flags & TC_REC_NEVER_EVICTED)
	{
		/* stays dirty for ever; but the memory of a deletion need not stay */
		if (rec->flags & TC_REC_NEGATIVE)
			tc_chain_remove_locked(place);
		return;
	}
	tc_queues_unlink(place->ref);
	rec->flags &= ~TC_REC_DIRTY;
	tc_queues_link(place->ref,
				   tc_policy_insert_locked(rec, tc_record_bytes(place->ref)));
}

/* Is this the newest version of a map's record, being ended by xid? */
static bool
ended_by(TcRef ref, uint16 map, TransactionId xid)
{
	TcSharedRecord *rec = tc_record_at(ref);

	return rec->map == map && (rec->flags & TC_REC_ENDED) &&
		rec->ended_by == xid;
}

/* Settle one version as committed; returns whether there was work to do. */
static bool
commit_version_locked(TcIndexPlace *place, TcRef ref, bool durable)
{
	uint32 flags = tc_record_at(ref)->flags;
	bool never_evicted = (flags & TC_REC_NEVER_EVICTED) != 0;

	/* without a table nothing of it is on disk, so nothing waits for a flush */
	bool to_clean = (durable || never_evicted) && ref == place->ref;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	if ((flags & TC_REC_COMMITTED) && (!to_clean || never_evicted))
		return false;
	tc_bucket_begin_change_locked(place->first);
	tc_record_at(ref)->flags |= TC_REC_COMMITTED;
	tc_chain_cut_locked(ref);
	tc_chain_check_locked(place->ref);
	if (to_clean)
		make_clean_locked(place);
	tc_bucket_end_change_locked(place->first);
	return true;
}

void
tc_settlement_commit(uint16 map, uint32 hash, TransactionId xid, bool durable)
{
	LWLock *lock = tc_partition_lock(hash);
	TcIndexPlace place;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	tc_index_begin_locked(&place, hash);
	while (tc_index_next_locked(&place))
	{
		TcRef above;
		TcRef ref;

		if (ended_by(place.ref, map, xid))
		{
			tc_chain_drop_locked(&place, TC_REMOVED_UNNOTED);
			tc_index_begin_locked(&place, hash);
			continue;
		}
		ref = tc_chain_find_version_locked(place.ref, map, xid, &above);

		/* a removal moves another ref into the entry: begin again */
		if (ref != TC_NO_REF && commit_version_locked(&place, ref, durable))
			tc_index_begin_locked(&place, hash);
	}
	LWLockRelease(lock);
}

/*
 * The deletion of a version has been rolled back: it goes on as if just made.
 * It is the newest one, or below one of the same transaction, which is gone
 * by now or about to go.
 */
static void
revive_locked(TcIndexPlace *place, uint16 map, TransactionId xid)
{
	TcSharedRecord *rec = tc_record_at(place->ref);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	if (!ended_by(place->ref, map, xid))
		return;
	tc_bucket_begin_change_locked(place->first);
	rec->flags &= ~TC_REC_ENDED;
	rec->born_s = tc_segment_clock_us() / 1000000;
	tc_chain_check_locked(place->ref);
	tc_bucket_end_change_locked(place->first);
}

void
tc_settlement_abort(uint16 map, uint32 hash, TransactionId xid)
{
	LWLock *lock = tc_partition_lock(hash);
	TcIndexPlace place;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	tc_index_begin_locked(&place, hash);
	while (tc_index_next_locked(&place))
	{
		TcRef above;
		TcRef ref = tc_chain_find_version_locked(place.ref, map, xid, &above);

		if (ref == TC_NO_REF)
		{
			revive_locked(&place, map, xid);
			continue;
		}
		tc_bucket_begin_change_locked(place.first);
		if (above == TC_NO_REF)
			tc_chain_pop_locked(&place);
		else
		{
			tc_record_at(above)->older = tc_record_older(tc_record_at(ref));
			tc_chain_free_locked(ref);
			tc_chain_check_locked(place.ref);
		}
		tc_bucket_end_change_locked(place.first);
		tc_index_begin_locked(&place, hash);
	}
	LWLockRelease(lock);
}

void
tc_settlement_withdraw(const TcProbe *probe, TransactionId xid)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_chain_find_locked(&place, probe) &&
		tc_record_at(place.ref)->xmin == xid &&
		(tc_record_at(place.ref)->flags & TC_REC_DIRTY))
	{
		tc_bucket_begin_change_locked(place.first);
		tc_chain_pop_locked(&place);
		tc_bucket_end_change_locked(place.first);
	}
	LWLockRelease(lock);
}
