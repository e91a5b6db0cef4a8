/*
 * shared_index.h
 *	  The buckets of the index in shared memory.
 *
 * Only files of the segment floor may include this header.
 */
#ifndef TC_SHARED_INDEX_H
#define TC_SHARED_INDEX_H

#include "port/atomics.h"

#include "segment/memory/shared_arena.h"

/*
 * Slots of an index bucket, chosen so that it is one cache line, and of an
 * overflow bucket, which is half of one.
 */
#define TC_BUCKET_ENTRIES	11
#define TC_OVERFLOW_ENTRIES 5

/*
 * Slots of the index: a link to further slots, or none, then so many refs,
 * then as many tags, the high bytes of their records' hashes.  A slot is in
 * use when its ref is not zero.
 */
typedef struct TcSharedBucketEntries
{
	TcRef overflow;
	TcRef ref[FLEXIBLE_ARRAY_MEMBER];
} TcSharedBucketEntries;

#define TC_ENTRIES_BYTES(n) (sizeof(TcRef) * (1 + (n)) + (n))

/*
 * A bucket of the index: one cache line.  Changed under its partition's
 * lock, with the sequence number odd while it lasts, and so are the further
 * slots that it links to; readers take no lock and look at the number before
 * and after.
 */
typedef struct TcSharedBucket
{
	pg_atomic_uint32 seq;
	uint32 slots[15]; /* TcSharedBucketEntries */
} TcSharedBucket;

StaticAssertDecl(sizeof(TcSharedBucket) == 64, "a bucket is a cache line");
StaticAssertDecl(TC_ENTRIES_BYTES(TC_BUCKET_ENTRIES) <=
					 sizeof(((TcSharedBucket *) 0)->slots),
				 "a bucket has room for its slots");
StaticAssertDecl(TC_ENTRIES_BYTES(TC_OVERFLOW_ENTRIES) <= TC_MIN_CHUNK_BYTES,
				 "an overflow bucket is the smallest chunk");

#endif /* TC_SHARED_INDEX_H */
