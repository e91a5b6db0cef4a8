/*-------------------------------------------------------------------------
 *
 * suspension.c
 *	  Keeps relations out of the cache while somebody changes them.
 *
 * A transaction that changes how a relation is guarded, or what of it is a
 * map, suspends it: at once, and until the transaction has ended and its
 * invalidation messages are out.  Those go out after it has become visible,
 * but before it releases its locks; so its end is told by the lock on its
 * transaction id, which also holds for one that is prepared.  Whoever wants
 * a map entry after that (binding.c) reads all messages first and gives up
 * when what it knows of the map is outdated.  So an entry is only ever made
 * by a backend that knows the relation's triggers as they are, and every
 * record of it has been guarded from its first moment.
 *
 * Failure: a suspension that nobody ends is ended by the background worker.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "base/pg_compat.h"
#include "cache/suspension.h"
#include "segment/maps/suspended.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"

/* Has the transaction that suspended a relation ended, messages and all? */
bool
tc_suspension_is_over(TransactionId xid)
{
	return TransactionIdIsNormal(xid) &&
		!TransactionIdIsCurrentTransactionId(xid) && tc_try_xact_lock(xid);
}

/* Let a relation resume from what suspended it and is over. */
static void
resume_if_over(Oid relation)
{
	TransactionId xids[TC_SUSPENDERS];
	int n = tc_suspended_by(MyDatabaseId, relation, xids);

	for (int i = 0; i < n; i++)
	{
		if (tc_suspension_is_over(xids[i]))
			tc_suspended_remove(MyDatabaseId, relation, xids[i]);
	}
}

void
tc_suspension_begin(Oid relation)
{
	if (!tc_segment_ready())
		return;
	resume_if_over(relation);
	tc_counters_flush(true);
	tc_suspended_add(MyDatabaseId, relation, GetTopTransactionId());
}

bool
tc_suspension_is_on(Oid relation)
{
	TransactionId xids[TC_SUSPENDERS];

	resume_if_over(relation);
	return tc_suspended_by(MyDatabaseId, relation, xids) > 0;
}

/* Suspended relations that one round of the worker looks at. */
#define RESUME_PER_ROUND 256

void
tc_suspension_resume_leftovers(void)
{
	TcSuspended list[RESUME_PER_ROUND];
	int n = tc_suspended_list(list, RESUME_PER_ROUND);

	/* whoever wants an entry after this reads invalidation messages first */
	for (int i = 0; i < n; i++)
	{
		if (tc_suspension_is_over(list[i].xid))
			tc_suspended_remove(list[i].database, list[i].relation,
								list[i].xid);
	}
}
