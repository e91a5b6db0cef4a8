/*-------------------------------------------------------------------------
 *
 * cache_limits.c
 *	  Keeps maps within the limits of their definitions.
 *
 * Structure: a definition's limits are put into the map's entry: when a
 * backend binds the map, and when a transaction that has changed them
 * commits.  Budgets are enforced by whoever stores a record, after storing
 * it, and by the worker; time is up to the worker alone.
 *
 * A record of a table whose rows do not expire still has a time if its map
 * has a time to live.  It says how long the record may stay, and nothing of
 * the row: a read that comes later takes it for a miss.
 *
 * Concurrency: see segment/maps/limits.c.  What is read of a definition before
 * commit is what the transaction leaves behind, savepoints and all.  A
 * transaction that is prepared has nobody to speak for it at its end, so the
 * relation is suspended until then.
 *
 * Failure: an error while definitions are read aborts the transaction that
 * changed them.  After commit nothing can fail.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/pg_compat.h"
#include "cache/cache_limits.h"
#include "cache/suspension.h"
#include "segment/index/expire.h"
#include "segment/maps/budget.h"
#include "segment/maps/limits.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/segment.h"

/* Records that a backend evicts for one that it stored. */
#define EVICT_PER_RECORD 100

/* Records of each map that one round drops for their time. */
#define EXPIRE_PER_ROUND 100000

/* Evictions between two looks at interrupts. */
#define EVICT_BATCH 1000

/* A definition that the transaction has changed. */
typedef struct Changed
{
	Oid relation;
	bool defined; /* it is still there */
	TcMapLimits limits;
} Changed;

static List *changed = NIL;

/* ----- from the definition to the entry ----- */

static void
limits_of(const TcMapDefinition *def, TcMapLimits *limits)
{
	limits->max_cost = limits->max_idle_us = TC_NO_LIMIT;

	/* what lives in the segment alone is not evicted */
	if (!def->durable)
		return;
	if (def->max_cost >= 0)
		limits->max_cost = def->max_cost;
	if (def->max_idle != NULL)
		limits->max_idle_us = tc_map_definition_interval_us(def->max_idle);
}

/* Has this transaction changed the definition?  What it reads may be undone. */
static bool
is_changed_here(Oid relation)
{
	ListCell *cell;

	foreach (cell, changed)
	{
		if (((const Changed *) lfirst(cell))->relation == relation)
			return true;
	}
	return false;
}

bool
tc_cache_limits_bind(TcMap *map, const TcMapEntry *entry)
{
	TcMapLimits limits;
	TcLimitsState state;

	if (is_changed_here(map->relation))
		return true;
	limits_of(&map->def, &limits);
	if (!tc_limits_differ(entry, &limits, &state))
		return true;
	if (TransactionIdIsValid(state.by) && !tc_suspension_is_over(state.by))
		return true;
	AcceptInvalidationMessages();
	if (!tc_map_up_to_date(map))
		return false;
	tc_limits_apply(entry, &limits, &state);
	return true;
}

/* ----- changes of definitions ----- */

void
tc_cache_limits_changed(Oid relation)
{
	MemoryContext previous;
	Changed *change;

	if (!tc_segment_ready())
		return;
	previous = MemoryContextSwitchTo(TopTransactionContext);
	change = palloc0(sizeof(Changed));
	change->relation = relation;
	changed = lappend(changed, change);
	MemoryContextSwitchTo(previous);
}

/* Look what the transaction leaves behind. */
static void
read_changed(void)
{
	ListCell *cell;

	foreach (cell, changed)
	{
		Changed *change = lfirst(cell);
		TcMapDefinition def;

		change->defined = tc_map_definition_read(change->relation, &def);
		if (change->defined)
			limits_of(&def, &change->limits);
	}
}

static void
apply_changed(void)
{
	ListCell *cell;

	foreach (cell, changed)
	{
		Changed *change = lfirst(cell);

		if (change->defined)
			tc_limits_change(MyDatabaseId, change->relation, &change->limits,
							 GetTopTransactionIdIfAny());
	}
	if (changed != NIL)
		tc_segment_wake_worker();
}

static void
suspend_changed(void)
{
	ListCell *cell;

	foreach (cell, changed)
	{
		Changed *change = lfirst(cell);

		tc_suspension_begin(change->relation);
	}
}

static void
transaction_ended(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			read_changed();
			return;
		case XACT_EVENT_PRE_PREPARE:
			suspend_changed();
			return;
		case XACT_EVENT_COMMIT:
			apply_changed();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			break;
		default:
			return;
	}
	/* its memory goes with the transaction */
	changed = NIL;
}

void
tc_cache_limits_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
}

/* ----- keeping within them ----- */

TimestampTz
tc_cache_limits_expiry(const TcMap *map, TimestampTz row_expires)
{
	TimestampTz now;
	uint64 ttl_us;

	if (map->def.ttl == NULL || !tc_cache_limits_residency_only(map))
		return row_expires;
	now = GetCurrentTimestamp();
	ttl_us = tc_map_definition_interval_us(map->def.ttl);
	return ttl_us < (uint64) (PG_INT64_MAX - now) ? now + (int64) ttl_us
												  : PG_INT64_MAX;
}

void
tc_cache_limits_stored(const TcMapEntry *entry)
{
	tc_budget_enforce(entry->number, EVICT_PER_RECORD);
}

void
tc_cache_limits_step(void)
{
	for (uint32 map = 0; map < tc_map_entry_count(); map++)
	{
		if (!tc_map_entry_has_body(map))
			continue;
		while (tc_budget_enforce(map, EVICT_BATCH) == EVICT_BATCH)
			CHECK_FOR_INTERRUPTS();
	}
	tc_expire_step(EXPIRE_PER_ROUND);
}
