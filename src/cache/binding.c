/*-------------------------------------------------------------------------
 *
 * binding.c
 *	  Finds the slot of a map and notices when it has changed hands.
 *
 * Structure: what a backend knows of a map carries the slot it was given
 * last.  The slot's generation tells whether it is still the map's.
 *
 * Concurrency: the generation is compared without a lock.  A slot that is
 * taken away right after is no danger: records of the old generation can
 * neither be added (writers compare again under the lock) nor mean anything
 * but what was true when they were found.
 *
 * A transaction that changes how a relation is guarded, or what of it is a
 * map, suspends it: at once, and until the transaction has ended and its
 * invalidation messages are out.  Those go out after it has become visible,
 * but before it releases its locks; so its end is told by the lock on its
 * transaction id, which also holds for one that is prepared.  Whoever wants
 * a slot after that reads all messages first and gives up when what it knows
 * of the map is outdated.  So a slot is only ever made by a backend that
 * knows the relation's triggers as they are, and every record of it has been
 * guarded from its first moment.
 *
 * Failure: a map without a slot is read from the heap.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/pg_compat.h"
#include "cache/binding.h"
#include "cache/cache_limits.h"
#include "cache/session.h"
#include "segment/maps/map_acquire.h"
#include "segment/maps/map_retire.h"
#include "segment/maps/map_table.h"
#include "segment/maps/suspended.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"

struct TcBinding
{
	TcMapEntry slot;
};

const TcMapEntry *
tc_binding_entry(const TcMap *map)
{
	return &map->binding->slot;
}

/* Has the transaction that suspended a relation ended, messages and all? */
bool
tc_suspension_is_over(TransactionId xid)
{
	return TransactionIdIsNormal(xid) &&
		!TransactionIdIsCurrentTransactionId(xid) && tc_try_xact_lock(xid);
}

/* Get a slot for an identity of the map; false while it is suspended. */
static bool
acquire_identity(TcMap *map, const TcMapIdentity *identity, TcMapEntry *slot)
{
	TcKeyLayout layout;

	tc_row_layout_key_layout(&map->layout, &layout);
	for (;;)
	{
		TransactionId suspended_by = InvalidTransactionId;

		AcceptInvalidationMessages();
		if (!tc_map_up_to_date(map))
			return false;
		if (tc_map_acquire(identity, &layout, slot, &suspended_by))
			return true;
		if (!TransactionIdIsValid(suspended_by) ||
			!tc_suspension_is_over(suspended_by))
			return false;
		tc_suspended_remove(identity->database, identity->relation,
							suspended_by);
	}
}

/* Get a slot for the map. */
static bool
acquire_slot(TcMap *map)
{
	TcMapIdentity identity;
	TcMapEntry slot;

	memset(&identity, 0, sizeof(identity));
	identity.database = MyDatabaseId;
	identity.relation = map->relation;
	identity.file = map->file;
	identity.key_index = map->key_index.index;
	identity.shape = map->layout.fingerprint;
	identity.pinned = !map->def.durable;
	identity.expires = map->layout.expires != 0 && map->def.durable;
	if (!acquire_identity(map, &identity, &slot) ||
		!tc_cache_limits_bind(map, &slot))
		return false;
	tc_session_begin();
	if (map->binding == NULL)
		map->binding =
			MemoryContextAlloc(map->context, sizeof(struct TcBinding));
	map->binding->slot = slot;
	return true;
}

bool
tc_binding_records_outdated(const TcMap *map)
{
	TcMapIdentity identity;
	TcMapUse use;
	uint16 number;

	if (!tc_segment_ready() ||
		!tc_map_table_find(MyDatabaseId, map->relation, &number) ||
		!tc_map_table_identity(number, &identity) ||
		identity.shape == map->layout.fingerprint)
		return false;
	tc_map_table_use(number, &use);
	return use.records > 0;
}

bool
tc_binding_acquire(TcMap *map)
{
	if (map->suspended != TC_NOT_SUSPENDED || !tc_segment_ready())
		return false;
	if (map->binding != NULL && tc_map_entry_is_current(&map->binding->slot))
		return true;
	return acquire_slot(map);
}

void
tc_binding_require(TcMap *map)
{
	tc_segment_require();
	if (!tc_binding_acquire(map))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
				 errdetail("The segment has no room for map \"%s\".",
						   map->name),
				 errhint("Raise \"topcache.max_maps\" or \"topcache.size\".")));
}

void
tc_binding_probe(TcProbe *probe, const TcMap *map, const TcBytes *key)
{
	probe->slot = map->binding->slot;
	probe->key = key->data;
	probe->key_bytes = key->length;
	probe->hash =
		murmurhash32(hash_bytes((unsigned char *) key->data, key->length) ^
					 probe->slot.salt);
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

void
tc_forget_records(Oid relation)
{
	uint16 number;

	if (tc_segment_ready() &&
		tc_map_table_find(MyDatabaseId, relation, &number))
		tc_map_retire(MyDatabaseId, relation);
}

/* Suspended relations that one round of the worker looks at. */
#define RESUME_PER_ROUND 256

void
tc_suspension_resume_leftovers(void)
{
	TcSuspended list[RESUME_PER_ROUND];
	int n = tc_suspended_list(list, RESUME_PER_ROUND);

	/* whoever wants a slot after this reads invalidation messages first */
	for (int i = 0; i < n; i++)
	{
		if (tc_suspension_is_over(list[i].xid))
			tc_suspended_remove(list[i].database, list[i].relation,
								list[i].xid);
	}
}

/* ----- dropping ----- */

/* What the transaction has dropped, if it has not undone it. */
static List *dropped_relations = NIL;
static List *dropped_databases = NIL;

/* Is one of the relations a volatile map's? */
static bool dropped_volatile = false;

/* Remember an object to the end of the transaction. */
static void
remember_dropped(List **list, Oid object)
{
	MemoryContext previous = MemoryContextSwitchTo(TopTransactionContext);

	*list = list_append_unique_oid(*list, object);
	MemoryContextSwitchTo(previous);
}

void
tc_forget_relation_at_commit(Oid relation, bool is_volatile)
{
	if (!tc_segment_ready())
		return;
	remember_dropped(&dropped_relations, relation);
	dropped_volatile |= is_volatile;
}

void
tc_forget_database_at_commit(Oid database)
{
	if (tc_segment_ready())
		remember_dropped(&dropped_databases, database);
}

/* Forget relations that are there after all: a savepoint was rolled back. */
static void
keep_existing(void)
{
	ListCell *cell;

	foreach (cell, dropped_relations)
	{
		if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(lfirst_oid(cell))))
			dropped_relations =
				foreach_delete_current (dropped_relations, cell);
	}
}

/* The transaction has committed: what it dropped is gone. */
static void
forget_dropped(void)
{
	ListCell *cell;

	foreach (cell, dropped_relations)
		tc_map_retire_forget(MyDatabaseId, lfirst_oid(cell));
	foreach (cell, dropped_databases)
		tc_map_retire_forget_database(lfirst_oid(cell));
	if (dropped_relations != NIL || dropped_databases != NIL)
		tc_segment_wake_worker();
}

static void
transaction_ended(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			keep_existing();
			return;
		case XACT_EVENT_PRE_PREPARE:
			if (dropped_volatile)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has "
								"dropped a volatile map")));
			return;
		case XACT_EVENT_COMMIT:
			forget_dropped();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			break;
		default:
			return;
	}
	dropped_relations = dropped_databases = NIL;
	dropped_volatile = false;
}

void
tc_binding_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
}
