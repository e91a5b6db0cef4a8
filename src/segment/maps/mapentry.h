/*
 * mapentry.h
 *	  Entries of the table of maps.
 *
 * For files of the segment floor; the map table is locked by the caller.
 */
#ifndef TC_MAPENTRY_H
#define TC_MAPENTRY_H

#include "segment/memory/shared.h"

static inline LWLock *
tc_map_lock(void)
{
	return &tc_seg.map_lock[0].lock;
}

/* The entry of a relation, or NULL. */
extern TcSharedMapEntry *tc_mapentry_find_locked(Oid database, Oid relation);

/* Give a new entry its first contents: no slot, and not suspended. */
extern void tc_mapentry_init_locked(TcSharedMapEntry *entry);

/*
 * Take an entry's slot from it, so that nobody finds it; its number, or
 * TC_NO_SLOT.
 */
extern uint32 tc_mapentry_unhook_locked(TcSharedMapEntry *entry);

/* A transaction that suspends the entry's relation, or none. */
extern TransactionId tc_mapentry_suspender_locked(
	const TcSharedMapEntry *entry);

/* Note one more of them. */
extern void tc_mapentry_suspend_locked(TcSharedMapEntry *entry,
									   TransactionId xid);

/* An entry that says nothing is taken out. */
extern void tc_mapentry_drop_empty_locked(TcSharedMapEntry *entry);

#endif /* TC_MAPENTRY_H */
