/*-------------------------------------------------------------------------
 *
 * bucket.c
 *	  A bucket of the index, and what it overflows into.
 *
 * index.c says how buckets make up the index, and how they are changed under
 * readers who take no lock.
 *
 * Failure: without memory for an overflow bucket adding a ref returns false.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/index/bucket.h"
#include "segment/memory/arena.h"

void
tc_bucket_init(TcSharedBucket *bucket, uint32 seq)
{
	memset(bucket, 0, sizeof(TcSharedBucket));
	pg_atomic_init_u32(&bucket->seq, seq);
}

void
tc_bucket_begin_change_locked(TcSharedBucket *first)
{
	uint32 seq = pg_atomic_read_u32(&first->seq);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	Assert((seq & 1) == 0);
	pg_atomic_write_u32(&first->seq, seq + 1);
	pg_write_barrier();
}

void
tc_bucket_end_change_locked(TcSharedBucket *first)
{
	uint32 seq = pg_atomic_read_u32(&first->seq);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	Assert((seq & 1) == 1);
	pg_write_barrier();
	pg_atomic_write_u32(&first->seq, seq + 1);
	tc_bucket_check_locked(first);
}

bool
tc_bucket_add_locked(TcSharedBucket *first, uint8 tag, TcRef ref)
{
	TcSharedBucketEntries *entries = tc_bucket_entries(first);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	for (;;)
	{
		int nentries = tc_bucket_count(first, entries);

		for (int i = 0; i < nentries; i++)
		{
			if (entries->ref[i] == TC_NO_REF)
			{
				entries->ref[i] = ref;
				tc_bucket_tags(entries, nentries)[i] = tag;
				return true;
			}
		}
		if (entries->overflow == TC_NO_REF)
		{
			TcRef more = tc_arena_alloc_overflow();

			if (more == TC_NO_REF)
				return false;
			memset(tc_ref_address(more), 0, TC_MIN_CHUNK_BYTES);
			entries->overflow = more;
		}
		entries = tc_bucket_next(entries);
	}
}

void
tc_bucket_trim_locked(TcSharedBucket *first)
{
	TcSharedBucketEntries *front = tc_bucket_entries(first);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	while (front->overflow != TC_NO_REF)
	{
		TcSharedBucketEntries *before = front;
		TcSharedBucketEntries *last = tc_bucket_next(front);
		TcRef ref;

		while (last->overflow != TC_NO_REF)
		{
			before = last;
			last = tc_bucket_next(last);
		}
		for (int i = 0; i < TC_OVERFLOW_ENTRIES; i++)
		{
			if (last->ref[i] != TC_NO_REF)
				return;
		}
		ref = before->overflow;
		before->overflow = TC_NO_REF;
		tc_arena_free(ref);
	}
}

#ifdef USE_ASSERT_CHECKING

/* What so many entries hold; returns how many of them are in use. */
static int
check_entries_locked(TcSharedBucket *first, TcSharedBucketEntries *entries,
					 int nentries)
{
	int used = 0;

	Assert(LWLockHeldByMe(tc_bucket_lock(first)));
	for (int i = 0; i < nentries; i++)
	{
		TcRef ref = entries->ref[i];
		uint32 nbuckets;
		uint32 hash;

		if (ref == TC_NO_REF)
			continue;
		used++;
		Assert(tc_ref_plausible(ref, sizeof(TcSharedRecord)));
		hash = tc_record_at(ref)->hash;
		Assert(tc_bucket_tags(entries, nentries)[i] == hash >> 24);
		Assert(tc_bucket_of(hash, &nbuckets) == first);
		for (int j = 0; j < i; j++)
			Assert(entries->ref[j] != ref);
	}
	return used;
}

/* A bucket outside of a change, and what its entries say. */
void
tc_bucket_check_locked(TcSharedBucket *first)
{
	TcSharedBucketEntries *entries = tc_bucket_entries(first);

	Assert(LWLockHeldByMe(tc_bucket_lock(first)));
	Assert((pg_atomic_read_u32(&first->seq) & 1) == 0);
	check_entries_locked(first, entries, TC_BUCKET_ENTRIES);
	while (entries->overflow != TC_NO_REF)
	{
		int used;

		Assert(tc_ref_plausible(entries->overflow, TC_MIN_CHUNK_BYTES));
		entries = (TcSharedBucketEntries *) tc_ref_address(entries->overflow);
		used = check_entries_locked(first, entries, TC_OVERFLOW_ENTRIES);

		/* the last ones are given back when they are empty */
		Assert(used > 0 || entries->overflow != TC_NO_REF);
	}
}

#endif /* USE_ASSERT_CHECKING */
