/*-------------------------------------------------------------------------
 *
 * limits.c
 *	  Keeps the limits of maps where every process sees them.
 *
 * Structure: a map entry carries the limits of its map's definition.  They are
 * set by whoever binds the map and finds others there, and, so that they
 * apply at once and whether or not somebody uses the map, by the transaction
 * that changes the definition when it commits.
 *
 * Concurrency: the difficulty is a backend that has read the definition just
 * before it was changed and sets the limits just after.  A change leaves its
 * transaction's id and counts.  Whoever wants to set what it has read looks
 * at both first; it gives up while that transaction has not sent its
 * messages, then makes sure that what it has read is what those messages
 * leave valid, and sets the limits only if nobody has changed them since it
 * looked.  So either it has read the newest definition or does nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"

#include "segment/maps/limits.h"
#include "segment/maps/relation_entry.h"
#include "segment/memory/map_entry.h"

void
tc_limits_create(uint32 number)
{
	TcSharedMapEntry *entry = &tc_seg.maps[number];

	pg_atomic_init_u64(&entry->max_cost, TC_NO_LIMIT);
	pg_atomic_init_u64(&entry->max_idle_us, TC_NO_LIMIT);
	pg_atomic_init_u64(&entry->next_expiry, PG_INT64_MAX);
	entry->limits_by = InvalidTransactionId;
	entry->limits_changes = 0;
}

/* Set the limits of a map entry; the map table is locked. */
static void
set_locked(TcSharedMapEntry *entry, const TcMapLimits *limits, TransactionId by)
{
	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	pg_atomic_write_u64(&entry->max_cost, limits->max_cost);
	pg_atomic_write_u64(&entry->max_idle_us, limits->max_idle_us);
	entry->limits_by = by;
	entry->limits_changes++;
}

void
tc_limits_init_locked(uint32 number)
{
	TcSharedMapEntry *entry = &tc_seg.maps[number];
	TcMapLimits none = {TC_NO_LIMIT, TC_NO_LIMIT};

	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	set_locked(entry, &none, InvalidTransactionId);

	/* nothing is known of the rows of a table that may have some */
	pg_atomic_write_u64(&entry->next_expiry,
						entry->identity.expires ? 0 : PG_INT64_MAX);
}

bool
tc_limits_differ(const TcMapEntry *entry, const TcMapLimits *limits,
				 TcLimitsState *state)
{
	TcSharedMapEntry *shared = &tc_seg.maps[entry->number];
	bool differ;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	differ = pg_atomic_read_u64(&shared->max_cost) != limits->max_cost ||
		pg_atomic_read_u64(&shared->max_idle_us) != limits->max_idle_us;
	state->by = shared->limits_by;
	state->changes = shared->limits_changes;
	LWLockRelease(tc_map_lock());
	return differ;
}

void
tc_limits_apply(const TcMapEntry *entry, const TcMapLimits *limits,
				const TcLimitsState *state)
{
	TcSharedMapEntry *shared = &tc_seg.maps[entry->number];

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	if (tc_map_entry_is_current(entry) &&
		shared->limits_changes == state->changes)
		set_locked(shared, limits, InvalidTransactionId);
	LWLockRelease(tc_map_lock());
}

void
tc_limits_change(Oid database, Oid relation, const TcMapLimits *limits,
				 TransactionId xid)
{
	TcSharedRelationEntry *relation_entry;

	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	relation_entry = tc_relation_entry_make_locked(database, relation);
	if (relation_entry != NULL)
	{
		if (relation_entry->map_entry != TC_NO_MAP_ENTRY)
			set_locked(&tc_seg.maps[relation_entry->map_entry], limits, xid);
		else
			tc_relation_entry_suspend_locked(relation_entry, xid);
		tc_relation_entry_check_locked(relation_entry);
	}
	LWLockRelease(tc_map_lock());
}
