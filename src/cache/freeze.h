/*
 * freeze.h
 *	  Lets no transaction id in the segment grow old.
 */
#ifndef TC_FREEZE_H
#define TC_FREEZE_H

/*
 * Do a part of a sweep over the segment, if one is due or under way.  For
 * the worker alone; takes a partition's lock at a time, raises no errors.
 */
extern void tc_freeze_step(void);

#endif /* TC_FREEZE_H */
