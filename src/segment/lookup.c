/*-------------------------------------------------------------------------
 *
 * lookup.c
 *	  Finds records for readers, who take no lock.
 *
 * Structure: a lookup goes from the hash to a bucket, through the refs whose
 * tag fits to a record whose key is the one wanted, and, where the reader's
 * snapshot cannot see that version, to the versions before it.
 *
 * Concurrency: a writer makes the bucket's sequence number odd before it
 * changes the bucket, a record below it or what these link to, and even
 * again after.  Here the number is read first and once more after each step;
 * if it was even and is the same, everything read in between belongs
 * together, and was in the index at the moment of the second reading.  Until
 * then whatever was read may be garbage: refs and lengths are checked to
 * stay within the arena before they are used, and loops are bounded.  Last
 * access, hits and list links change without the number moving; a lookup
 * uses the first as a hint and the others not at all.
 *
 * A touch locks the record's shard and looks at the number again: while it
 * is what it was, the record is in the index and on its list.  Whoever takes
 * a record off its list makes the number odd first and then needs the
 * shard's lock; so the record stays where it is until the lock is released.
 *
 * Failure: after LOOKUP_TRIES the reader is told that the record changes all
 * the time; the heap answers then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "storage/spin.h"

#include "base/settings.h"
#include "segment/arena.h"
#include "segment/bulk.h"
#include "segment/index.h"
#include "segment/lookup.h"
#include "segment/policy.h"
#include "segment/record.h"
#include "segment/sample.h"
#include "segment/segment.h"

#define LOOKUP_TRIES 64

/* Overflow buckets that an intact chain never exceeds. */
#define MAX_CHAIN 100000

/* Hits of records that were touched a moment ago, by hash; a power of two. */
#define PENDING_HITS 256

/* Of those that have to go, one in so many is brought home. */
#define HITS_SAMPLE 16

typedef struct PendingHits
{
	TcRef ref;
	uint32 hash;
	uint32 hits;
} PendingHits;

static PendingHits pending_hits[PENDING_HITS];

StaticAssertDecl(sizeof(((TcLookup *) 0)->header) == sizeof(TcSharedRecord),
				 "a lookup holds a copy of the record's header");

static inline TcSharedRecord *
header_of(TcLookup *lookup)
{
	return (TcSharedRecord *) lookup->header;
}

/* Does everything that was read so far belong together? */
static inline bool
unchanged(const TcLookup *lookup)
{
	TcSharedBucket *first = lookup->first;
	uint32 nbuckets;

	pg_read_barrier();
	return pg_atomic_read_u32(&first->seq) == lookup->seq &&
		(pg_atomic_read_u32(&tc_seg.head->nbuckets) == lookup->nbuckets ||
		 tc_index_bucket(lookup->probe->hash, &nbuckets) == first);
}

/* Copy the header of a version and see whether its key is the one wanted. */
static inline bool
fits(TcLookup *lookup, TcRef ref)
{
	if (!tc_arena_plausible(ref, sizeof(TcSharedRecord)))
		return false;
	memcpy(lookup->header, tc_record_at(ref), sizeof(TcSharedRecord));
	return tc_record_has_key(ref, header_of(lookup), lookup->probe);
}

/* Look through the chain of buckets; what it finds is not yet validated. */
static bool
search_chain(TcLookup *lookup)
{
	const volatile TcSharedSlots *slots = tc_bucket_slots(lookup->first);
	int nslots = TC_BUCKET_SLOTS;
	uint8 tag = lookup->probe->hash >> 24;

	for (int hops = 0; hops < MAX_CHAIN; hops++)
	{
		const volatile uint8 *tags =
			tc_slot_tags((TcSharedSlots *) slots, nslots);
		TcRef overflow;

		for (int i = 0; i < nslots; i++)
		{
			TcRef ref;

			if (tags[i] != tag)
				continue;
			ref = slots->ref[i];
			if (ref != TC_NO_REF && fits(lookup, ref))
			{
				lookup->newest = lookup->ref = ref;
				return true;
			}
		}
		overflow = slots->overflow;
		if (!tc_arena_plausible(overflow, TC_MIN_CHUNK_BYTES))
			return false;
		slots = (TcSharedSlots *) tc_ref_address(overflow);
		nslots = TC_OVERFLOW_SLOTS;
	}
	return false;
}

/* Describe the version in hand to the caller. */
static void
describe(TcLookup *lookup)
{
	TcSharedRecord *rec = header_of(lookup);
	TcVersion *version = &lookup->version;

	version->xmin = rec->xmin;
	version->ended_by =
		(rec->flags & TC_REC_ENDED) ? rec->ended_by : InvalidTransactionId;
	version->data_bytes = rec->length_bytes;
	version->cost = rec->cost;
	version->expires = (rec->flags & TC_REC_EXPIRES)
		? tc_record_expires(lookup->ref, rec)
		: PG_INT64_MAX;
	version->committed = (rec->flags & TC_REC_COMMITTED) != 0;
	version->dirty = (rec->flags & TC_REC_DIRTY) != 0;
	version->negative = (rec->flags & TC_REC_NEGATIVE) != 0;
	version->nulls = (rec->flags & TC_REC_NULLS) != 0;
}

TcLookupResult
tc_lookup_newest(TcLookup *lookup, const TcProbe *probe)
{
	lookup->probe = probe;
	for (int tries = 0; tries < LOOKUP_TRIES; tries++)
	{
		TcSharedBucket *first = tc_index_bucket(probe->hash, &lookup->nbuckets);
		bool found;

		lookup->first = first;
		lookup->seq = pg_atomic_read_u32(&first->seq);
		if (lookup->seq & 1)
		{
			pg_spin_delay();
			continue;
		}
		pg_read_barrier();
		found = search_chain(lookup);
		if (found)
			describe(lookup);
		if (unchanged(lookup))
			return found ? TC_LOOKUP_FOUND : TC_LOOKUP_ABSENT;
	}
	return TC_LOOKUP_CHANGED;
}

TcLookupResult
tc_lookup_older(TcLookup *lookup)
{
	TcRef older = tc_record_older(header_of(lookup));

	if (older == TC_NO_REF)
		return TC_LOOKUP_ABSENT;
	if (!tc_arena_plausible(older, sizeof(TcSharedRecord)))
		return TC_LOOKUP_CHANGED;
	memcpy(lookup->header, tc_record_at(older), sizeof(TcSharedRecord));
	lookup->ref = older;
	describe(lookup);
	return unchanged(lookup) ? TC_LOOKUP_FOUND : TC_LOOKUP_CHANGED;
}

bool
tc_lookup_copy(TcLookup *lookup, char *data)
{
	return tc_record_read(lookup->ref, header_of(lookup), data,
						  lookup->version.data_bytes) &&
		unchanged(lookup);
}

/* ----- touching ----- */

/* Count hits and, with a time, the access, if the record is still there. */
static void
touch_record(TcLookup *lookup, uint32 hits, uint64 now_us)
{
	TcSharedRecord *copy = header_of(lookup);
	TcSharedShard *shard =
		tc_shard_of(lookup->probe->slot.number, lookup->probe->hash);

	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	if (unchanged(lookup))
	{
		TcSharedRecord *rec = tc_record_at(lookup->newest);

		rec->hits += hits;
		if (!(rec->flags & TC_REC_DIRTY) && now_us >= tc_record_stamp(copy))
			tc_policy_touch_locked(shard, lookup->newest, now_us);
	}
	LWLockRelease(&shard->lock);
}

/* Bring pending hits into the record they are for, wherever it is now. */
static void
flush_pending(PendingHits *pending)
{
	LWLock *lock = tc_partition_lock(pending->hash);
	TcIndexPlace place;

	if (pending->hits == 0)
		return;
	LWLockAcquire(lock, LW_SHARED);
	if (tc_index_find_ref_locked(&place, pending->hash, pending->ref))
	{
		TcSharedRecord *rec = tc_record_at(pending->ref);
		TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);

		LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
		rec->hits += pending->hits;
		LWLockRelease(&shard->lock);
	}
	LWLockRelease(lock);
	pending->hits = 0;
}

/*
 * Somebody else's hits need the place.  To bring each of them home would cost
 * more than the reads; a sample of them, counted for all, is right on average.
 */
static void
flush_sometimes(PendingHits *pending)
{
	static uint32 turn = 0;

	if (++turn % HITS_SAMPLE == 0)
	{
		pending->hits *= HITS_SAMPLE;
		flush_pending(pending);
	}
	pending->hits = 0;
}

void
tc_lookup_flush_hits(void)
{
	for (int i = 0; i < PENDING_HITS; i++)
		flush_pending(&pending_hits[i]);
}

/* Does the touch have to move the record? */
static bool
is_due(TcLookup *lookup, uint64 now_us)
{
	TcSharedRecord *copy = header_of(lookup);

	/* a dirty record keeps a link where a clean one keeps its stamp */
	if (lookup->ref != lookup->newest || (copy->flags & TC_REC_DIRTY))
		return tc_recency_resolution_ms == 0;
	return tc_policy_touch_due(copy, now_us);
}

void
tc_lookup_touch(TcLookup *lookup, uint64 now_us)
{
	TcSharedRecord *copy = header_of(lookup);
	uint32 hash = lookup->probe->hash;
	PendingHits *pending = &pending_hits[(hash >> 8) & (PENDING_HITS - 1)];
	bool same = pending->hash == hash && pending->ref == lookup->newest;

	tc_bulk_hit(&lookup->probe->slot, copy->length_bytes);
	tc_sample_read(lookup->probe, copy->length_bytes, false);

	if (is_due(lookup, now_us))
	{
		touch_record(lookup, 1 + (same ? pending->hits : 0), now_us);
		if (same)
			pending->hits = 0;
		return;
	}
	if (!same)
	{
		flush_sometimes(pending);
		pending->hash = hash;
		pending->ref = lookup->newest;
	}
	pending->hits++;
}

/* ----- prefetching ----- */

void
tc_lookup_prefetch_bucket(const TcProbe *probe)
{
	uint32 nbuckets;

	__builtin_prefetch(tc_index_bucket(probe->hash, &nbuckets));
}

void
tc_lookup_prefetch_record(const TcProbe *probe)
{
	uint32 nbuckets;
	TcSharedSlots *slots =
		tc_bucket_slots(tc_index_bucket(probe->hash, &nbuckets));
	const volatile uint8 *tags = tc_slot_tags(slots, TC_BUCKET_SLOTS);
	uint8 tag = probe->hash >> 24;

	/* of further slots only the address is known by now */
	if (slots->overflow != TC_NO_REF &&
		tc_arena_plausible(slots->overflow, TC_MIN_CHUNK_BYTES))
		__builtin_prefetch(tc_ref_address(slots->overflow));

	for (int i = 0; i < TC_BUCKET_SLOTS; i++)
	{
		TcRef ref = *(volatile TcRef *) &slots->ref[i];

		if (tags[i] == tag && ref != TC_NO_REF &&
			tc_arena_plausible(ref, sizeof(TcSharedRecord)))
		{
			char *address = tc_ref_address(ref);

			/* as many lines as a record of the usual size has */
			for (int line = 0; line < 6; line++)
				__builtin_prefetch(address + line * PG_CACHE_LINE_SIZE / 2);
		}
	}
}

void
tc_lookup_prefetch_touch(TcLookup *lookup, uint64 now_us)
{
	const TcSharedRecord *rec = header_of(lookup);

	if (!is_due(lookup, now_us))
		return;

	/* refs of a record that has changed meanwhile lead anywhere */
	if (tc_arena_plausible(rec->prev, sizeof(TcSharedRecord)))
		__builtin_prefetch(tc_record_at(rec->prev), 1);
	if (tc_arena_plausible(rec->next, sizeof(TcSharedRecord)))
		__builtin_prefetch(tc_record_at(rec->next), 1);
}
