/*-------------------------------------------------------------------------
 *
 * versions.c
 *	  Puts versions of records into the segment, settles them, drops them.
 *
 * Structure: the index names the newest version of a key.  A version that is
 * dirty links to the version before it; one that is clean is alone.  A
 * writer pushes; the end of its transaction settles: commit frees everything
 * older than the version, abort takes the version away.  The transaction id
 * names the version to settle, so a newer write of the same key is never
 * touched by the end of an older one.
 *
 * Concurrency: all of it under the partition's exclusive lock, between
 * begin_change and end_change of the bucket.  Memory is taken before the
 * lock, so making room never happens under it.
 *
 * The fill protocol.  A writer changes the heap first, then raises the key's
 * stamp, then comes here.  A fill reads the stamp, then the heap, then comes
 * here and compares the stamp under the lock.  If the writer's heap change
 * came before the fill read the heap, the fill has seen it there and does
 * not come at all.  Otherwise the heap change, and with it the raise, comes
 * after the fill read the stamp.  If the raise comes before the comparison,
 * the fill loses.  If after, the writer takes the lock after the fill and
 * finds what the fill stored, and hangs its version over it.  So no stored
 * record misses a write.
 *
 * A slot that has changed hands is noticed here as well: its generation is
 * compared under the lock, and whoever retires a slot passes through every
 * partition's lock before it takes the slot's records to be complete.
 *
 * Failure: without room for a new version the whole record is dropped, after
 * which readers find the truth in the heap.  A map without a heap keeps what
 * it had and the caller reports the error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"

#include "segment/arena.h"
#include "segment/index.h"
#include "segment/record.h"
#include "segment/room.h"
#include "segment/segment.h"
#include "segment/shard.h"
#include "segment/versions.h"

/* ----- stamps ----- */

static inline pg_atomic_uint32 *
stamp_of(const TcProbe *probe)
{
	/* other bits of the hash than the partition's come first */
	return &tc_seg.stamps[(probe->hash >> 7 | probe->hash << 25) &
						  (tc_seg.head->nstripes - 1)];
}

uint32
tc_stamp_read(const TcProbe *probe)
{
	uint32 stamp = pg_atomic_read_u32(stamp_of(probe));

	/* nothing of the heap may be read before the stamp is */
	pg_memory_barrier();
	return stamp;
}

void
tc_stamp_raise(const TcProbe *probe)
{
	/* a full barrier: what was done to the heap is done before */
	pg_atomic_fetch_add_u32(stamp_of(probe), 1);
}

/* ----- finding ----- */

/* Is the probe's slot still the map's?  The partition's lock is held. */
static inline bool
slot_current(const TcProbe *probe)
{
	return pg_atomic_read_u32(&tc_seg.maps[probe->slot.number].generation) ==
		probe->slot.generation;
}

static bool
find_key_locked(TcIndexPlace *place, const TcProbe *probe)
{
	tc_index_begin_locked(place, probe->hash);
	while (tc_index_next_locked(place))
	{
		if (tc_record_has_key(place->ref, tc_record_at(place->ref), probe))
			return true;
	}
	return false;
}

/* The version that xid wrote, below one slot; *above is the one over it. */
static TcRef
find_version(TcRef newest, uint16 map, TransactionId xid, TcRef *above)
{
	TcRef ref = newest;

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
free_chain(TcRef ref)
{
	int64 bytes = 0;

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

static inline int
is_negative(const TcSharedRecord *rec)
{
	return (rec->flags & TC_REC_NEGATIVE) ? 1 : 0;
}

/* A version below the newest came or went. */
static void
account_bytes(const TcSharedRecord *rec, int64 bytes)
{
	TcSharedDelta delta = {0, 0, bytes, 0};

	tc_shard_account(rec->map, rec->hash, &delta);
}

/* Take the record out of index and lists and free it. */
static void
remove_record_locked(TcIndexPlace *place)
{
	TcSharedRecord *rec = tc_record_at(place->ref);
	uint16 map = rec->map;
	TcSharedDelta delta = {-1, -is_negative(rec), 0, -(int64) rec->cost};

	tc_shard_unlink(place->ref);
	tc_index_remove_locked(place);
	delta.bytes = -free_chain(place->ref);
	tc_shard_account(map, place->hash, &delta);
}

/* Add a record whose key has none yet; false without memory. */
static bool
add_record_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedDelta delta = {1, is_negative(rec), tc_record_bytes(ref),
						   rec->cost};

	if (!tc_index_insert_locked(rec->hash, ref))
		return false;
	tc_shard_link(ref);
	tc_shard_account(rec->map, rec->hash, &delta);
	return true;
}

/* Make a dirty version the newest of a key, over "older". */
static void
put_on_top_locked(TcIndexPlace *place, TcRef ref, TcRef older)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedRecord *newest = tc_record_at(place->ref);
	TcSharedDelta delta = {0, is_negative(rec) - is_negative(newest),
						   tc_record_bytes(ref),
						   (int64) rec->cost - newest->cost};

	rec->older = older;
	rec->hits = newest->hits;
	tc_shard_unlink(place->ref);
	tc_index_exchange_locked(place, ref);
	tc_shard_link(ref);
	tc_shard_account(rec->map, rec->hash, &delta);
}

/* Take the newest version of a key away; what is below comes up. */
static void
uncover_locked(TcIndexPlace *place)
{
	TcRef ref = place->ref;
	TcSharedRecord *rec = tc_record_at(ref);
	TcRef older = tc_record_older(rec);
	TcSharedDelta delta = {0};

	if (older == TC_NO_REF)
	{
		remove_record_locked(place);
		return;
	}
	delta.negative_records =
		is_negative(tc_record_at(older)) - is_negative(rec);
	delta.bytes = -(int64) tc_record_bytes(ref);
	delta.cost = (int64) tc_record_at(older)->cost - rec->cost;
	tc_shard_unlink(ref);
	tc_index_exchange_locked(place, older);
	tc_shard_link(older);
	tc_shard_account(rec->map, rec->hash, &delta);
	tc_record_free(ref);
}

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
 * Hang the new version over the newest one that is there.
 */
static TcPushResult
push_over_locked(TcIndexPlace *place, TcRef ref,
				 bool (*mine)(TransactionId xid), TransactionId *other)
{
	TcRef newest_ref = place->ref;
	TcSharedRecord *newest = tc_record_at(newest_ref);
	TransactionId xid = tc_record_at(ref)->xmin;

	*other = unsettled_by(newest, mine);
	if (TransactionIdIsValid(*other))
		return TC_PUSH_UNSETTLED;

	tc_index_begin_change_locked(place->first);
	if (newest->xmin == xid && !(newest->flags & TC_REC_COMMITTED))
	{
		/* one version per (sub)transaction: this one replaces the last */
		put_on_top_locked(place, ref, tc_record_older(newest));
		account_bytes(newest, -(int64) tc_record_bytes(newest_ref));
		tc_record_free(newest_ref);
	}
	else
		put_on_top_locked(place, ref, newest_ref);
	tc_index_end_change_locked(place->first);
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

	return image->negative && !image->pinned &&
		!(newest->flags & TC_REC_COMMITTED) && mine(newest->xmin);
}

/* Push with the version's memory in hand; the partition is locked. */
static TcPushResult
push_locked(const TcImage *image, TcRef ref, bool install,
			bool (*mine)(TransactionId xid), TransactionId *other)
{
	TcIndexPlace place;
	TcPushResult result;

	if (!slot_current(image->probe))
		return TC_PUSH_STALE;
	if (find_key_locked(&place, image->probe))
	{
		bool in_doubt = deletes_after_write(image, place.ref, mine);

		if (ref != TC_NO_REF && !in_doubt)
			return push_over_locked(&place, ref, mine, other);
		if (image->pinned)
			return TC_PUSH_NO_ROOM;
		tc_index_begin_change_locked(place.first);
		remove_record_locked(&place);
		tc_index_end_change_locked(place.first);
		return in_doubt ? TC_PUSH_ABSENT : TC_PUSH_NO_ROOM;
	}
	if (!install)
		return TC_PUSH_ABSENT;
	if (ref == TC_NO_REF)
		return TC_PUSH_NO_ROOM;
	tc_index_begin_change_locked(place.first);
	result = add_record_locked(ref) ? TC_PUSH_DONE : TC_PUSH_NO_ROOM;
	tc_index_end_change_locked(place.first);
	return result;
}

bool
tc_versions_resident(const TcProbe *probe)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;
	bool found;

	LWLockAcquire(lock, LW_SHARED);
	found = slot_current(probe) && find_key_locked(&place, probe);
	LWLockRelease(lock);
	return found;
}

TcPushResult
tc_versions_push(const TcImage *image, bool install,
				 bool (*mine)(TransactionId xid), TransactionId *other)
{
	LWLock *lock = tc_partition_lock(image->probe->hash);
	TcPushResult result;
	TcRef ref;

	if (!install && !tc_versions_resident(image->probe))
		return TC_PUSH_ABSENT;
	if (install)
		tc_room_for_index();
	if (image->pinned && !image->negative && !tc_room_spare())
		return TC_PUSH_NO_ROOM;
	ref = tc_record_create(image);
	LWLockAcquire(lock, LW_EXCLUSIVE);
	result = push_locked(image, ref, install, mine, other);
	LWLockRelease(lock);
	if (ref != TC_NO_REF && result != TC_PUSH_DONE)
		tc_record_free(ref);
	return result;
}

TcFillResult
tc_versions_fill(const TcImage *image, uint32 stamp)
{
	LWLock *lock = tc_partition_lock(image->probe->hash);
	TcFillResult result;
	TcIndexPlace place;
	TcRef ref;

	tc_room_for_index();
	ref = tc_record_create(image);
	if (ref == TC_NO_REF)
		return TC_FILL_NO_ROOM;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (!slot_current(image->probe) ||
		pg_atomic_read_u32(stamp_of(image->probe)) != stamp)
		result = TC_FILL_LOST;
	else if (find_key_locked(&place, image->probe))
		result = TC_FILL_PRESENT;
	else
	{
		tc_index_begin_change_locked(place.first);
		result = add_record_locked(ref) ? TC_FILL_STORED : TC_FILL_NO_ROOM;
		tc_index_end_change_locked(place.first);
	}
	LWLockRelease(lock);
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

	*other = unsettled_by(rec, mine);
	if (TransactionIdIsValid(*other))
		return TC_END_UNSETTLED;
	if (rec->flags & (TC_REC_NEGATIVE | TC_REC_ENDED))
		return TC_END_ABSENT;
	version->expires = tc_record_expires(place->ref, rec);
	tc_index_begin_change_locked(place->first);
	rec->flags |= TC_REC_ENDED;
	rec->ended_by = xid;
	tc_index_end_change_locked(place->first);
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
	if (!slot_current(probe))
		result = TC_END_STALE;
	else if (find_key_locked(&place, probe))
		result = end_locked(&place, xid, mine, other, version);
	LWLockRelease(lock);
	return result;
}

/* ----- settling ----- */

/* A version that nothing may be older than: free what is below it. */
static void
cut_below_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcRef older = tc_record_older(rec);

	if (older == TC_NO_REF)
		return;
	rec->older = TC_NO_REF;
	account_bytes(rec, -free_chain(older));
}

/* Move a version that is committed and durable to the LRU list. */
static void
make_clean_locked(TcIndexPlace *place)
{
	TcSharedRecord *rec = tc_record_at(place->ref);

	if (rec->flags & TC_REC_PINNED)
	{
		/* stays dirty for ever; but the memory of a deletion need not stay */
		if (rec->flags & TC_REC_NEGATIVE)
			remove_record_locked(place);
		return;
	}
	tc_shard_unlink(place->ref);
	rec->flags &= ~TC_REC_DIRTY;
	tc_shard_link(place->ref);
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
	bool pinned = (flags & TC_REC_PINNED) != 0;

	/* nothing of a pinned record is on disk, so nothing waits for a flush */
	bool to_clean = (durable || pinned) && ref == place->ref;

	if ((flags & TC_REC_COMMITTED) && (!to_clean || pinned))
		return false;
	tc_index_begin_change_locked(place->first);
	tc_record_at(ref)->flags |= TC_REC_COMMITTED;
	cut_below_locked(ref);
	if (to_clean)
		make_clean_locked(place);
	tc_index_end_change_locked(place->first);
	return true;
}

void
tc_versions_commit(uint16 map, uint32 hash, TransactionId xid, bool durable)
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
			tc_index_begin_change_locked(place.first);
			remove_record_locked(&place);
			tc_index_end_change_locked(place.first);
			tc_index_begin_locked(&place, hash);
			continue;
		}
		ref = find_version(place.ref, map, xid, &above);

		/* a removal moves another ref into the slot: begin again */
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

	if (!ended_by(place->ref, map, xid))
		return;
	tc_index_begin_change_locked(place->first);
	rec->flags &= ~TC_REC_ENDED;
	rec->born_s = tc_segment_clock_us() / 1000000;
	tc_index_end_change_locked(place->first);
}

void
tc_versions_abort(uint16 map, uint32 hash, TransactionId xid)
{
	LWLock *lock = tc_partition_lock(hash);
	TcIndexPlace place;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	tc_index_begin_locked(&place, hash);
	while (tc_index_next_locked(&place))
	{
		TcRef above;
		TcRef ref = find_version(place.ref, map, xid, &above);

		if (ref == TC_NO_REF)
		{
			revive_locked(&place, map, xid);
			continue;
		}
		tc_index_begin_change_locked(place.first);
		if (above == TC_NO_REF)
			uncover_locked(&place);
		else
		{
			TcSharedRecord *rec = tc_record_at(ref);

			tc_record_at(above)->older = tc_record_older(rec);
			account_bytes(rec, -(int64) tc_record_bytes(ref));
			tc_record_free(ref);
		}
		tc_index_end_change_locked(place.first);
		tc_index_begin_locked(&place, hash);
	}
	LWLockRelease(lock);
}

void
tc_versions_withdraw(const TcProbe *probe, TransactionId xid)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (find_key_locked(&place, probe) &&
		tc_record_at(place.ref)->xmin == xid &&
		(tc_record_at(place.ref)->flags & TC_REC_DIRTY))
	{
		tc_index_begin_change_locked(place.first);
		uncover_locked(&place);
		tc_index_end_change_locked(place.first);
	}
	LWLockRelease(lock);
}

/* ----- dropping ----- */

static bool
drop_record(const TcProbe *probe, bool only_clean)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;
	bool dropped = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	if (slot_current(probe) && find_key_locked(&place, probe) &&
		!(only_clean && (tc_record_at(place.ref)->flags & TC_REC_DIRTY)))
	{
		tc_index_begin_change_locked(place.first);
		remove_record_locked(&place);
		tc_index_end_change_locked(place.first);
		if (only_clean)
			pg_atomic_fetch_add_u64(
				&tc_map_body(probe->slot.number)->counter[TC_COUNT_EVICTIONS],
				1);
		dropped = true;
	}
	LWLockRelease(lock);
	return dropped;
}

bool
tc_versions_drop(const TcProbe *probe)
{
	return drop_record(probe, false);
}

bool
tc_versions_evict(const TcProbe *probe)
{
	return drop_record(probe, true);
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
		tc_index_begin_change_locked(place.first);
		remove_record_locked(&place);
		tc_index_end_change_locked(place.first);
	}
	LWLockRelease(lock);
}
