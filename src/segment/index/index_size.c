/*-------------------------------------------------------------------------
 *
 * index_size.c
 *	  Lets the index grow and shrink with the number of records.
 *
 * Structure: linear hashing.  A bucket is split off the one that its records
 * are in, or merged into that one again; both lie in the same partition, as
 * index.c explains.
 *
 * Concurrency: under the growth lock, which is only ever taken conditionally,
 * and the partition's lock.  What readers without a lock notice of it is said
 * in index.c.
 *
 * Failure: without memory growth and shrinking are put off.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/index/bucket.h"
#include "segment/index/index_size.h"
#include "segment/memory/arena.h"

/*
 * Records per bucket at which buckets are added, and taken away.  While the
 * table doubles, buckets that have not been split yet are up to twice as full
 * as the others; with more records to a bucket half of those in such ones lie
 * behind its own entries, and with fewer the index takes over 8 bytes a record.
 */
#define GROW_LOAD	10
#define SHRINK_LOAD 4

/* Distance of the sequence numbers that bucket generations start from. */
#define ERA_STEP 0x10000

bool
tc_index_size_wants_growth(void)
{
	return pg_atomic_read_u32(&tc_seg.head->nrecords) / GROW_LOAD >=
		pg_atomic_read_u32(&tc_seg.head->nbuckets);
}

bool
tc_index_size_wants_shrinking(void)
{
	uint32 nbuckets = pg_atomic_read_u32(&tc_seg.head->nbuckets);

	return nbuckets > tc_seg.head->min_buckets &&
		pg_atomic_read_u32(&tc_seg.head->nrecords) / SHRINK_LOAD < nbuckets;
}

bool
tc_index_size_growth_needs_page(void)
{
	return pg_atomic_read_u32(&tc_seg.head->nbuckets) % tc_bucket_per_page() ==
		0;
}

/* Empty a bucket chain without looking at what it holds. */
static void
discard_chain_locked(TcSharedBucket *first)
{
	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	for (TcSharedBucketEntries *s = tc_bucket_entries(first); s != NULL;
		 s = tc_bucket_next(s))
		memset(s->ref, 0, tc_bucket_count(first, s) * sizeof(TcRef));
	tc_bucket_trim_locked(first);
}

/*
 * Copy to "into" those refs of a chain that belong to bucket "number" in a
 * table of nbuckets.  All or nothing.
 */
static bool
copy_chain_locked(TcSharedBucket *from, TcSharedBucket *into, uint32 number,
				  uint32 nbuckets)
{
	Assert(LWLockHeldByMeInMode(tc_bucket_lock(from), LW_EXCLUSIVE));
	for (TcSharedBucketEntries *s = tc_bucket_entries(from); s != NULL;
		 s = tc_bucket_next(s))
	{
		int nentries = tc_bucket_count(from, s);

		for (int i = 0; i < nentries; i++)
		{
			if (s->ref[i] != TC_NO_REF &&
				tc_bucket_number(tc_record_at(s->ref[i])->hash, nbuckets) ==
					number &&
				!tc_bucket_add_locked(into, tc_bucket_tags(s, nentries)[i],
									  s->ref[i]))
				return false;
		}
	}
	return true;
}

/* Drop from a chain those refs that do not belong to bucket "number". */
static void
purge_chain_locked(TcSharedBucket *first, uint32 number, uint32 nbuckets)
{
	TcSharedBucketEntries *to = tc_bucket_entries(first);
	int to_nentries = TC_BUCKET_ENTRIES;
	int to_entry = 0;

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	for (TcSharedBucketEntries *s = to; s != NULL; s = tc_bucket_next(s))
	{
		int nentries = tc_bucket_count(first, s);

		for (int i = 0; i < nentries; i++)
		{
			TcRef ref = s->ref[i];
			uint8 tag = tc_bucket_tags(s, nentries)[i];

			s->ref[i] = TC_NO_REF;
			if (ref == TC_NO_REF ||
				tc_bucket_number(tc_record_at(ref)->hash, nbuckets) != number)
				continue;
			if (to_entry == to_nentries)
			{
				to = tc_bucket_next(to);
				to_nentries = TC_OVERFLOW_ENTRIES;
				to_entry = 0;
			}
			to->ref[to_entry] = ref;
			tc_bucket_tags(to, to_nentries)[to_entry++] = tag;
		}
	}
	tc_bucket_trim_locked(first);
}

/* Split off bucket number nbuckets; growth lock held. */
static bool
split_bucket_locked(uint32 nbuckets)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 old_number = tc_bucket_number(nbuckets, nbuckets);
	TcSharedBucket *old = tc_bucket_at(old_number);
	TcSharedBucket *new = tc_bucket_at(nbuckets);
	LWLock *lock = tc_partition_lock(nbuckets);
	bool copied;

	Assert(LWLockHeldByMeInMode(tc_growth_lock(), LW_EXCLUSIVE));
	tc_bucket_init(new, pg_atomic_fetch_add_u32(&head->bucket_era, ERA_STEP));
	LWLockAcquire(lock, LW_EXCLUSIVE);
	copied = copy_chain_locked(old, new, nbuckets, nbuckets + 1);
	if (copied)
	{
		tc_bucket_begin_change_locked(old);
		pg_atomic_write_u32(&head->nbuckets, nbuckets + 1);
		pg_write_barrier();
		purge_chain_locked(old, old_number, nbuckets + 1);
		tc_bucket_end_change_locked(old);
		tc_bucket_check_locked(new);
	}
	else
		discard_chain_locked(new);
	LWLockRelease(lock);
	return copied;
}

bool
tc_index_size_grow(uint32 *page)
{
	TcSharedSegment *head = tc_seg.head;
	bool grown = false;
	uint32 nbuckets;

	if (!LWLockConditionalAcquire(tc_growth_lock(), LW_EXCLUSIVE))
		return false;
	nbuckets = pg_atomic_read_u32(&head->nbuckets);
	if (nbuckets % tc_bucket_per_page() == 0)
	{
		if (*page != TC_NO_PAGE)
		{
			tc_seg.directory[nbuckets / tc_bucket_per_page()] = *page;
			pg_atomic_fetch_add_u32(&head->directory_era, 1);
			pg_atomic_fetch_add_u32(&head->index_pages, 1);
			grown = split_bucket_locked(nbuckets);
			if (!grown)
				pg_atomic_fetch_sub_u32(&head->index_pages, 1);
			else
				*page = TC_NO_PAGE;
		}
	}
	else
		grown = split_bucket_locked(nbuckets);
	LWLockRelease(tc_growth_lock());
	return grown;
}

/* Merge the last bucket into the one it came from; growth lock held. */
static bool
merge_bucket_locked(uint32 nbuckets)
{
	uint32 number = nbuckets - 1;
	uint32 into_number = tc_bucket_number(number, number);
	TcSharedBucket *into = tc_bucket_at(into_number);
	TcSharedBucket *from = tc_bucket_at(number);
	LWLock *lock = tc_partition_lock(number);
	bool copied;

	Assert(LWLockHeldByMeInMode(tc_growth_lock(), LW_EXCLUSIVE));
	LWLockAcquire(lock, LW_EXCLUSIVE);
	tc_bucket_begin_change_locked(into);
	tc_bucket_begin_change_locked(from);
	copied = copy_chain_locked(from, into, into_number, number);
	if (copied)
	{
		pg_atomic_write_u32(&tc_seg.head->nbuckets, number);
		pg_write_barrier();
		discard_chain_locked(from);
	}
	else
		purge_chain_locked(into, into_number, nbuckets);
	tc_bucket_end_change_locked(from);
	tc_bucket_end_change_locked(into);
	LWLockRelease(lock);
	return copied;
}

bool
tc_index_size_shrink(void)
{
	uint32 freed_page = TC_NO_PAGE;
	uint32 nbuckets;
	bool shrunk = false;

	if (!LWLockConditionalAcquire(tc_growth_lock(), LW_EXCLUSIVE))
		return false;
	nbuckets = pg_atomic_read_u32(&tc_seg.head->nbuckets);
	if (nbuckets > tc_seg.head->min_buckets)
		shrunk = merge_bucket_locked(nbuckets);
	if (shrunk && (nbuckets - 1) % tc_bucket_per_page() == 0)
	{
		freed_page = tc_seg.directory[(nbuckets - 1) / tc_bucket_per_page()];
		pg_atomic_fetch_add_u32(&tc_seg.head->directory_era, 1);
		pg_atomic_fetch_sub_u32(&tc_seg.head->index_pages, 1);
	}
	LWLockRelease(tc_growth_lock());
	if (freed_page != TC_NO_PAGE)
		tc_arena_return_page(freed_page);
	return shrunk;
}

#ifdef USE_ASSERT_CHECKING

void
tc_index_size_check(void)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 per_page = 1U << tc_seg.bucket_shift;
	uint32 nbuckets;
	uint32 pages;

	if (!LWLockConditionalAcquire(tc_growth_lock(), LW_SHARED))
		return;
	nbuckets = pg_atomic_read_u32(&head->nbuckets);
	pages = (nbuckets + per_page - 1) / per_page;
	Assert(nbuckets >= head->min_buckets);
	Assert(pg_atomic_read_u32(&head->index_pages) == pages);
	for (uint32 i = 0; i < pages; i++)
		Assert(tc_seg.pages[tc_seg.directory[i]].use == TC_PAGE_INDEX);
	LWLockRelease(tc_growth_lock());
}

#endif /* USE_ASSERT_CHECKING */
