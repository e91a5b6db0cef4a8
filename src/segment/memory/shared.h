/*
 * shared.h
 *	  Everything that lies in shared memory: the types of the segment.
 *
 * Only files of the segment floor may include this header.
 *
 * Lock order, outermost first; a lock is never taken while one further down
 * is held:
 *
 *	  map table > partition of the index > shard or wheel of a map
 *	  > allocator class > page pool
 *
 * (A shard and a wheel are never locked together.  The growth lock of the index is only ever taken conditionally and comes
 * before a partition.)  Nothing is raised, allocated or looked up in a
 * catalog while one of them is held.
 */
#ifndef TC_SHARED_H
#define TC_SHARED_H

#include "port/atomics.h"
#include "storage/lwlock.h"

#include "base/key_layout.h"
#include "segment/memory/ref.h"

/* Locks of the index; a record's partition is the low bits of its hash. */
#define TC_PARTITIONS 128

/*
 * Slots of an index bucket, chosen so that it is one cache line, and of an
 * overflow bucket, which is half of one.
 */
#define TC_BUCKET_ENTRIES	11
#define TC_OVERFLOW_ENTRIES 5

/* Places for keys whose fills have lost; see wanted.c. */
#define TC_WANTED 1024

/* Units of time that the ghost reaches back at most; a power of two. */
#define TC_GHOST_UNITS 2048

/* Upper bound of the number of size classes. */
#define TC_MAX_CLASSES 192

/* Smallest chunks, in bytes: an overflow bucket, and the smallest record. */
#define TC_MIN_CHUNK_BYTES	32
#define TC_MIN_RECORD_BYTES 48

/* Pages of a class are kept in lists by how full they are. */
#define TC_FULLNESS_LEVELS 8
#define TC_PAGE_ISOLATED   (TC_FULLNESS_LEVELS + 1) /* being emptied */

StaticAssertDecl((TC_PARTITIONS & (TC_PARTITIONS - 1)) == 0 &&
					 (TC_GHOST_UNITS & (TC_GHOST_UNITS - 1)) == 0,
				 "both are powers of two");

/* What a page is used for; smaller numbers are size classes. */
#define TC_PAGE_FREE  0xFFFF
#define TC_PAGE_INDEX 0xFFFE
#define TC_PAGE_BODY  0xFFFD

#define TC_NO_PAGE		PG_UINT32_MAX
#define TC_NO_MAP_ENTRY PG_UINT32_MAX

/* ----- records ----- */

/* Bits of TcSharedRecord.flags. */
#define TC_REC_COMMITTED	 0x01 /* xmin is known to be committed */
#define TC_REC_DIRTY		 0x02 /* on the dirty list, in no queue */
#define TC_REC_NEGATIVE		 0x04 /* no row under this key */
#define TC_REC_PIECES		 0x08 /* data goes on in further chunks */
#define TC_REC_IS_PIECE		 0x10 /* this chunk is such a further chunk */
#define TC_REC_ENDED		 0x10 /* not a piece: ended_by is deleting it */
#define TC_REC_EXPIRES		 0x20 /* a TcSharedExpiry precedes data */
#define TC_REC_NULLS		 0x40 /* a null bitmap follows the data */
#define TC_REC_NEVER_EVICTED 0x80 /* no heap behind it: stays dirty */

/*
 * One version of a record; data follows.  The newest version of a key is in
 * the index, older ones hang below it.
 *
 * Written once, before the version can be found: hash, map, xmin, length,
 * cost, born, data.  Changed under the partition lock with the bucket's
 * sequence number odd: flags, older, next of a piece.  Changed under the
 * shard lock alone: prev, next, stamp, hits, queue, reads, placed, bulk; a
 * reader without a lock may see any value of these, and uses none for more
 * than a hint.
 */
typedef struct TcSharedRecord
{
	uint32 hash;
	TransactionId xmin;		/* the (sub)transaction that wrote it */
	uint32 length_bytes:24; /* of data */
	uint32 flags:8;
	uint32 cost:24;
	uint32 queue:1;	 /* clean: TC_QUEUE_..., */
	uint32 reads:2;	 /* read so often since it came there */
	uint32 placed:1; /* queue is that of the version before */
	uint32 bulk:1;	 /* filled by a reader in bulk */
	uint32 warm:1;	 /* filled by the warm-up: older than what is there */
	uint32 unused:2;
	TcRef prev; /* neighbours in the shard's list */
	TcRef next;
	union
	{
		uint32 last_access_low; /* clean: place in the order, us, low part */
		TcRef older;			/* dirty: the version before this one */
	};
	uint16 last_access_high;
	uint16 map; /* number of the map's slot */
	uint32 hits;
	union
	{
		uint32 born_s;			/* seconds since the segment was made */
		TransactionId ended_by; /* with TC_REC_ENDED */
	};
} TcSharedRecord;

StaticAssertDecl(sizeof(TcSharedRecord) == 40,
				 "the record header is part of the memory budget");

/*
 * Follows the header of a record with TC_REC_EXPIRES.  The time is written
 * once, the links change under the lock of the map's wheel.
 */
typedef struct TcSharedExpiry
{
	int64 expires; /* TimestampTz */
	TcRef prev;	   /* neighbours in a list of the wheel */
	TcRef next;
} TcSharedExpiry;

StaticAssertDecl(sizeof(TcSharedExpiry) == 16,
				 "what follows a record's header is aligned as it is");

/* Follows that, or the header, of a record with TC_REC_PIECES. */
typedef struct TcSharedPieces
{
	TcRef next;		   /* the first further piece */
	uint32 here_bytes; /* how much of the data is in this chunk */
} TcSharedPieces;

/*
 * A further piece of a record's data.  hash and flags lie where a record has
 * them, so that either can be told from the chunk alone.
 */
typedef struct TcSharedPiece
{
	uint32 hash; /* of the record it belongs to */
	TcRef next;
	uint32 here_bytes:24;
	uint32 flags:8; /* TC_REC_IS_PIECE */
	uint32 unused;
} TcSharedPiece;

StaticAssertDecl(sizeof(TcSharedPieces) == 8 && sizeof(TcSharedPiece) == 16,
				 "data is aligned in every chunk");
StaticAssertDecl(offsetof(TcSharedPiece, hash) ==
					 offsetof(TcSharedRecord, hash),
				 "hash must be in one place");

/* ----- index ----- */

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

/* ----- maps ----- */

/* Which relation, in which shape, a slot caches. */
typedef struct TcSharedRelationKey
{
	Oid database;
	Oid relation;
} TcSharedRelationKey;

StaticAssertDecl(sizeof(TcSharedRelationKey) == 2 * sizeof(Oid),
				 "it is hashed and compared as bytes");

/* Entry of the hash table from relation to slot; under the map table lock. */
typedef struct TcSharedRelationEntry
{
	TcSharedRelationKey key;
	uint32 slot; /* or TC_NO_MAP_ENTRY, while suspended */
	/*
	 * Transactions that suspend it; unused places are invalid.  Nearly all
	 * DDL locks out other DDL, so one is the rule.
	 */
	TransactionId suspended_by[TC_SUSPENDERS];
} TcSharedRelationEntry;

/* States of a map's slot. */
#define TC_MAP_FREE	   0
#define TC_MAP_LIVE	   1
#define TC_MAP_RETIRED 2 /* its records are being dropped */

/*
 * Slot of one incarnation of a map.  identity and next_free change under the
 * map table lock while the slot is not live; generation is read without a
 * lock by everyone: it moves whenever the slot changes hands, which is how a
 * backend notices that what it knew of the slot is over.
 */
typedef struct TcSharedMapEntry
{
	pg_atomic_uint32 generation;
	pg_atomic_uint32 state;
	TcMapIdentity identity;
	uint32 next_free;

	/*
	 * Limits: changed under the map table lock, read without it, since
	 * whoever reads an old one reads the new one in the worker's next round.
	 */
	pg_atomic_uint64 max_cost;
	pg_atomic_uint64 max_idle_us;
	TransactionId limits_by; /* changed them last; invalid: long over */
	uint32 limits_changes;	 /* how often a definition changed them */

	/* some row of the table expires at this TimestampTz, or none; a hint */
	pg_atomic_uint64 next_expiry;
} TcSharedMapEntry;

/* Clean records; what the two queues are for is the policy's business. */
#define TC_QUEUE_MAIN  0
#define TC_QUEUE_SMALL 1
#define TC_QUEUES	   2

/* A shard's part of a queue; highest stamp first. */
typedef struct TcSharedQueue
{
	TcRef head;
	TcRef tail;
	uint64 bytes; /* read without the lock as a hint */
} TcSharedQueue;

/* What one shard of a map holds; all of it under its lock. */
typedef struct TcSharedShard
{
	LWLock lock;
	TcSharedQueue queue[TC_QUEUES];
	TcRef dirty_head; /* dirty records, newest first */
	TcRef dirty_tail;
	uint32 records; /* keys, negative ones included */
	uint32 negative_records;
	uint32 dirty_records;
	uint64 bytes; /* of all versions */
	uint64 cost;  /* of the newest versions */
} TcSharedShard;

/*
 * Records that expire, in lists by when they do; see wheel.c.  Time is
 * counted in ticks since the segment was made.
 */
#define TC_WHEEL_LEVELS	 8
#define TC_WHEEL_BUCKETS 16 /* of a level; eight levels of four bits */

typedef struct TcSharedWheel
{
	LWLock lock; /* for all of it, and for the links of its records */
	uint32 records;
	uint32 cursor; /* tick up to which the lists have been sorted out */
	TcRef due;	   /* records whose tick the cursor has reached */
	TcRef slot[TC_WHEEL_LEVELS * TC_WHEEL_BUCKETS];
} TcSharedWheel;

/*
 * The part of a map that is needed only while it is in use.  It is made when
 * a slot is used for the first time and stays for the slot's next map.
 */
typedef struct TcSharedMapBody
{
	/* stamps of the tails of all queues; read without a lock to pick */
	pg_atomic_uint64 tail_access[TC_QUEUES][TC_SHARDS];
	TcSharedShard shard[TC_SHARDS];
	pg_atomic_uint64 counter[TC_NCOUNTERS];
	pg_atomic_uint64 stats_reset; /* TimestampTz */
	TcKeyLayout key_layout;		  /* under the map table lock */
	TcSharedWheel wheel;
} TcSharedMapBody;

StaticAssertDecl(sizeof(TcSharedMapBody) <= 8192,
				 "the smallest page holds a body");

/* ----- arena ----- */

/* Descriptor of a page; under its class's lock, or the pool's when free. */
typedef struct TcSharedPage
{
	uint16 use; /* size class, or TC_PAGE_... */
	uint16 used_chunks;
	uint16 level; /* list it is on; TC_FULLNESS_LEVELS: none */
	uint16 unused;
	uint32 prev; /* neighbours in the list */
	uint32 next;
} TcSharedPage;

/* A size class; all but the constants under its lock. */
typedef struct TcSharedClass
{
	uint32 chunk_bytes; /* constant */
	uint32 page_chunks; /* constant: chunks of a page */
	uint32 pages;
	uint32 free_chunks;
	uint32 level_head[TC_FULLNESS_LEVELS];
} TcSharedClass;

/* What a change of a key's versions changes in its shard's sums. */
typedef struct TcSharedDelta
{
	int records;
	int negative_records;
	int64 bytes;
	int64 cost;
} TcSharedDelta;

/* Most loads whose progress is shown. */
#define TC_PROGRESS_PLACES 16

/*
 * A load under way.  The process that has put its id there is the only one
 * that writes the rest; who reads it while that changes shows numbers of two
 * moments.
 */
typedef struct TcSharedProgress
{
	pg_atomic_uint32 pid; /* 0: free */
	Oid database;
	Oid relation;
	uint32 what; /* a TcLoading */
	int64 started;
	pg_atomic_uint64 done;
	pg_atomic_uint64 loaded;
	pg_atomic_uint64 total;
} TcSharedProgress;

/* Head of the segment. */
typedef struct TcSharedSegment
{
	/* Constant after start-up. */
	uint64 size_bytes;
	uint64 arena_offset; /* of page 0 in the segment */
	uint32 page_bytes;
	uint32 page_words; /* 64-bit words of a page's bitmap */
	uint32 npages;
	uint32 nclasses; /* records; one more class holds overflow */
	uint32 nstripes;
	uint32 max_maps;
	int64 started_us; /* TimestampTz */
	uint32 sample_places;

	/* One key in 2^shift is watched; set by the worker, hardly ever. */
	volatile uint32 sample_shift;

	/* Page pool, under the pool's lock. */
	uint32 free_page;
	uint32 free_pages;

	/* Index. */
	pg_atomic_uint32 nbuckets;		/* under growth and partition lock */
	pg_atomic_uint32 directory_era; /* changes of the directory, likewise */
	pg_atomic_uint32 nrecords;		/* keys; a hint for growth */
	pg_atomic_uint32 bucket_era;	/* first sequence number of new buckets */
	uint32 min_buckets;				/* constant */

	/* Map table, under its lock. */
	uint32 free_map;
	uint32 maps_used;			   /* slots ever used */
	pg_atomic_uint32 maps_retired; /* slots that are to be free; a hint */

	/* Exact accounting; atomics. */
	pg_atomic_uint64 used_bytes;	 /* chunks of records */
	pg_atomic_uint64 data_bytes;	 /* rows and keys in them */
	pg_atomic_uint64 header_bytes;	 /* record and piece headers in them */
	pg_atomic_uint64 overflow_bytes; /* overflow buckets */
	pg_atomic_uint32 index_pages;
	pg_atomic_uint32 body_pages;

	/* What the last look for expired rows in a database found. */
	pg_atomic_uint32 looked_database;
	pg_atomic_uint32 looked_result;

	/* Queues of clean records; atomics, hints for the policy. */
	pg_atomic_uint64 queue_bytes[TC_QUEUES];

	/* What was evicted; see ghost.c. */
	pg_atomic_uint64 ghost_clock;  /* bytes so far: the time */
	pg_atomic_uint64 ghost_bytes;  /* of all that is remembered */
	pg_atomic_uint32 ghost_oldest; /* unit of time */
	pg_atomic_uint32 ghost_unit[TC_GHOST_UNITS];
	uint32 ghost_sets; /* constant */

	/* Loads that are under way; see progress.c. */
	TcSharedProgress progress[TC_PROGRESS_PLACES];

	/* Why records left; see removal.c. */
	pg_atomic_uint32 removal_clock;
	uint32 removal_sets; /* constant */

	/* Extents that the worker has tried to move to huge pages, and has. */
	pg_atomic_uint32 huge_tried;
	pg_atomic_uint32 huge_moved;

	/* Positions in the ring of reads; see sample.c. */
	pg_atomic_uint64 sample_begin;
	pg_atomic_uint64 sample_end;

	/* The worker's latch, set by whoever finds the segment above the mark. */
	struct Latch *worker_latch; /* set and cleared by the worker alone */

	TcSharedClass class[TC_MAX_CLASSES];
	pg_atomic_uint32 wanted[TC_WANTED];
} TcSharedSegment;

/* Where the parts are in this process; set once at start-up. */
typedef struct TcSegment
{
	TcSharedSegment *head;
	TcSharedMapEntry *maps;
	uint32 *bodies; /* page of each group of map bodies */
	pg_atomic_uint32 *stamps;
	pg_atomic_uint32 *ghosts;
	volatile uint16 *departed;
	pg_atomic_uint64 *samples;
	TcSharedPage *pages;
	uint64 *bitmaps;
	uint32 *directory; /* pages of the index, in bucket order */
	char *arena;
	uint64 arena_bytes;
	uint32 bodies_per_page;
	int bucket_shift;		   /* binary logarithm of the buckets of a page */
	LWLockPadded *index_locks; /* TC_PARTITIONS, then the growth lock */
	LWLockPadded *class_locks; /* TC_MAX_CLASSES, then the pool lock */
	LWLockPadded *map_lock;
	LWLockPadded *shard_locks; /* lends its tranche only */
	struct HTAB *map_table;
} TcSegment;

extern TcSegment tc_seg;

#define tc_growth_lock() (&tc_seg.index_locks[TC_PARTITIONS].lock)
#define tc_pool_lock()	 (&tc_seg.class_locks[TC_MAX_CLASSES].lock)

/* The memory behind a ref. */
static inline void *
tc_ref_address(TcRef ref)
{
	return tc_seg.arena + (uint64) ref * TC_UNIT_BYTES;
}

/*
 * May there be a chunk of so many bytes at a ref?  For those who read without
 * a lock, and may have read anything.
 */
static inline bool
tc_ref_plausible(TcRef ref, uint32 bytes)
{
	return ref != TC_NO_REF &&
		(uint64) ref * TC_UNIT_BYTES + bytes <= tc_seg.arena_bytes;
}

static inline TcSharedRecord *
tc_record_at(TcRef ref)
{
	return (TcSharedRecord *) tc_ref_address(ref);
}

/* The lock of the partition that a hash belongs to. */
static inline LWLock *
tc_partition_lock(uint32 hash)
{
	return &tc_seg.index_locks[hash % TC_PARTITIONS].lock;
}

static inline uint64
tc_record_last_access(const TcSharedRecord *rec)
{
	return ((uint64) rec->last_access_high << 32) | rec->last_access_low;
}

static inline void
tc_record_set_last_access(TcSharedRecord *rec, uint64 stamp_us)
{
	rec->last_access_low = (uint32) stamp_us;
	rec->last_access_high = (uint16) (stamp_us >> 32);
}

/* The version before this one; only a dirty version has one. */
static inline TcRef
tc_record_older(const TcSharedRecord *rec)
{
	return (rec->flags & TC_REC_DIRTY) ? rec->older : TC_NO_REF;
}

/* What a record with TC_REC_EXPIRES has after its header. */
static inline TcSharedExpiry *
tc_record_expiry(TcSharedRecord *rec)
{
	return (TcSharedExpiry *) (rec + 1);
}

/* The body of a map that has been used. */
static inline TcSharedMapBody *
tc_map_body(uint16 map)
{
	uint32 group = map / tc_seg.bodies_per_page;

	return (TcSharedMapBody *) (tc_seg.arena +
								(uint64) tc_seg.bodies[group] *
									tc_seg.head->page_bytes) +
		(map - group * tc_seg.bodies_per_page);
}

/* The shard that a record belongs to; other bits than its partition's. */
static inline int
tc_shard_number(uint32 hash)
{
	return (hash >> 20) % TC_SHARDS;
}

static inline TcSharedShard *
tc_shard_of(uint16 map, uint32 hash)
{
	return &tc_map_body(map)->shard[tc_shard_number(hash)];
}

#endif /* TC_SHARED_H */
