/*
 * reclaim.h
 *	  Memory from a segment that may be full.
 */
#ifndef TC_RECLAIM_H
#define TC_RECLAIM_H

#include "segment/memory/ref.h"

/*
 * Take a chunk, evicting clean records until there is one; TC_NO_REF when only
 * dirty records are left.  No lock held.
 */
extern TcRef tc_reclaim_alloc(uint32 bytes);

/* The same for a whole page; TC_NO_PAGE without. */
extern uint32 tc_reclaim_page(uint16 use);

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

#endif /* TC_RECLAIM_H */
