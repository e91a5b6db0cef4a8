/*
 * wheel.h
 *	  Which records of a map expire when.
 *
 * For files of the segment floor.
 */
#ifndef TC_WHEEL_H
#define TC_WHEEL_H

#include "segment/memory/shared.h"

/* Prepare the wheel of a map's body that has just been made, and is empty. */
extern void tc_wheel_create(TcSharedWheel *wheel);

/*
 * Put a record that expires into its map's wheel, take it out, and let the
 * wheel name it by its new address.  Only the newest version of a key is in
 * a wheel.  Lock the wheel; the partition's lock is held exclusively.
 */
extern void tc_wheel_link(TcRef ref);
extern void tc_wheel_unlink(TcRef ref);
extern void tc_wheel_relocate(TcRef from, TcRef to);

/* Let a record that is due, and can't be dropped now, be due again later. */
extern void tc_wheel_postpone(TcRef ref);

/*
 * Sort out which records of a map are due by now, moving at most max of them
 * from list to list; returns how many were moved.  No lock held.
 */
extern int64 tc_wheel_advance(uint16 map, int64 max);

#ifdef USE_ASSERT_CHECKING
/* A record in its map's wheel, which is locked. */
extern void tc_wheel_check_record_locked(TcRef ref);

/* Every record of the wheel is in a list for its time, and counted. */
extern void tc_wheel_check(uint16 map);
#else
#define tc_wheel_check_record_locked(ref) ((void) 0)
#endif

/* One of the records that are due, or TC_NO_REF; with its hash. */
extern TcRef tc_wheel_due(uint16 map, uint32 *hash);

#endif /* TC_WHEEL_H */
