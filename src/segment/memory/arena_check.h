/*
 * arena_check.h
 *	  What holds for the pages of the arena, as assertions.
 *
 * Where assertions are off none of this is there.
 */
#ifndef TC_ARENA_CHECK_H
#define TC_ARENA_CHECK_H

#ifdef USE_ASSERT_CHECKING

/* A page of a size class, whose lock is held. */
extern void tc_arena_check_page_locked(uint32 page);

/* All pages of a size class.  No lock held. */
extern void tc_arena_check_class(uint32 number);

/* The free pages are so many, and free. */
extern void tc_arena_check_pool(void);

#else

#define tc_arena_check_page_locked(page) ((void) 0)

#endif

#endif /* TC_ARENA_CHECK_H */
