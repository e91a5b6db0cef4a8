/*
 * arena.h
 *	  The allocator of the segment: pages, and chunks of a size class.
 */
#ifndef TC_ARENA_H
#define TC_ARENA_H

#include "segment/memory/ref.h"

/* Set up the pages and size classes of a new segment. */
extern void tc_arena_create(void);

/*
 * Take a chunk of at least so many bytes (at most a page), or TC_NO_REF
 * when neither its class nor the page pool has one.  Never evicts.
 */
extern TcRef tc_arena_alloc(uint32 bytes);

/* The same for an overflow bucket of the index. */
extern TcRef tc_arena_alloc_overflow(void);

/* Is there such a chunk, without taking a new page for it?  A hint. */
extern bool tc_arena_has_chunk(uint32 bytes);

/* Give a chunk back.  Takes the class's lock. */
extern void tc_arena_free(TcRef ref);

/* What a chunk takes. */
extern uint32 tc_arena_ref_bytes(TcRef ref);

/*
 * How much of so many bytes to put into one chunk: all of it where a class
 * fits well, else what fills a chunk.
 */
extern uint32 tc_arena_best_piece(uint32 bytes);

/* Whole pages, for the index and for map bodies. */
extern uint32 tc_arena_take_page(uint16 use);
extern void tc_arena_return_page(uint32 page);

/*
 * Emptying a page.  isolate picks the emptiest page of a class that can do
 * without one and keeps it from being allocated from; next_used steps over
 * its chunks in use; release ends it: an empty page goes to the pool, one
 * that could not be emptied back to its class.
 */
extern uint32 tc_arena_isolate_page(void);
extern TcRef tc_arena_next_used(uint32 page, uint32 *position);
extern void tc_arena_release_page(uint32 page);

/* Where the bytes of the segment are; the sum is size_bytes. */
typedef struct TcMemoryUse
{
	uint64 size_bytes;
	uint64 data_bytes;	 /* rows and keys */
	uint64 header_bytes; /* record headers */
	uint64 index_bytes;
	uint64 slack_bytes; /* rounding of chunks and pages */
	uint64 free_bytes;
	uint64 fixed_bytes; /* everything that never moves */
} TcMemoryUse;

extern void tc_arena_memory_use(TcMemoryUse *use);

#endif /* TC_ARENA_H */
