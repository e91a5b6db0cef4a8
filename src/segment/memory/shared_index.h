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
 * How many entries a bucket has, so that it is one cache line, and an overflow
 * bucket, which is half of one.
 */
#define TC_BUCKET_ENTRIES	11
#define TC_OVERFLOW_ENTRIES 5

/*
 * A bucket and its overflow:
 *
 *	  bucket, 64 bytes
 *	  +-----+----------+--------+--------+-----+---------+--------------+---+
 *	  | seq | overflow | ref[0] | ref[1] | ... | ref[10] | tag 0 ... 10 |   |
 *	  +-----+----|-----+---|----+--------+-----+---------+--------------+---+
 *	             |         v
 *	             |       newest version of a key: a TcSharedRecord
 *	             v
 *	  overflow bucket, 32 bytes
 *	  +----------+--------+-----+--------+-------------+---+
 *	  | overflow | ref[0] | ... | ref[4] | tag 0 ... 4 |   |
 *	  +----|-----+--------+-----+--------+-------------+---+
 *	       v
 *	     the next one, or none
 *
 * An entry is a ref with its tag, the high byte of its record's hash.  It is
 * in use when its ref is not zero.  The numbers of refs and tags are those
 * above.
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
 * entries that it links to; readers take no lock and look at the number before
 * and after.
 */
typedef struct TcSharedBucket
{
	pg_atomic_uint32 seq;
	uint32 entries[15]; /* TcSharedBucketEntries */
} TcSharedBucket;

StaticAssertDecl(sizeof(TcSharedBucket) == 64, "a bucket is a cache line");
StaticAssertDecl(TC_ENTRIES_BYTES(TC_BUCKET_ENTRIES) <=
					 sizeof(((TcSharedBucket *) 0)->entries),
				 "a bucket has room for its entries");
StaticAssertDecl(TC_ENTRIES_BYTES(TC_OVERFLOW_ENTRIES) <= TC_MIN_CHUNK_BYTES,
				 "an overflow bucket is the smallest chunk");

#endif /* TC_SHARED_INDEX_H */
