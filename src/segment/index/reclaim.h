/*
 * reclaim.h
 *	  Making room: allocation that evicts, and eviction for its own sake.
 */
#ifndef TC_RECLAIM_H
#define TC_RECLAIM_H

#include "segment/stats/removal.h"

/*
 * Take a chunk, evicting least recently used clean records until there is
 * one; TC_NO_REF when only dirty records are left.  No lock held.
 */
extern TcRef tc_reclaim_alloc(uint32 bytes);

/*
 * Keep a few pages free from records that can't be evicted, so that there is
 * always room for what ends them.  False when there are not enough.  No lock
 * held.
 */
extern bool tc_reclaim_spare_pages(void);

/* Let the index grow if it should.  No lock held. */
extern void tc_reclaim_grow_index(void);

/* Take up to max buckets from the index that it no longer needs. */
extern void tc_reclaim_shrink_index(int max);

/*
 * Move the records of one sparse page together, so that a page becomes free.
 * False when no size class has a page to spare.  No lock held.
 */
extern bool tc_compaction_free_page(void);

#endif /* TC_RECLAIM_H */
