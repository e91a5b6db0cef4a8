/*
 * shared_map.h
 *	  A map in shared memory: its entries, its queues and its wheel.
 *
 * Only files of the segment floor may include this header.
 */
#ifndef TC_SHARED_MAP_H
#define TC_SHARED_MAP_H

#include "port/atomics.h"
#include "storage/lwlock.h"

#include "base/key_layout.h"
#include "segment/memory/ref.h"

#define TC_NO_MAP_ENTRY PG_UINT32_MAX

/*
 * From a relation to what is held of it:
 *
 *	  hash table, by relation      map entries         bodies, in the arena
 *	  +-----------------------+    +---------------+    +--------------------+
 *	  | TcSharedRelationEntry |    | number 0      |    | of number 0        |
 *	  |   map_entry ----------|--->| generation    |    | shards: lists and  |
 *	  |   or suspended_by     |    | identity      |    |   sums             |
 *	  +-----------------------+    | limits        |    | counters           |
 *	                               +---------------+    | key_layout         |
 *	  a record's map, a probe's -->| number 1      |    | wheel              |
 *	  and a TcMapEntry's number    | ...           |    +--------------------+
 *	                               +---------------+    | of number 1 ...    |
 *	                                                    +--------------------+
 *
 * Map entries are an array; bodies lie side by side in pages, which
 * tc_seg.bodies names, so a number leads to both.
 */

/* A relation that is cached. */
typedef struct TcSharedRelationKey
{
	Oid database;
	Oid relation;
} TcSharedRelationKey;

StaticAssertDecl(sizeof(TcSharedRelationKey) == 2 * sizeof(Oid),
				 "it is hashed and compared as bytes");

/*
 * Entry of the hash table from relation to map entry; under the map table
 * lock.
 */
typedef struct TcSharedRelationEntry
{
	TcSharedRelationKey key;
	uint32 map_entry; /* or TC_NO_MAP_ENTRY, while suspended */
	/*
	 * Transactions that suspend it; unused places are invalid.  Nearly all
	 * DDL locks out other DDL, so one is the rule.
	 */
	TransactionId suspended_by[TC_SUSPENDERS];
} TcSharedRelationEntry;

/* States of a map entry. */
#define TC_MAP_FREE	   0
#define TC_MAP_LIVE	   1
#define TC_MAP_RETIRED 2 /* its records are being dropped */

/*
 * Entry of one incarnation of a map.  identity and next_free change under the
 * map table lock while the entry is not live; generation is read without a
 * lock by everyone: it moves whenever the entry changes hands, which is how a
 * backend notices that what it knew of the entry is over.
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

/*
 * The newest version of a key is on one list of the shard that the key's hash
 * names: on the dirty list, or in one of the two queues.  A queue goes over all
 * shards of all maps; it ends at the list with the smallest tail_access.
 *
 *	                       latest access                tail_access[q][s]
 *	  map 0
 *	    shard 0, queue q:  head -> r9 <-> r7 <-> r2 <- tail   2
 *	    shard 1, queue q:  head -> r8 <-> r5 <- tail          5
 *	    ...
 *	    shard 7, queue q:  none                               PG_UINT64_MAX
 *	    shard 7, dirty:    dirty_head -> d4 <-> d3 <- dirty_tail
 *	  map 1
 *	    shard 0, queue q:  head -> r6 <-> r1 <- tail          1, the oldest
 *	    ...
 */

/* Clean records; what the two queues are for is the policy's business. */
#define TC_QUEUE_MAIN  0
#define TC_QUEUE_SMALL 1
#define TC_QUEUES	   2

/* A shard's part of a queue; latest access first. */
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
 * counted in ticks since the segment was made.  With ticks of four digits and
 * the cursor at 3A05, as hexadecimal numbers:
 *
 *	  level   bucket 0 1 2 3 4 5 6 7 8 9 A B C D E F   ticks
 *	    0                      ^ * * * * * * * * * *   3A06 to 3A0F
 *	    1            ^ * * * * * * * * * * * * * * *   3A10 to 3AFF
 *	    2                                ^ * * * * *   3B00 to 3FFF
 *	    3                  ^ * * * * * * * * * * * *   4000 to FFFF
 *
 *	    ^ digit of the cursor   * a list of records to come, or none
 *
 * At 3A10 the records of level 1, bucket 1 move to level 0, or are due.
 */
#define TC_WHEEL_LEVELS	 8
#define TC_WHEEL_BUCKETS 16 /* of a level; eight levels of four bits */

typedef struct TcSharedWheel
{
	LWLock lock; /* for all of it, and for the links of its records */
	uint32 records;
	uint32 cursor; /* tick up to which the lists have been sorted out */
	TcRef due;	   /* records whose tick the cursor has reached */
	TcRef bucket[TC_WHEEL_LEVELS * TC_WHEEL_BUCKETS];
} TcSharedWheel;

/*
 * The part of a map that is needed only while it is in use.  It is made when
 * an entry is used for the first time and stays for the entry's next map.
 */
typedef struct TcSharedMapBody
{
	/* of the tails of all queues; read without a lock to choose a victim */
	pg_atomic_uint64 tail_access[TC_QUEUES][TC_SHARDS];
	TcSharedShard shard[TC_SHARDS];
	pg_atomic_uint64 counter[TC_NCOUNTERS];
	pg_atomic_uint64 stats_reset; /* TimestampTz */
	TcKeyLayout key_layout;		  /* under the map table lock */
	TcSharedWheel wheel;
} TcSharedMapBody;

StaticAssertDecl(sizeof(TcSharedMapBody) <= 8192,
				 "the smallest page holds a body");

#endif /* TC_SHARED_MAP_H */
