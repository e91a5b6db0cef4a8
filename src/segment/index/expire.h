/*
 * expire.h
 *	  Dropping records whose time is over: expired ones and idle ones.
 */
#ifndef TC_EXPIRE_H
#define TC_EXPIRE_H

/*
 * Drop what has expired, or has not been used for longer than its map
 * allows, of all maps; at most max of either of each map.  Returns how many
 * were dropped.  No lock held.
 */
extern int64 tc_expire_step(int64 max);

#endif /* TC_EXPIRE_H */
