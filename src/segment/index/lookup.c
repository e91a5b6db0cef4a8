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
 * An access locks the record's shard and looks at the number again: while it
 * is what it was, the record is in the index and on its list.  Whoever takes
 * a record off its list makes the number odd first and then needs the
 * shard's lock; so the record stays where it is until the lock is released.
 *
 * Failure: after LOOKUP_TRIES the reader is told that the record changes all
 * the time, and falls back to the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "common/pg_prng.h"
#include "port/pg_bitutils.h"
#include "storage/spin.h"

#include "base/settings.h"
#include "segment/evict/bulk.h"
#include "segment/evict/policy.h"
#include "segment/index/index.h"
#include "segment/index/lookup.h"
#include "segment/memory/arena.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"
#include "segment/stats/sample.h"

#define LOOKUP_TRIES 64

/* Overflow buckets that an intact chain never exceeds. */
#define MAX_CHAIN 100000

/* Of a record that is looked for so much is loaded ahead. */
#define LINE_BYTES	 64
#define RECORD_LINES 6

/* Hits of records that were accessed a moment ago, by hash; a power of two. */
#define PENDING_HITS 256
StaticAssertDecl((PENDING_HITS & (PENDING_HITS - 1)) == 0,
				 "it is a power of two");

/* Of those that find no place there, one in so many is counted for all. */
#define HITS_SAMPLE 16

typedef struct PendingHits
{
	TcRef ref;
	uint32 hash;
	uint32 hits:31;
	uint32 used:1;
} PendingHits;

static PendingHits pending_hits[PENDING_HITS];

StaticAssertDecl(sizeof(((TcLookup *) 0)->header) == sizeof(TcSharedRecord),
				 "a lookup holds a copy of the record's header");

static inline TcSharedRecord *
header_of(TcLookup *lookup)
{
	return (TcSharedRecord *) lookup->header;
}

/* Find the bucket that the key would be in. */
static inline void
locate(TcLookup *lookup)
{
	lookup->entries = NULL;
	lookup->era = pg_atomic_read_u32(&tc_seg.head->directory_era);
	pg_read_barrier();
	lookup->first = tc_bucket_of(lookup->probe->hash, &lookup->nbuckets);
}

/* Does everything that was read so far belong together? */
static inline bool
unchanged(const TcLookup *lookup)
{
	TcSharedBucket *first = lookup->first;
	uint32 nbuckets;

	pg_read_barrier();
	return pg_atomic_read_u32(&first->seq) == lookup->seq &&
		pg_atomic_read_u32(&tc_seg.head->directory_era) == lookup->era &&
		(pg_atomic_read_u32(&tc_seg.head->nbuckets) == lookup->nbuckets ||
		 tc_bucket_of(lookup->probe->hash, &nbuckets) == first);
}

/* Take so many entries in hand: those that fit by their tag are looked at. */
static inline void
take_entries(TcLookup *lookup, const TcSharedBucketEntries *entries,
			 int nentries)
{
	const uint8 *tags =
		tc_bucket_tags((TcSharedBucketEntries *) entries, nentries);
	uint8 tag = tc_bucket_tag(lookup->probe->hash);

	lookup->entries = entries;
	lookup->nentries = nentries;
	lookup->fitting = 0;
	for (int i = 0; i < nentries; i++)
		lookup->fitting |= (uint32) (tags[i] == tag) << i;
}

/* Enter the bucket, unless it is being changed. */
static inline bool
enter_bucket(TcLookup *lookup)
{
	TcSharedBucket *first = lookup->first;

	lookup->seq = pg_atomic_read_u32(&first->seq);
	if (lookup->seq & 1)
		return false;
	pg_read_barrier();
	take_entries(lookup, tc_bucket_entries(first), TC_BUCKET_ENTRIES);
	return true;
}

/* The entries behind those in hand, or NULL. */
static inline const TcSharedBucketEntries *
entries_behind(const TcLookup *lookup)
{
	TcRef overflow =
		((const volatile TcSharedBucketEntries *) lookup->entries)->overflow;

	return tc_ref_plausible(overflow, TC_MIN_CHUNK_BYTES)
		? (const TcSharedBucketEntries *) tc_ref_address(overflow)
		: NULL;
}

/* What the first of the fitting entries holds. */
static inline TcRef
first_fitting(const TcLookup *lookup)
{
	const volatile TcSharedBucketEntries *entries = lookup->entries;

	return entries->ref[pg_rightmost_one_pos32(lookup->fitting)];
}

/*
 * Copy the header of a version; false if there is none.  What is found there
 * is checked and then used, so it must not be read a second time: the compiler
 * is told that the original may have changed.
 */
static inline bool
take_header(TcLookup *lookup, TcRef ref)
{
	if (!tc_ref_plausible(ref, sizeof(TcSharedRecord)))
		return false;
	memcpy(lookup->header, tc_record_at(ref), sizeof(TcSharedRecord));
	pg_compiler_barrier();
	return true;
}

/* Is a version's key the one wanted?  Takes its header. */
static inline bool
fits(TcLookup *lookup, TcRef ref)
{
	return take_header(lookup, ref) &&
		tc_record_has_key(ref, header_of(lookup), lookup->probe);
}

/* Look through the chain, from the entries in hand on; not yet validated. */
static bool
search_chain(TcLookup *lookup)
{
	for (int hops = 0; hops < MAX_CHAIN; hops++)
	{
		const TcSharedBucketEntries *behind;

		for (; lookup->fitting != 0; lookup->fitting &= lookup->fitting - 1)
		{
			TcRef ref = first_fitting(lookup);

			if (fits(lookup, ref))
			{
				lookup->newest = lookup->ref = ref;
				return true;
			}
		}
		behind = entries_behind(lookup);
		if (behind == NULL)
			return false;
		take_entries(lookup, behind, TC_OVERFLOW_ENTRIES);
	}
	return false;
}

void
tc_lookup_begin(TcLookup *lookup, const TcProbe *probe)
{
	lookup->probe = probe;
	locate(lookup);
	__builtin_prefetch(lookup->first);
}

/*
 * Begin to load a record: as many lines as one of the usual size has.  Inline
 * for certain: to gcc the call of a function that does nothing else is one
 * without effect.
 */
static pg_attribute_always_inline void
load_record(TcRef ref)
{
	if (!tc_ref_plausible(ref, RECORD_LINES * LINE_BYTES))
		return;
	for (int line = 0; line < RECORD_LINES; line++)
		__builtin_prefetch((char *) tc_ref_address(ref) + line * LINE_BYTES);
}

void
tc_lookup_approach(TcLookup *lookup)
{
	if (lookup->entries == NULL)
	{
		if (!enter_bucket(lookup))
			return;
	}
	else
	{
		const TcSharedBucketEntries *behind;

		if (lookup->fitting != 0 || (behind = entries_behind(lookup)) == NULL)
			return;
		take_entries(lookup, behind, TC_OVERFLOW_ENTRIES);
	}
	if (lookup->fitting != 0)
		load_record(first_fitting(lookup));
	else
		__builtin_prefetch(entries_behind(lookup));
}

TcLookupResult
tc_lookup_newest(TcLookup *lookup)
{
	for (int tries = 0; tries < LOOKUP_TRIES; tries++)
	{
		bool found;

		if (lookup->entries == NULL && !enter_bucket(lookup))
		{
			pg_spin_delay();
			locate(lookup);
			continue;
		}
		found = search_chain(lookup);
		if (found)
			tc_record_describe(lookup->ref, header_of(lookup),
							   &lookup->version);
		if (unchanged(lookup))
		{
			/* who asks again wants to know what is there then */
			lookup->entries = NULL;
			return found ? TC_LOOKUP_FOUND : TC_LOOKUP_ABSENT;
		}
		locate(lookup);
	}
	return TC_LOOKUP_CHANGED;
}

TcLookupResult
tc_lookup_older(TcLookup *lookup)
{
	TcRef older = tc_record_older(header_of(lookup));

	if (older == TC_NO_REF)
		return TC_LOOKUP_ABSENT;
	if (!take_header(lookup, older))
		return TC_LOOKUP_CHANGED;
	lookup->ref = older;
	tc_record_describe(older, header_of(lookup), &lookup->version);
	return unchanged(lookup) ? TC_LOOKUP_FOUND : TC_LOOKUP_CHANGED;
}

bool
tc_lookup_copy(TcLookup *lookup, char *data)
{
	return tc_record_read(lookup->ref, header_of(lookup), data,
						  lookup->version.data_bytes) &&
		unchanged(lookup);
}

/* ----- accesses ----- */

/* Count hits and, if asked to, the access, if the record is still there. */
static void
count_access(TcLookup *lookup, uint32 hits, bool move, uint64 now_us)
{
	TcSharedRecord *copy = header_of(lookup);
	TcSharedShard *shard =
		tc_shard_of(lookup->probe->entry.number, lookup->probe->hash);

	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	if (unchanged(lookup))
	{
		TcSharedRecord *rec = tc_record_at(lookup->newest);

		rec->hits += hits;
		if (move && !(rec->flags & TC_REC_DIRTY) &&
			now_us >= tc_record_last_access(copy))
			tc_policy_access_locked(shard, lookup->newest, now_us);
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
 * Count a hit for which there is a place in the table, or was not: then
 * somebody else's hits are there.  To bring all of both home would cost more
 * than the reads; a sample of them, counted for all, is right on average.
 */
static void
note_hit(TcLookup *lookup, PendingHits *pending, bool same)
{
	bool taken = pending->used && !same;
	uint32 lot = taken ? pg_prng_uint32(&pg_global_prng_state) : 0;

	if (taken && pending->hits > 0 && lot % HITS_SAMPLE == 0)
	{
		pending->hits *= HITS_SAMPLE;
		flush_pending(pending);
	}
	if (taken && lot / HITS_SAMPLE % HITS_SAMPLE == 0)
		count_access(lookup, HITS_SAMPLE, false, 0);
	if (!same)
		*pending = (PendingHits){.used = true,
								 .hash = lookup->probe->hash,
								 .ref = lookup->newest};
	if (!taken)
		pending->hits++;
}

void
tc_lookup_flush_hits(void)
{
	for (int i = 0; i < PENDING_HITS; i++)
		flush_pending(&pending_hits[i]);
}

/* Does the access have to move the record? */
static bool
is_due(TcLookup *lookup, uint64 now_us)
{
	TcSharedRecord *copy = header_of(lookup);

	/* a dirty record keeps a link where a clean one keeps its last access */
	if (lookup->ref != lookup->newest || (copy->flags & TC_REC_DIRTY))
		return tc_recency_resolution_ms == 0;
	return tc_policy_access_due(copy, now_us);
}

void
tc_lookup_prepare_access(TcLookup *lookup, uint64 now_us)
{
	const TcSharedRecord *rec = header_of(lookup);

	lookup->due = is_due(lookup, now_us);
	if (!lookup->due)
		return;

	/* refs of a record that has changed meanwhile lead anywhere */
	if (tc_ref_plausible(rec->prev, sizeof(TcSharedRecord)))
		__builtin_prefetch(tc_record_at(rec->prev), 1);
	if (tc_ref_plausible(rec->next, sizeof(TcSharedRecord)))
		__builtin_prefetch(tc_record_at(rec->next), 1);
}

void
tc_lookup_note_access(TcLookup *lookup, uint64 now_us)
{
	TcSharedRecord *copy = header_of(lookup);
	uint32 hash = lookup->probe->hash;
	PendingHits *pending = &pending_hits[(hash >> 8) & (PENDING_HITS - 1)];
	bool same = pending->hash == hash && pending->ref == lookup->newest;

	tc_bulk_hit(&lookup->probe->entry, copy->length_bytes);
	tc_sample_read(lookup->probe, copy->length_bytes, false);

	if (!lookup->due)
	{
		note_hit(lookup, pending, same);
		return;
	}
	count_access(lookup, 1 + (same ? pending->hits : 0), true, now_us);
	if (same)
		pending->hits = 0;
}
