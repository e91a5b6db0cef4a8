/*
 * compaction.h
 *	  Moving the records of a sparse page together.
 */
#ifndef TC_COMPACTION_H
#define TC_COMPACTION_H

/*
 * Move what is on one sparse page to others, so that a page becomes free.
 * False when no size class has a page to spare.  No lock held.
 */
extern bool tc_compaction_free_page(void);

#endif /* TC_COMPACTION_H */
