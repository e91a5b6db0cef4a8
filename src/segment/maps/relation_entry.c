/*-------------------------------------------------------------------------
 *
 * relation_entry.c
 *	  Entries of the hash table that leads from a relation to a map entry.
 *
 * Structure: an entry names the map entry of a relation, or the transactions
 * that keep it from having one, or it is not there.
 *
 * Concurrency: everything under the map table lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/hsearch.h"

#include "segment/maps/relation_entry.h"
#include "segment/memory/map_entry.h"

uint32
tc_relation_entry_unhook_locked(TcSharedRelationEntry *entry)
{
	uint32 number = entry->map_entry;

	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	entry->map_entry = TC_NO_MAP_ENTRY;
	if (number != TC_NO_MAP_ENTRY)
		pg_atomic_fetch_add_u32(&tc_seg.maps[number].generation, 1);
	return number;
}

TcSharedRelationEntry *
tc_relation_entry_find_locked(Oid database, Oid relation)
{
	TcSharedRelationKey key = {database, relation};

	Assert(LWLockHeldByMe(tc_map_lock()));
	return hash_search(tc_seg.map_table, &key, HASH_FIND, NULL);
}

TransactionId
tc_relation_entry_suspender_locked(const TcSharedRelationEntry *entry)
{
	Assert(LWLockHeldByMe(tc_map_lock()));
	for (int i = 0; i < TC_SUSPENDERS; i++)
	{
		if (TransactionIdIsValid(entry->suspended_by[i]))
			return entry->suspended_by[i];
	}
	return InvalidTransactionId;
}

TcSharedRelationEntry *
tc_relation_entry_make_locked(Oid database, Oid relation)
{
	TcSharedRelationKey key = {database, relation};
	TcSharedRelationEntry *entry;
	bool found;

	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	entry = hash_search(tc_seg.map_table, &key, HASH_ENTER_NULL, &found);
	if (entry != NULL && !found)
	{
		entry->map_entry = TC_NO_MAP_ENTRY;
		for (int i = 0; i < TC_SUSPENDERS; i++)
			entry->suspended_by[i] = InvalidTransactionId;
	}
	return entry;
}

/*
 * Note one more transaction.  Where there are too many, the last place says
 * for ever: caching a relation wrongly is worse than not at all.
 */
void
tc_relation_entry_suspend_locked(TcSharedRelationEntry *entry,
								 TransactionId xid)
{
	int place = -1;

	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	for (int i = TC_SUSPENDERS - 1; i >= 0; i--)
	{
		if (entry->suspended_by[i] == xid)
			return;
		if (!TransactionIdIsValid(entry->suspended_by[i]))
			place = i;
	}
	if (place >= 0)
		entry->suspended_by[place] = xid;
	else
		entry->suspended_by[TC_SUSPENDERS - 1] = FrozenTransactionId;
}

void
tc_relation_entry_drop_locked(TcSharedRelationEntry *entry)
{
	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	hash_search(tc_seg.map_table, &entry->key, HASH_REMOVE, NULL);
}

void
tc_relation_entry_drop_empty_locked(TcSharedRelationEntry *entry)
{
	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	if (entry->map_entry == TC_NO_MAP_ENTRY &&
		!TransactionIdIsValid(tc_relation_entry_suspender_locked(entry)))
		tc_relation_entry_drop_locked(entry);
	else
		tc_relation_entry_check_locked(entry);
}

#ifdef USE_ASSERT_CHECKING

void
tc_relation_entry_check_locked(const TcSharedRelationEntry *entry)
{
	TransactionId suspender = tc_relation_entry_suspender_locked(entry);
	TcSharedMapEntry *map;

	Assert(LWLockHeldByMe(tc_map_lock()));

	/* a map entry, or somebody who keeps it from having one */
	Assert((entry->map_entry == TC_NO_MAP_ENTRY) ==
		   TransactionIdIsValid(suspender));
	if (entry->map_entry == TC_NO_MAP_ENTRY)
		return;
	Assert(tc_map_entry_has_body(entry->map_entry));
	map = &tc_seg.maps[entry->map_entry];
	Assert(pg_atomic_read_u32(&map->state) == TC_MAP_LIVE);
	Assert(map->identity.database == entry->key.database);
	Assert(map->identity.relation == entry->key.relation);
}

#endif /* USE_ASSERT_CHECKING */
