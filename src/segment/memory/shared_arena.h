/*
 * shared_arena.h
 *	  The pages of the arena in shared memory.
 *
 * Only files of the segment floor may include this header.
 */
#ifndef TC_SHARED_ARENA_H
#define TC_SHARED_ARENA_H

#include "segment/memory/ref.h"

/* Upper bound of the number of size classes. */
#define TC_MAX_CLASSES 192

/* Pages of a class are kept in lists by how full they are. */
#define TC_FULLNESS_LEVELS 8
#define TC_PAGE_ISOLATED   (TC_FULLNESS_LEVELS + 1) /* being emptied */

/* Smallest chunks, in bytes: an overflow bucket, and the smallest record. */
#define TC_MIN_CHUNK_BYTES	32
#define TC_MIN_RECORD_BYTES 48

/* What a page is used for; smaller numbers are size classes. */
#define TC_PAGE_FREE  0xFFFF
#define TC_PAGE_INDEX 0xFFFE
#define TC_PAGE_BODY  0xFFFD

#define TC_NO_PAGE PG_UINT32_MAX

/*
 * A page of a size class.  What is known of it lies apart, in front of the
 * arena, so that a chunk has no header of the allocator's:
 *
 *	  TcSharedClass     level_head[], by how full the pages are
 *	                        |
 *	                        v            prev, next
 *	  TcSharedPage      [page 9] <-> [page 4] <-> [page 7]
 *
 *	  bitmap of page 4    1   1   0   1          0     1: in use
 *	  page 4            +---+---+---+---+-----+-----+------+
 *	  in the arena      | 0 | 1 | 2 | 3 | ... |  n  | lost |
 *	                    +---+---+---+---+-----+-----+------+
 *	                            ^
 *	  TcRef of chunk 2: (4 * page_bytes + 2 * chunk_bytes) / TC_UNIT_BYTES
 */

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

#endif /* TC_SHARED_ARENA_H */
