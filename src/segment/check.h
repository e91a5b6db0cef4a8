/*
 * check.h
 *	  Looks whether what should hold for the segment does, as assertions.
 *
 * Where assertions are off none of this is there.
 */
#ifndef TC_CHECK_H
#define TC_CHECK_H

#ifdef USE_ASSERT_CHECKING

/* All of the segment, one part after the other.  No lock held. */
extern void tc_check_all(void);

/* A few parts, others each time. */
extern void tc_check_step(void);

#else
#define tc_check_all()	((void) 0)
#define tc_check_step() ((void) 0)
#endif

#endif /* TC_CHECK_H */
