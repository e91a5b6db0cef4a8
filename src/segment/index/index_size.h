/*
 * index_size.h
 *	  Lets the index grow and shrink with the number of records.
 *
 * For files of the segment floor.
 */
#ifndef TC_INDEX_SIZE_H
#define TC_INDEX_SIZE_H

/* Is the index short of buckets, or has it far too many? */
extern bool tc_index_size_wants_growth(void);
extern bool tc_index_size_wants_shrinking(void);

/*
 * Add one bucket.  When that takes a page, it is the one given; *page
 * becomes TC_NO_PAGE when it was used.  False when somebody else is at it,
 * or memory is missing.  No lock held.
 */
extern bool tc_index_size_grow(uint32 *page);
extern bool tc_index_size_growth_needs_page(void);

/* Take away one bucket.  No lock held. */
extern bool tc_index_size_shrink(void);

#ifdef USE_ASSERT_CHECKING
/* The directory names pages of the index, as many as are counted. */
extern void tc_index_size_check(void);
#endif

#endif /* TC_INDEX_SIZE_H */
