/*-------------------------------------------------------------------------
 *
 * chain.c
 *	  The versions of one key, as a chain below an entry of the index.
 *
 * Structure: the newest version is in the index, on one of its shard's lists
 * and, when it expires, in its map's wheel; each dirty version links to the
 * one before it.  What is done to a chain is one of the steps here, each of
 * which leaves index, lists and sums in order.
 *
 * Concurrency: the partition's lock is held exclusively, and for everything
 * that changes a chain, a change of the bucket is under way.
 *
 * Failure: adding a record may find no memory for a bucket, and says so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"

#include "segment/evict/policy.h"
#include "segment/evict/queues.h"
#include "segment/evict/wheel.h"
#include "segment/index/chain.h"
#include "segment/index/index.h"
#include "segment/memory/arena.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"

/* ----- finding ----- */

bool
tc_chain_is_current_locked(const TcProbe *probe)
{
	Assert(LWLockHeldByMe(tc_partition_lock(probe->hash)));
	return tc_map_entry_is_current(&probe->entry);
}

bool
tc_chain_find_locked(TcIndexPlace *place, const TcProbe *probe)
{
	Assert(LWLockHeldByMe(tc_partition_lock(probe->hash)));
	tc_index_begin_locked(place, probe->hash);
	while (tc_index_next_locked(place))
	{
		if (tc_record_has_key(place->ref, tc_record_at(place->ref), probe))
			return true;
	}
	return false;
}

TcRef
tc_chain_find_version_locked(TcRef newest, uint16 map, TransactionId xid,
							 TcRef *above)
{
	TcRef ref = newest;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(newest)->hash),
								LW_EXCLUSIVE));
	*above = TC_NO_REF;
	if (tc_record_at(newest)->map != map)
		return TC_NO_REF;
	while (ref != TC_NO_REF)
	{
		TcSharedRecord *rec = tc_record_at(ref);

		if (rec->xmin == xid && (rec->flags & TC_REC_DIRTY))
			return ref;
		*above = ref;
		ref = tc_record_older(rec);
	}
	return TC_NO_REF;
}

/* Free a version and all before it; returns what they took. */
static int64
free_versions_locked(TcRef ref)
{
	int64 bytes = 0;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(ref)->hash),
								LW_EXCLUSIVE));
	while (ref != TC_NO_REF)
	{
		TcRef older = tc_record_older(tc_record_at(ref));

		bytes += tc_record_bytes(ref);
		tc_record_free(ref);
		ref = older;
	}
	return bytes;
}

/* ----- changes of one record; place found, within a change ----- */

/* The newest version of a key goes on its lists, and off them. */
static void
link_newest_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	int queue = TC_QUEUE_MAIN;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	if (!(rec->flags & TC_REC_DIRTY))
		queue = tc_policy_insert_locked(rec, tc_record_bytes(ref));
	tc_queues_link(ref, queue);
	if (rec->flags & TC_REC_EXPIRES)
		tc_wheel_link(ref);
}

static void
unlink_newest_locked(TcRef ref)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(ref)->hash),
								LW_EXCLUSIVE));
	tc_queues_unlink(ref);
	if (tc_record_at(ref)->flags & TC_REC_EXPIRES)
		tc_wheel_unlink(ref);
}

static inline int
is_negative(const TcSharedRecord *rec)
{
	return (rec->flags & TC_REC_NEGATIVE) ? 1 : 0;
}

/* So many bytes of versions below the newest one are free now. */
static void
account_freed_locked(uint16 map, uint32 hash, int64 bytes)
{
	TcShardDelta delta = {0, 0, -bytes, 0};

	Assert(LWLockHeldByMeInMode(tc_partition_lock(hash), LW_EXCLUSIVE));
	tc_queues_account(map, hash, &delta);
}

void
tc_chain_free_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	account_freed_locked(rec->map, rec->hash, tc_record_bytes(ref));
	tc_record_free(ref);
}

void
tc_chain_cut_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcRef older = tc_record_older(rec);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	if (older == TC_NO_REF)
		return;
	rec->older = TC_NO_REF;
	account_freed_locked(rec->map, rec->hash, free_versions_locked(older));
}

void
tc_chain_remove_locked(TcIndexPlace *place)
{
	TcSharedRecord *rec = tc_record_at(place->ref);
	uint16 map = rec->map;
	TcShardDelta delta = {-1, -is_negative(rec), 0, -(int64) rec->cost};

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	unlink_newest_locked(place->ref);
	tc_index_remove_locked(place);
	delta.bytes = -free_versions_locked(place->ref);
	tc_queues_account(map, place->hash, &delta);
}

void
tc_chain_drop_locked(TcIndexPlace *place, TcRemovalReason why)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	tc_removal_note(tc_record_at(place->ref)->map, place->hash, why);
	tc_bucket_begin_change_locked(place->first);
	tc_chain_remove_locked(place);
	tc_bucket_end_change_locked(place->first);
}

bool
tc_chain_add_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcShardDelta delta = {1, is_negative(rec), tc_record_bytes(ref), rec->cost};

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	if (!tc_index_insert_locked(rec->hash, ref))
		return false;
	link_newest_locked(ref);
	tc_queues_account(rec->map, rec->hash, &delta);
	tc_chain_check_locked(ref);
	return true;
}

void
tc_chain_push_locked(TcIndexPlace *place, TcRef ref, TcRef older)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedRecord *newest = tc_record_at(place->ref);
	TcShardDelta delta = {0, is_negative(rec) - is_negative(newest),
						  tc_record_bytes(ref),
						  (int64) rec->cost - newest->cost};

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	rec->older = older;
	rec->hits = newest->hits;
	tc_policy_inherit_locked(rec, newest);
	unlink_newest_locked(place->ref);
	tc_index_exchange_locked(place, ref);
	link_newest_locked(ref);
	tc_queues_account(rec->map, rec->hash, &delta);
	tc_chain_check_locked(ref);
}

void
tc_chain_pop_locked(TcIndexPlace *place)
{
	TcRef ref = place->ref;
	TcSharedRecord *rec = tc_record_at(ref);
	TcRef older = tc_record_older(rec);
	TcShardDelta delta = {0};

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	if (older == TC_NO_REF)
	{
		tc_chain_remove_locked(place);
		return;
	}
	delta.negative_records =
		is_negative(tc_record_at(older)) - is_negative(rec);
	delta.bytes = -(int64) tc_record_bytes(ref);
	delta.cost = (int64) tc_record_at(older)->cost - rec->cost;
	unlink_newest_locked(ref);
	tc_index_exchange_locked(place, older);
	link_newest_locked(older);
	tc_queues_account(rec->map, rec->hash, &delta);
	tc_record_free(ref);
	tc_chain_check_locked(older);
}

#ifdef USE_ASSERT_CHECKING

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

	/* a clean version has a table behind it and is known to be committed */
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
tc_chain_check_locked(TcRef newest)
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

#endif /* USE_ASSERT_CHECKING */
