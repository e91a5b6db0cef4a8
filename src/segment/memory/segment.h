/*
 * segment.h
 *	  The segment as a whole: how it comes to be, and how much is in it.
 */
#ifndef TC_SEGMENT_H
#define TC_SEGMENT_H

/*
 * Ask the postmaster for the segment.  To be called from _PG_init, and does
 * nothing when the library is not being preloaded.
 */
extern void tc_segment_init(void);

/* Is the segment there?  False when the library was not preloaded. */
extern bool tc_segment_ready(void);

/* Report the error of a cache operation where tc_segment_ready() is false. */
extern void tc_segment_require(void);

/* Microseconds since the segment was made; the clock of recency. */
extern uint64 tc_segment_clock_us(void);

/* The TimestampTz at which the segment's clock was 0. */
extern int64 tc_segment_epoch(void);

#ifdef USE_ASSERT_CHECKING
/*
 * Does this process hold a lock of the map table, the index or the allocator?
 * Then it must not raise errors, make room, or ask what may do either.
 */
extern bool tc_segment_holds_lock(void);
#endif

/* Latch of the background worker: announced by it, set by anyone. */
struct Latch;
extern void tc_segment_set_worker_latch(struct Latch *latch);
extern void tc_segment_wake_worker(void);

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

extern void tc_segment_memory_use(TcMemoryUse *use);

/* Bytes for records and index in a segment of some size. */
extern uint64 tc_segment_arena_bytes(uint64 size_bytes);

/*
 * Share of the arena that records and their index take, in percent; what the
 * water marks are compared with.
 */
extern double tc_segment_used_percent(void);

#endif /* TC_SEGMENT_H */
