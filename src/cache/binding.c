/*-------------------------------------------------------------------------
 *
 * binding.c
 *	  Finds a map's entry in the segment and notices when it is another's.
 *
 * Structure: what a backend knows of a map carries the entry it was given
 * last.  The entry's generation tells whether it is still the map's.
 *
 * Concurrency: the generation is compared without a lock.  An entry that is
 * taken away right after is no danger: records of the old generation can
 * neither be added (writers compare again under the lock) nor mean anything
 * but what was true when they were found.
 *
 * What a transaction has suspended gets no entry (suspension.c).
 *
 * Failure: reads of a map without an entry fall back to the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "cache/binding.h"
#include "cache/cache_limits.h"
#include "cache/session.h"
#include "cache/suspension.h"
#include "segment/maps/map_acquire.h"
#include "segment/maps/map_table.h"
#include "segment/maps/suspended.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/segment.h"

struct TcBinding
{
	TcMapEntry entry;
};

const TcMapEntry *
tc_binding_entry(const TcMap *map)
{
	return &map->binding->entry;
}

/* Get an entry for an identity of the map; false while it is suspended. */
static bool
acquire_identity(TcMap *map, const TcMapIdentity *identity, TcMapEntry *entry)
{
	TcKeyLayout layout;

	tc_row_layout_key_layout(&map->layout, &layout);
	for (;;)
	{
		TransactionId suspended_by = InvalidTransactionId;

		AcceptInvalidationMessages();
		if (!tc_map_up_to_date(map))
			return false;
		if (tc_map_acquire(identity, &layout, entry, &suspended_by))
			return true;
		if (!TransactionIdIsValid(suspended_by) ||
			!tc_suspension_is_over(suspended_by))
			return false;
		tc_suspended_remove(identity->database, identity->relation,
							suspended_by);
	}
}

/* Get an entry for the map. */
static bool
acquire_entry(TcMap *map)
{
	TcMapIdentity identity;
	TcMapEntry entry;

	memset(&identity, 0, sizeof(identity));
	identity.database = MyDatabaseId;
	identity.relation = map->relation;
	identity.file = map->file;
	identity.key_index = map->key_index.index;
	identity.fingerprint = map->layout.fingerprint;
	identity.never_evicted = !map->def.durable;
	identity.expires = map->layout.expires != 0 && map->def.durable;
	if (!acquire_identity(map, &identity, &entry) ||
		!tc_cache_limits_bind(map, &entry))
		return false;
	tc_session_begin();
	if (map->binding == NULL)
		map->binding =
			MemoryContextAlloc(map->context, sizeof(struct TcBinding));
	map->binding->entry = entry;
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
		identity.fingerprint == map->layout.fingerprint)
		return false;
	tc_map_table_use(number, &use);
	return use.records > 0;
}

bool
tc_binding_acquire(TcMap *map)
{
	if (map->suspended != TC_NOT_SUSPENDED || !tc_segment_ready())
		return false;
	if (map->binding != NULL && tc_map_entry_is_current(&map->binding->entry))
		return true;
	return acquire_entry(map);
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
	probe->entry = map->binding->entry;
	probe->key = key->data;
	probe->key_bytes = key->length;
	probe->hash =
		murmurhash32(hash_bytes((unsigned char *) key->data, key->length) ^
					 probe->entry.salt);
}
