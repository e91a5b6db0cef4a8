/*-------------------------------------------------------------------------
 *
 * settle.c
 *	  Settles versions when the transaction that wrote them ends.
 *
 * Structure: a backend remembers where it put versions, with the
 * subtransaction that wrote each.  The callbacks at the end of a transaction
 * and of a subtransaction settle them.  That is only the fast path: what no
 * callback reaches (a prepared transaction, a backend that was killed) stays
 * dirty until a writer of the same key or the background worker asks the
 * commit log.
 *
 * A version becomes clean only when the commit record is flushed.  With
 * synchronous_commit = off that is later than the commit; the version stays
 * dirty, known to be committed, and the worker makes it clean.
 *
 * Concurrency: the commit callback runs when the transaction is already
 * visible to others.  A reader that comes before it judges the version by
 * its snapshot and the commit log, with the same result.  A writer that
 * comes before it settles the version itself.  Settling names a version by
 * the transaction id that made it, so it never changes a newer one.
 *
 * Failure: the callbacks raise no errors.  Without memory to remember a
 * version an error is raised while it can still abort the transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "utils/memutils.h"

#include "cache/settle.h"
#include "cache/visibility.h"
#include "segment/evict/dirty.h"
#include "segment/index/settlement.h"
#include "segment/maps/budget.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"

/* A version that this transaction put into the segment. */
typedef struct Written
{
	uint32 hash;
	TransactionId xid;
	SubTransactionId subtransaction;
	uint16 map;
} Written;

/* In the order of writing, so those of a subtransaction are at the end. */
static Written *written = NULL;
static Size written_count = 0;
static Size written_capacity = 0;

#define FIRST_CAPACITY 64

/* Records evicted by the end of a transaction; the worker does the rest. */
#define EVICT_AT_COMMIT 100

void
tc_settle_remember(const TcProbe *probe, TransactionId xid)
{
	Written *last = written_count > 0 ? &written[written_count - 1] : NULL;

	/* writing one key again and again is remembered once */
	if (last != NULL && last->hash == probe->hash && last->xid == xid &&
		last->map == probe->entry.number)
		return;
	if (written_count == written_capacity)
	{
		Size capacity = Max(written_capacity * 2, FIRST_CAPACITY);

		written = written_capacity == 0
			? MemoryContextAlloc(TopTransactionContext,
								 capacity * sizeof(Written))
			: repalloc_huge(written, capacity * sizeof(Written));
		written_capacity = capacity;
	}
	written[written_count].hash = probe->hash;
	written[written_count].xid = xid;
	written[written_count].subtransaction = GetCurrentSubTransactionId();
	written[written_count].map = probe->entry.number;
	written_count++;
}

/*
 * Records that have become clean can be evicted: keep their maps within
 * their budgets.
 */
static void
enforce_budgets(void)
{
	for (Size i = 0; i < written_count; i++)
	{
		if (i == 0 || written[i].map != written[i - 1].map)
			tc_budget_enforce(written[i].map, EVICT_AT_COMMIT);
	}
}

/* The memory goes with the transaction's context. */
static void
forget_written(void)
{
	written = NULL;
	written_count = written_capacity = 0;
}

static void
transaction_ended(XactEvent event, void *arg)
{
	bool durable;

	switch (event)
	{
		case XACT_EVENT_COMMIT:
			/* zero: nothing was logged, so there is nothing to flush */
			durable = written_count > 0 &&
				(XLogRecPtrIsInvalid(XactLastCommitEnd) ||
				 XactLastCommitEnd <= GetFlushRecPtr(NULL));
			for (Size i = 0; i < written_count; i++)
				tc_settlement_commit(written[i].map, written[i].hash,
									 written[i].xid, durable);
			enforce_budgets();
			forget_written();
			break;
		case XACT_EVENT_ABORT:
			for (Size i = written_count; i-- > 0;)
				tc_settlement_abort(written[i].map, written[i].hash,
									written[i].xid);
			forget_written();
			break;
		case XACT_EVENT_PREPARE:
			forget_written();
			break;
		default:
			return;
	}
	if (tc_segment_ready())
		tc_counters_flush(false);
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine,
					 SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (Size i = written_count;
			 i > 0 && written[i - 1].subtransaction == mine; i--)
			written[i - 1].subtransaction = parent;
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (written_count > 0 &&
			   written[written_count - 1].subtransaction == mine)
		{
			Written *last = &written[--written_count];

			tc_settlement_abort(last->map, last->hash, last->xid);
		}
	}
}

void
tc_settle_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

bool
tc_settle_version(uint16 map, uint32 hash, TransactionId xid)
{
	switch (tc_visibility_fate(xid))
	{
		case TC_FATE_RUNNING:
			return false;
		case TC_FATE_ABORTED:
			tc_settlement_abort(map, hash, xid);
			return true;
		case TC_FATE_COMMITTED:
			tc_settlement_commit(map, hash, xid, false);
			return true;
		case TC_FATE_DURABLE:
			tc_settlement_commit(map, hash, xid, true);
			return true;
	}
	return false;
}

/* Settle what can be settled of one shard. */
static int
settle_shard(uint16 map, int shard, TcDirty *dirty, int max)
{
	int n = tc_dirty_list(map, shard, dirty, max);

	for (int i = 0; i < n; i++)
	{
		if (!(dirty[i].never_evicted && dirty[i].committed))
			tc_settle_version(map, dirty[i].hash, dirty[i].xmin);
		if (TransactionIdIsValid(dirty[i].ended_by))
			tc_settle_version(map, dirty[i].hash, dirty[i].ended_by);
	}
	return n;
}

int64
tc_settle_leftovers(int max)
{
	TcDirty *dirty = palloc(max * sizeof(TcDirty));
	int64 seen = 0;

	for (uint32 map = 0; map < tc_map_entry_count(); map++)
	{
		if (!tc_map_entry_has_body(map))
			continue;
		for (int shard = 0; shard < TC_SHARDS; shard++)
			seen += settle_shard(map, shard, dirty, max);
	}
	pfree(dirty);
	return seen;
}
