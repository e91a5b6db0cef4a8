/*
 * relation_entry.h
 *	  Entries of the hash table that leads from a relation to a map entry.
 *
 * For files of the segment floor; the map table is locked by the caller.
 */
#ifndef TC_RELATION_ENTRY_H
#define TC_RELATION_ENTRY_H

#include "segment/memory/shared.h"

/* The entry of a relation, or NULL. */
extern TcSharedRelationEntry *tc_relation_entry_find_locked(Oid database,
															Oid relation);

/*
 * The same, made if need be: without a map entry, and not suspended.  NULL
 * without memory.
 */
extern TcSharedRelationEntry *tc_relation_entry_make_locked(Oid database,
															Oid relation);

/*
 * Take an entry's map entry from it, so that nobody finds it; its number, or
 * TC_NO_MAP_ENTRY.
 */
extern uint32 tc_relation_entry_unhook_locked(TcSharedRelationEntry *entry);

/* A transaction that suspends the entry's relation, or none. */
extern TransactionId tc_relation_entry_suspender_locked(
	const TcSharedRelationEntry *entry);

/* Note one more of them. */
extern void tc_relation_entry_suspend_locked(TcSharedRelationEntry *entry,
											 TransactionId xid);

/* Take an entry out; take it out if it says nothing. */
extern void tc_relation_entry_drop_locked(TcSharedRelationEntry *entry);
extern void tc_relation_entry_drop_empty_locked(TcSharedRelationEntry *entry);

#ifdef USE_ASSERT_CHECKING
/* An entry has a map entry, or somebody who keeps it from having one. */
extern void tc_relation_entry_check_locked(const TcSharedRelationEntry *entry);
#else
#define tc_relation_entry_check_locked(entry) ((void) 0)
#endif

#endif /* TC_RELATION_ENTRY_H */
