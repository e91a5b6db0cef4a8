/*-------------------------------------------------------------------------
 *
 * bypass.c
 *	  Whether the cache may answer reads, and why not.
 *
 * Concurrency: a transaction that may have written to the table falls back
 * to it, since its own writes reach the cache only at the end of a statement.
 * It has an xid then, and the lock that writers take to the end of the
 * transaction; both are asked of PostgreSQL each time, since savepoints give
 * locks back.
 *
 * Failure: whatever is unclear is a bypass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "base/settings.h"
#include "cache/binding.h"
#include "cache/bypass.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"
#include "table/privileges.h"

StaticAssertDecl(TC_NBYPASSES == TC_BYPASS_REASONS,
				 "each reason has a counter");

/* ----- counting ----- */

/*
 * A map that is suspended has no place to count in.  What was counted for it
 * meanwhile is kept here, for a few maps, and is brought there when this
 * backend reads the map again.
 */
typedef struct Uncounted
{
	Oid relation;
	int64 n[TC_NBYPASSES];
} Uncounted;

#define UNCOUNTED_MAPS 8

static Uncounted uncounted[UNCOUNTED_MAPS];

static void
count_later(Oid relation, TcBypass bypass)
{
	Uncounted *place = &uncounted[relation % UNCOUNTED_MAPS];

	if (place->relation != relation)
		memset(place, 0, sizeof(Uncounted));
	place->relation = relation;
	place->n[bypass]++;
}

static void
count_now(const TcMap *map)
{
	Uncounted *place = &uncounted[map->relation % UNCOUNTED_MAPS];

	if (place->relation != map->relation)
		return;
	for (int i = 0; i < TC_NBYPASSES; i++)
	{
		if (place->n[i] > 0)
			tc_counters_add(tc_binding_entry(map), TC_COUNT_BYPASSES + i,
							place->n[i]);
	}
	memset(place, 0, sizeof(Uncounted));
}

void
tc_bypass_count(TcMap *map, TcBypass bypass)
{
	if (!tc_segment_ready())
		return;
	if (!tc_binding_acquire(map))
	{
		count_later(map->relation, bypass);
		return;
	}
	tc_counters_add(tc_binding_entry(map), TC_COUNT_BYPASSES + bypass, 1);
	count_now(map);
}

/* ----- may the cache answer? ----- */

/*
 * May this transaction have written to the relation?  Without an xid it has
 * written nothing.  A parallel worker does not see its leader's locks.
 */
static bool
may_have_written(Oid relation)
{
	LOCKTAG tag;

	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return false;
	if (IsParallelWorker())
		return true;
	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relation);
	return tc_lock_held(&tag, RowExclusiveLock);
}

TcBypass
tc_bypass_fill_reason(TcMap *map, Snapshot snapshot)
{
	if (RecoveryInProgress())
		return TC_BYPASS_RECOVERY;
	if (!map->def.durable || !tc_binding_acquire(map))
		return TC_BYPASS_SUSPENDED;
	if (IsolationIsSerializable())
		return TC_BYPASS_SERIALIZABLE;
	if (!IsMVCCSnapshot(snapshot) || !tc_key_index_complete(&map->key_index))
		return TC_BYPASS_SNAPSHOT;
	if (may_have_written(map->relation))
		return TC_BYPASS_OWN_WRITES;
	return TC_BYPASS_NONE;
}

bool
tc_bypass_may_fill(TcMap *map, Snapshot snapshot)
{
	return tc_bypass_fill_reason(map, snapshot) == TC_BYPASS_NONE;
}

TcBypass
tc_bypass_reason(TcMap *map, Snapshot snapshot, bool checked, bool by_sql)
{
	TcBypass bypass;

	if (!map->def.durable)
	{
		tc_binding_require(map);
		return TC_BYPASS_NONE;
	}
	if (!tc_enabled)
		return TC_BYPASS_DISABLED;
	if (!checked && tc_privileges_policies_apply(map))
		return TC_BYPASS_POLICIES;
	if (by_sql)
		return TC_BYPASS_SUSPENDED;
	bypass = tc_bypass_fill_reason(map, snapshot);
	if (bypass == TC_BYPASS_NONE)
		count_now(map);
	return bypass;
}

const char *
tc_bypass_text(TcBypass bypass)
{
	static const char *const text[TC_NBYPASSES] = {
		[TC_BYPASS_NONE] = "none",
		[TC_BYPASS_DISABLED] = "disabled",
		[TC_BYPASS_POLICIES] = "row security",
		[TC_BYPASS_SUSPENDED] = "suspended",
		[TC_BYPASS_RECOVERY] = "recovery",
		[TC_BYPASS_SERIALIZABLE] = "serializable",
		[TC_BYPASS_OWN_WRITES] = "own writes",
		[TC_BYPASS_SNAPSHOT] = "snapshot"};

	return text[bypass];
}
