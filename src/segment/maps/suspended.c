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
	TcSharedRelationEntry *relation_entry;
	uint32 number = TC_NO_MAP_ENTRY;

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	relation_entry = tc_relation_entry_make_locked(database, relation);
	if (relation_entry != NULL)
	{
		number = tc_relation_entry_unhook_locked(relation_entry);
		tc_relation_entry_suspend_locked(relation_entry, xid);
		tc_relation_entry_check_locked(relation_entry);
	}
	LWLockRelease(tc_map_lock());
	tc_map_retire_entry(number);
}

void
tc_suspended_remove(Oid database, Oid relation, TransactionId xid)
{
	TcSharedRelationEntry *relation_entry;

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	relation_entry = tc_relation_entry_find_locked(database, relation);
	if (relation_entry != NULL)
	{
		for (int i = 0; i < TC_SUSPENDERS; i++)
		{
			if (relation_entry->suspended_by[i] == xid)
				relation_entry->suspended_by[i] = InvalidTransactionId;
		}
		tc_relation_entry_drop_empty_locked(relation_entry);
	}
	LWLockRelease(tc_map_lock());
}

int
tc_suspended_by(Oid database, Oid relation, TransactionId *xids)
{
	TcSharedRelationEntry *relation_entry;
	int n = 0;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	relation_entry = tc_relation_entry_find_locked(database, relation);
	for (int i = 0; relation_entry != NULL && i < TC_SUSPENDERS; i++)
	{
		if (TransactionIdIsValid(relation_entry->suspended_by[i]))
			xids[n++] = relation_entry->suspended_by[i];
	}
	LWLockRelease(tc_map_lock());
	return n;
}

int
tc_suspended_list(TcSuspended *list, int max)
{
	HASH_SEQ_STATUS scan;
	TcSharedRelationEntry *relation_entry;
	int n = 0;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	hash_seq_init(&scan, tc_seg.map_table);
	while ((relation_entry = hash_seq_search(&scan)) != NULL)
	{
		TransactionId xid = tc_relation_entry_suspender_locked(relation_entry);

		if (!TransactionIdIsValid(xid))
			continue;
		list[n].database = relation_entry->key.database;
		list[n].relation = relation_entry->key.relation;
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
