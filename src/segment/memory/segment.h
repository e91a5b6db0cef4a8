/*
 * segment.h
 *	  The segment as a whole: whether it is there, its clock, how full it is.
 */
#ifndef TC_SEGMENT_H
#define TC_SEGMENT_H

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
 * Then it must not raise errors, evict, or call what may do either.
 */
extern bool tc_segment_holds_lock(void);
#endif

/* Latch of the background worker: announced by it, set by anyone. */
struct Latch;
extern void tc_segment_set_worker_latch(struct Latch *latch);
extern void tc_segment_wake_worker(void);

/*
 * Share of the arena that records and their index take, in percent; what the
 * water marks are compared with.
 */
extern double tc_segment_used_percent(void);

#endif /* TC_SEGMENT_H */
