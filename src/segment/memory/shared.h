/*
 * shared.h
 *	  Everything that lies in shared memory: the types of the segment.
 *
 * Only files of the segment floor may include this header.
 *
 * Lock order, outermost first; a lock is never taken while one further down
 * is held:
 *
 *	  heavyweight locks > map table > partition of the index
 *	  > shard or wheel of a map > allocator class > page pool
 *
 * A shard and a wheel are never locked together.  The growth lock of the index
 * is only ever taken conditionally and comes before a partition.  Readers take
 * none of these; an access takes a shard's.
 *
 * Under any but the first nothing is raised, allocated by PostgreSQL or looked
 * up in a catalog, and no function of a type is called: keys are compared as
 * bytes.
 */
#ifndef TC_SHARED_H
#define TC_SHARED_H

#include "port/atomics.h"

#include "segment/memory/shared_arena.h"
#include "segment/memory/shared_index.h"
#include "segment/memory/shared_map.h"
#include "segment/memory/shared_record.h"

/* Locks of the index; a record's partition is the low bits of its hash. */
#define TC_PARTITIONS 128

/* Places for keys whose fills have lost; see wanted.c. */
#define TC_WANTED 1024

/* Units of time that the ghost reaches back at most; a power of two. */
#define TC_GHOST_UNITS 2048

StaticAssertDecl((TC_PARTITIONS & (TC_PARTITIONS - 1)) == 0 &&
					 (TC_GHOST_UNITS & (TC_GHOST_UNITS - 1)) == 0,
				 "both are powers of two");

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
	uint32 nclasses;	/* records; one more class holds overflow */
	uint32 nwrite_seqs; /* a power of two */
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
	uint32 maps_used;			   /* entries ever used */
	pg_atomic_uint32 maps_retired; /* entries that are to be free; a hint */

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

/*
 * Where the parts are in this process; set once at start-up.  They lie in this
 * order, the arena at the end:
 *
 *	  head | maps | bodies | write_seqs | ghosts | removals | samples
 *	  | pages | bitmaps | directory | arena: page 0 | page 1 | ... | page n
 */
typedef struct TcSegment
{
	TcSharedSegment *head;
	TcSharedMapEntry *maps;
	uint32 *bodies; /* page of each group of map bodies */
	pg_atomic_uint32 *write_seqs;
	pg_atomic_uint32 *ghosts;
	volatile uint16 *removals;
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

#define tc_map_lock()	 (&tc_seg.map_lock[0].lock)
#define tc_growth_lock() (&tc_seg.index_locks[TC_PARTITIONS].lock)
#define tc_class_lock(n) (&tc_seg.class_locks[n].lock)
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
tc_record_set_last_access(TcSharedRecord *rec, uint64 last_us)
{
	rec->last_access_low = (uint32) last_us;
	rec->last_access_high = (uint16) (last_us >> 32);
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
