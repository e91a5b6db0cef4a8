/*-------------------------------------------------------------------------
 *
 * versions.c
 *	  Puts versions of records into the segment, and drops records.
 *
 * Structure: a writer pushes a version over what is there, a fill adds a
 * record where there is none, and a record is dropped where it can't be kept
 * right.  What becomes of a pushed version when its transaction ends is
 * another file's matter.
 *
 * Concurrency: all of it under the partition's exclusive lock, between
 * begin_change and end_change of the bucket.  Memory is taken before the
 * lock, so nothing is evicted under it.
 *
 * The fill protocol.  A writer changes the table first, then raises the key's
 * write_seq, then comes here.  A fill reads the write_seq, then the table,
 * then comes here and compares the write_seq under the lock.  If the writer's
 * change came before the fill read the table, the fill has seen it there and
 * does not come at all.  Otherwise the change, and with it the raise, comes
 * after the fill read the write_seq.  If the raise comes before the
 * comparison, the fill loses.  If after, the writer takes the lock after the
 * fill, finds what the fill stored and pushes its version.  So no stored
 * record misses a write.
 *
 * A map entry that has changed hands is noticed here as well: its generation
 * is compared under the lock, and whoever retires an entry passes through
 * every partition's lock before it takes the entry's records to be complete.
 *
 * Failure: without memory for a new version the whole record is dropped, after
 * which readers fall back to the table.  A map without a table keeps what it
 * had and the caller reports the error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"

#include "segment/evict/bulk.h"
#include "segment/evict/queues.h"
#include "segment/index/chain.h"
#include "segment/index/index.h"
#include "segment/index/new_record.h"
#include "segment/index/reclaim.h"
#include "segment/index/versions.h"
#include "segment/index/write_seq.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* How often memory is found for the index before a record is given up. */
#define INSERT_TRIES 4

/* ----- writing ----- */

/*
 * Another transaction that has written or ended the newest version and is
 * not known to have committed; or none.
 */
static TransactionId
unsettled_by(const TcSharedRecord *newest, bool (*mine)(TransactionId xid))
{
	if (!(newest->flags & TC_REC_COMMITTED) && !mine(newest->xmin))
		return newest->xmin;
	if ((newest->flags & TC_REC_ENDED) && !mine(newest->ended_by))
		return newest->ended_by;
	return InvalidTransactionId;
}

/*
 * Push the new version over the newest one that is there.
 */
static TcPushResult
push_over_locked(TcIndexPlace *place, TcRef ref,
				 bool (*mine)(TransactionId xid), TransactionId *other)
{
	TcRef newest_ref = place->ref;
	TcSharedRecord *newest = tc_record_at(newest_ref);
	TransactionId xid = tc_record_at(ref)->xmin;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	*other = unsettled_by(newest, mine);
	if (TransactionIdIsValid(*other))
		return TC_PUSH_UNSETTLED;

	tc_bucket_begin_change_locked(place->first);
	if (newest->xmin == xid && !(newest->flags & TC_REC_COMMITTED))
	{
		/* one version per (sub)transaction: this one replaces the last */
		tc_chain_push_locked(place, ref, tc_record_older(newest));
		tc_chain_free_locked(newest_ref);
	}
	else
		tc_chain_push_locked(place, ref, newest_ref);
	tc_bucket_end_change_locked(place->first);
	return TC_PUSH_DONE;
}

/*
 * Is this the deletion of a key that the same transaction has written to
 * before?  The caller can't tell then which of the two came first.
 */
static bool
deletes_after_write(const TcImage *image, TcRef newest_ref,
					bool (*mine)(TransactionId xid))
{
	TcSharedRecord *newest = tc_record_at(newest_ref);

	return image->negative && !image->never_evicted &&
		!(newest->flags & TC_REC_COMMITTED) && mine(newest->xmin);
}

/* Push with the version's memory in hand; the partition is locked. */
static TcPushResult
push_locked(const TcImage *image, TcRef ref, bool install,
			bool (*mine)(TransactionId xid), TransactionId *other)
{
	TcIndexPlace place;
	TcPushResult result;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(image->probe->hash),
								LW_EXCLUSIVE));
	if (!tc_chain_is_current_locked(image->probe))
		return TC_PUSH_STALE;
	if (tc_chain_find_locked(&place, image->probe))
	{
		bool in_doubt = deletes_after_write(image, place.ref, mine);

		if (ref != TC_NO_REF && !in_doubt)
			return push_over_locked(&place, ref, mine, other);
		if (image->never_evicted)
			return TC_PUSH_NO_MEMORY;
		tc_chain_drop_locked(&place, TC_REMOVED_INVALIDATED);
		return in_doubt ? TC_PUSH_ABSENT : TC_PUSH_NO_MEMORY;
	}
	if (!install)
		return TC_PUSH_ABSENT;
	if (ref == TC_NO_REF)
		return TC_PUSH_NO_MEMORY;
	tc_bucket_begin_change_locked(place.first);
	result = tc_chain_add_locked(ref) ? TC_PUSH_DONE : TC_PUSH_NO_MEMORY;
	tc_bucket_end_change_locked(place.first);
	return result;
}

bool
tc_versions_resident(const TcProbe *probe)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;
	bool found;

	LWLockAcquire(lock, LW_SHARED);
	found = tc_chain_is_current_locked(probe) &&
		tc_chain_find_locked(&place, probe);
	LWLockRelease(lock);
	return found;
}

TcPushResult
tc_versions_push(const TcImage *image, bool install,
				 bool (*mine)(TransactionId xid), TransactionId *other)
{
	LWLock *lock = tc_partition_lock(image->probe->hash);
	TcPushResult result = TC_PUSH_NO_MEMORY;
	TcRef ref;

	if (image->never_evicted && !image->negative && !tc_reclaim_spare_pages() &&
		!tc_new_record_has_chunks(image))
		return TC_PUSH_NO_MEMORY;
	ref = tc_new_record(image);
	for (int tries = 0; tries < INSERT_TRIES; tries++)
	{
		if (install)
			tc_reclaim_grow_index();
		LWLockAcquire(lock, LW_EXCLUSIVE);
		result = push_locked(image, ref, install, mine, other);
		LWLockRelease(lock);
		if (!(install && result == TC_PUSH_NO_MEMORY && ref != TC_NO_REF))
			break;
	}
	if (ref != TC_NO_REF && result != TC_PUSH_DONE)
		tc_record_free(ref);
	return result;
}

/* Fill with the record's memory in hand; the partition is locked. */
static TcFillResult
fill_locked(const TcImage *image, TcRef ref, uint32 seq)
{
	TcFillResult result;
	TcIndexPlace place;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(image->probe->hash),
								LW_EXCLUSIVE));
	if (!tc_chain_is_current_locked(image->probe) ||
		!tc_write_seq_is_locked(image->probe, seq))
		result = TC_FILL_LOST;
	else if (tc_chain_find_locked(&place, image->probe))
		result = TC_FILL_PRESENT;
	else
	{
		tc_bucket_begin_change_locked(place.first);
		result = tc_chain_add_locked(ref) ? TC_FILL_STORED : TC_FILL_NO_MEMORY;
		tc_bucket_end_change_locked(place.first);
	}
	return result;
}

TcFillResult
tc_versions_fill(const TcImage *image, uint32 seq)
{
	LWLock *lock = tc_partition_lock(image->probe->hash);
	TcFillResult result = TC_FILL_NO_MEMORY;
	TcRef ref = tc_new_record(image);

	if (ref == TC_NO_REF)
		return TC_FILL_NO_MEMORY;
	tc_record_at(ref)->bulk =
		tc_bulk_fill(&image->probe->entry, tc_record_bytes(ref));
	for (int tries = 0; result == TC_FILL_NO_MEMORY && tries < INSERT_TRIES;
		 tries++)
	{
		tc_reclaim_grow_index();
		LWLockAcquire(lock, LW_EXCLUSIVE);
		result = fill_locked(image, ref, seq);
		LWLockRelease(lock);
	}
	if (result != TC_FILL_STORED)
		tc_record_free(ref);
	return result;
}

/* Mark a record that was found, if nobody else is at it. */
static TcEndResult
end_locked(TcIndexPlace *place, TransactionId xid,
		   bool (*mine)(TransactionId xid), TransactionId *other,
		   TcVersion *version)
{
	TcSharedRecord *rec = tc_record_at(place->ref);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	*other = unsettled_by(rec, mine);
	if (TransactionIdIsValid(*other))
		return TC_END_UNSETTLED;
	if (rec->flags & (TC_REC_NEGATIVE | TC_REC_ENDED))
		return TC_END_ABSENT;
	version->expires = tc_record_expires(place->ref, rec);
	tc_bucket_begin_change_locked(place->first);
	rec->flags |= TC_REC_ENDED;
	rec->ended_by = xid;
	tc_chain_check_locked(place->ref);
	tc_bucket_end_change_locked(place->first);
	return TC_END_DONE;
}

TcEndResult
tc_versions_end(const TcProbe *probe, TransactionId xid,
				bool (*mine)(TransactionId xid), TransactionId *other,
				TcVersion *version)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcEndResult result = TC_END_ABSENT;
	TcIndexPlace place;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (!tc_chain_is_current_locked(probe))
		result = TC_END_STALE;
	else if (tc_chain_find_locked(&place, probe))
		result = end_locked(&place, xid, mine, other, version);
	LWLockRelease(lock);
	return result;
}

/* ----- dropping ----- */

static bool
drop_record(const TcProbe *probe, bool only_clean, TcRemovalReason why)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;
	bool dropped = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_chain_is_current_locked(probe) &&
		tc_chain_find_locked(&place, probe) &&
		!(only_clean && (tc_record_at(place.ref)->flags & TC_REC_DIRTY)))
	{
		tc_chain_drop_locked(&place, why);
		dropped = true;
	}
	LWLockRelease(lock);
	return dropped;
}

bool
tc_versions_drop(const TcProbe *probe)
{
	return drop_record(probe, false, TC_REMOVED_INVALIDATED);
}

bool
tc_versions_evict(const TcProbe *probe, TcRemovalReason why)
{
	return drop_record(probe, true, why);
}

void
tc_versions_drop_retired(uint32 hash, TcRef ref)
{
	LWLock *lock = tc_partition_lock(hash);
	TcIndexPlace place;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (tc_index_find_ref_locked(&place, hash, ref) &&
		pg_atomic_read_u32(&tc_seg.maps[tc_record_at(ref)->map].state) ==
			TC_MAP_RETIRED)
	{
		tc_chain_drop_locked(&place, TC_REMOVED_UNNOTED);
	}
	LWLockRelease(lock);
}
