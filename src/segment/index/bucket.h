/*
 * bucket.h
 *	  A bucket of the index, and what it overflows into.
 *
 * For files of the segment floor.
 */
#ifndef TC_BUCKET_H
#define TC_BUCKET_H

#include "port/pg_bitutils.h"

#include "segment/memory/shared.h"

/* Buckets of a page. */
static inline uint32
tc_bucket_per_page(void)
{
	return 1U << tc_seg.bucket_shift;
}

/* The entries of a bucket, which are TC_BUCKET_ENTRIES. */
static inline TcSharedBucketEntries *
tc_bucket_entries(TcSharedBucket *bucket)
{
	return (TcSharedBucketEntries *) bucket->entries;
}

/* The tags of so many entries. */
static inline uint8 *
tc_bucket_tags(TcSharedBucketEntries *entries, int nentries)
{
	return (uint8 *) &entries->ref[nentries];
}

/* Those behind so many entries, or NULL. */
static inline TcSharedBucketEntries *
tc_bucket_next(const TcSharedBucketEntries *entries)
{
	return entries->overflow == TC_NO_REF
		? NULL
		: (TcSharedBucketEntries *) tc_ref_address(entries->overflow);
}

/* How many entries there are at a place in a bucket's chain. */
static inline int
tc_bucket_count(const TcSharedBucket *first,
				const TcSharedBucketEntries *entries)
{
	return (const void *) entries == (const void *) first->entries
		? TC_BUCKET_ENTRIES
		: TC_OVERFLOW_ENTRIES;
}

/* The tag of a hash. */
static inline uint8
tc_bucket_tag(uint32 hash)
{
	return hash >> 24;
}

/* The number of a hash's bucket in a table of nbuckets. */
static inline uint32
tc_bucket_number(uint32 hash, uint32 nbuckets)
{
	uint32 size = pg_nextpower2_32(nbuckets);
	uint32 number = hash & (size - 1);

	return number < nbuckets ? number : number & (size / 2 - 1);
}

/* The bucket of a number. */
static inline TcSharedBucket *
tc_bucket_at(uint32 number)
{
	uint64 page = tc_seg.directory[number >> tc_seg.bucket_shift];

	return (TcSharedBucket *) tc_seg.arena +
		((page << tc_seg.bucket_shift) +
		 (number & ((1U << tc_seg.bucket_shift) - 1)));
}

/*
 * For assertions: the lock of a bucket's partition.  A page has a multiple of
 * TC_PARTITIONS buckets.
 */
#define tc_bucket_lock(bucket) \
	tc_partition_lock((bucket) - (TcSharedBucket *) tc_seg.arena)

/* The first bucket for a hash as of now, and the count that says so. */
static inline TcSharedBucket *
tc_bucket_of(uint32 hash, uint32 *nbuckets)
{
	*nbuckets = pg_atomic_read_u32(&tc_seg.head->nbuckets);
	return tc_bucket_at(tc_bucket_number(hash, *nbuckets));
}

/* Give a bucket that enters the table its empty contents. */
extern void tc_bucket_init(TcSharedBucket *bucket, uint32 seq);

/*
 * Every change of a bucket chain, or of what its entries lead to, lies
 * between these two; the partition's lock is held exclusively.
 */
extern void tc_bucket_begin_change_locked(TcSharedBucket *first);
extern void tc_bucket_end_change_locked(TcSharedBucket *first);

/* Put a ref into the chain of a bucket; false without memory. */
extern bool tc_bucket_add_locked(TcSharedBucket *first, uint8 tag, TcRef ref);

/* Cut off and free the last entries of a chain while they are empty. */
extern void tc_bucket_trim_locked(TcSharedBucket *first);

#ifdef USE_ASSERT_CHECKING
/* A bucket outside of a change, whose partition is locked. */
extern void tc_bucket_check_locked(TcSharedBucket *first);
#else
#define tc_bucket_check_locked(first) ((void) 0)
#endif

#endif /* TC_BUCKET_H */
