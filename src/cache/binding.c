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
 * DDL that ends the caching of a relation retires its slot twice: at once,
 * so that nothing of the past is found, and after the transaction, so that
 * nothing stays that was cached while it ran.
 *
 * Failure: a map without a slot is read from the heap.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "cache/binding.h"
#include "cache/session.h"
#include "segment/maptable.h"
#include "segment/segment.h"

struct TcBinding
{
	TcMapSlot	slot;
};

/* Relations whose slots are retired when the transaction ends. */
static List *ending_relations = NIL;

const TcMapSlot *
tc_bound_slot(const TcMap *map)
{
	return &map->binding->slot;
}

/* Get a slot for the map, or lose the one it had. */
static bool
acquire_slot(TcMap *map)
{
	TcMapIdentity identity;
	TcMapSlot	slot;

	memset(&identity, 0, sizeof(identity));
	identity.database = MyDatabaseId;
	identity.relation = map->relation;
	identity.file = map->file;
	identity.key_index = map->key_index;
	identity.shape = map->shape.fingerprint;
	identity.pinned = !map->def.durable;
	if (!tc_map_acquire(&identity, &slot))
		return false;
	tc_session_begin();
	if (map->binding == NULL)
		map->binding = MemoryContextAlloc(map->context,
										  sizeof(struct TcBinding));
	map->binding->slot = slot;
	return true;
}

bool
tc_bind(TcMap *map)
{
	if (map->suspended != TC_NOT_SUSPENDED || !tc_segment_ready())
		return false;
	if (map->binding != NULL && tc_map_current(&map->binding->slot))
		return true;
	return acquire_slot(map);
}

void
tc_probe_init(TcProbe *probe, const TcMap *map, const TcBytes *key)
{
	probe->slot = map->binding->slot;
	probe->key = key->data;
	probe->key_bytes = key->length;
	probe->hash = murmurhash32(hash_bytes((unsigned char *) key->data,
										  key->length) ^ probe->slot.salt);
}

void
tc_unbind_at_end(Oid relation)
{
	MemoryContext previous;

	if (!tc_segment_ready())
		return;
	tc_map_retire(MyDatabaseId, relation);
	previous = MemoryContextSwitchTo(TopTransactionContext);
	ending_relations = lappend_oid(ending_relations, relation);
	MemoryContextSwitchTo(previous);
}

static void
transaction_ended(XactEvent event, void *arg)
{
	ListCell   *cell;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	foreach(cell, ending_relations)
		tc_map_retire(MyDatabaseId, lfirst_oid(cell));
	ending_relations = NIL;
}

void
tc_binding_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
}
