/*
 * index.h
 *	  The index of the segment: from the hash of a key to its record.
 *
 * For files of the segment floor.
 */
#ifndef TC_INDEX_H
#define TC_INDEX_H

#include "port/pg_bitutils.h"

#include "segment/memory/shared.h"

/* A slot of the index, found under the partition's lock. */
typedef struct TcIndexPlace
{
	uint32 hash;
	TcSharedBucket *first; /* carries the sequence number */
	TcSharedBucketEntries *slots;
	int nslots;
	int slot;
	TcRef ref; /* what the slot holds */
} TcIndexPlace;

/* The slots of a bucket, which are TC_BUCKET_ENTRIES. */
static inline TcSharedBucketEntries *
tc_bucket_entries(TcSharedBucket *bucket)
{
	return (TcSharedBucketEntries *) bucket->slots;
}

/* The tags of so many slots. */
static inline uint8 *
tc_bucket_tags(TcSharedBucketEntries *slots, int nslots)
{
	return (uint8 *) &slots->ref[nslots];
}

/* Set up the index of a new segment. */
extern void tc_index_create(void);

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

/*
 * Step through the records with a hash; the partition's lock is held.
 * begin places the cursor before the first, next moves to the next one.
 */
extern void tc_index_begin_locked(TcIndexPlace *place, uint32 hash);
extern bool tc_index_next_locked(TcIndexPlace *place);

/* The slot that holds a ref; the partition's lock is held. */
extern bool tc_index_find_ref_locked(TcIndexPlace *place, uint32 hash,
									 TcRef ref);

/*
 * Every change of a bucket chain, or of what hangs below its slots, lies
 * between these two; the partition's lock is held exclusively.
 */
extern void tc_bucket_begin_change_locked(TcSharedBucket *first);
extern void tc_bucket_end_change_locked(TcSharedBucket *first);

/*
 * Add, exchange, take out; within a change, partition locked exclusively.
 * insert returns false when there was no memory for an overflow bucket.
 */
extern bool tc_index_insert_locked(uint32 hash, TcRef ref);
extern void tc_index_exchange_locked(TcIndexPlace *place, TcRef ref);
extern void tc_index_remove_locked(TcIndexPlace *place);

/* Is the index short of buckets, or has it far too many? */
extern bool tc_index_size_wants_growth(void);
extern bool tc_index_size_wants_shrinking(void);

/*
 * Add one bucket.  When that takes a page, it is the one given; *page
 * becomes TC_NO_PAGE when it was used.  False when somebody else is at it,
 * or memory is missing.  No lock held.
 */
extern bool tc_index_size_grow(uint32 *page);
extern bool tc_index_size_growth_needs_page(void);

/* Take away one bucket.  No lock held. */
extern bool tc_index_size_shrink(void);

/*
 * Visiting all records: they fall into classes by their hashes, whose number
 * stays what it was when it was asked for.  visit is called for each record
 * of a class under its partition's lock, shared; so each record is visited
 * once, however the table grows and shrinks meanwhile.
 */
extern uint32 tc_index_classes(void);
extern void tc_index_visit_class(uint32 class, uint32 classes,
								 void (*visit)(TcRef ref, void *arg),
								 void *arg);

#ifdef USE_ASSERT_CHECKING
/* A bucket outside of a change, whose partition is locked. */
extern void tc_bucket_check_locked(TcSharedBucket *first);

/* The directory names pages of the index, as many as are counted. */
extern void tc_index_size_check(void);
#else
#define tc_bucket_check_locked(first) ((void) 0)
#endif

#endif /* TC_INDEX_H */
