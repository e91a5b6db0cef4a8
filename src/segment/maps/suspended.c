/*-------------------------------------------------------------------------
 *
 * suspended.c
 *	  Relations that nothing is cached of while somebody changes them.
 *
 * Structure: a relation can be suspended by a transaction that changes how it
 * is guarded: it has no map entry then, and gets none until somebody who has
 * seen the transaction's end, and its effects, lets it resume.
 *
 * Concurrency: all of it under the map table lock.
 *
 * Failure: where there is no entry to be had for a suspension, there is none
 * for a map either.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/hsearch.h"

#include "segment/maps/map_retire.h"
#include "segment/maps/relation_entry.h"
#include "segment/maps/suspended.h"

void
tc_suspended_add(Oid database, Oid relation, TransactionId xid)
{
	TcSharedRelationKey key = {database, relation};
	TcSharedRelationEntry *entry;
	uint32 number = TC_NO_MAP_ENTRY;
	bool found;

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	entry = hash_search(tc_seg.map_table, &key, HASH_ENTER_NULL, &found);
	if (entry != NULL)
	{
		if (!found)
			tc_relation_entry_init_locked(entry);
		number = tc_relation_entry_unhook_locked(entry);
		tc_relation_entry_suspend_locked(entry, xid);
		tc_relation_entry_check_locked(entry);
	}
	LWLockRelease(tc_map_lock());
	tc_map_retire_entry(number);
}

void
tc_suspended_remove(Oid database, Oid relation, TransactionId xid)
{
	TcSharedRelationEntry *entry;

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	entry = tc_relation_entry_find_locked(database, relation);
	if (entry != NULL)
	{
		for (int i = 0; i < TC_SUSPENDERS; i++)
		{
			if (entry->suspended_by[i] == xid)
				entry->suspended_by[i] = InvalidTransactionId;
		}
		tc_relation_entry_drop_empty_locked(entry);
	}
	LWLockRelease(tc_map_lock());
}

int
tc_suspended_by(Oid database, Oid relation, TransactionId *xids)
{
	TcSharedRelationEntry *entry;
	int n = 0;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	entry = tc_relation_entry_find_locked(database, relation);
	for (int i = 0; entry != NULL && i < TC_SUSPENDERS; i++)
	{
		if (TransactionIdIsValid(entry->suspended_by[i]))
			xids[n++] = entry->suspended_by[i];
	}
	LWLockRelease(tc_map_lock());
	return n;
}

int
tc_suspended_list(TcSuspended *list, int max)
{
	HASH_SEQ_STATUS scan;
	TcSharedRelationEntry *entry;
	int n = 0;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	hash_seq_init(&scan, tc_seg.map_table);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		TransactionId xid = tc_relation_entry_suspender_locked(entry);

		if (!TransactionIdIsValid(xid))
			continue;
		list[n].database = entry->key.database;
		list[n].relation = entry->key.relation;
		list[n].xid = xid;
		if (++n == max)
		{
			hash_seq_term(&scan);
			break;
		}
	}
	LWLockRelease(tc_map_lock());
	return n;
}
