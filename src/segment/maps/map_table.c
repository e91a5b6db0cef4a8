/*-------------------------------------------------------------------------
 *
 * map_table.c
 *	  Which map has which entry, and what it holds.
 *
 * Structure: a hash table leads from a relation to its map entry.
 *
 * Concurrency: everything under the map table lock, what a map holds under
 * its shards'.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"

#include "segment/maps/map_table.h"
#include "segment/maps/relation_entry.h"

void
tc_map_table_hold_locked(uint16 number, TcMapEntry *entry)
{
	Assert(LWLockHeldByMe(tc_map_lock()));
	entry->number = number;
	entry->generation = pg_atomic_read_u32(&tc_seg.maps[number].generation);
	entry->salt =
		hash_combine(murmurhash32(number + 1), murmurhash32(entry->generation));
}

bool
tc_map_table_has_free(void)
{
	const TcSharedSegment *head = tc_seg.head;
	bool has_free;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	has_free =
		head->free_map != TC_NO_MAP_ENTRY || head->maps_used < head->max_maps;
	LWLockRelease(tc_map_lock());
	return has_free;
}

/* Is an entry some map's? */
static bool
is_live_locked(uint16 number)
{
	Assert(LWLockHeldByMe(tc_map_lock()));
	return number < tc_seg.head->maps_used &&
		pg_atomic_read_u32(&tc_seg.maps[number].state) == TC_MAP_LIVE;
}

uint32
tc_map_table_count_elsewhere(Oid database)
{
	uint32 n = 0;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	for (uint32 m = 0; m < tc_seg.head->maps_used; m++)
	{
		if (is_live_locked(m) && tc_seg.maps[m].identity.database != database)
			n++;
	}
	LWLockRelease(tc_map_lock());
	return n;
}

bool
tc_map_table_identity(uint16 number, TcMapIdentity *identity)
{
	bool live;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	live = is_live_locked(number);
	if (live)
		*identity = tc_seg.maps[number].identity;
	LWLockRelease(tc_map_lock());
	return live;
}

bool
tc_map_table_describe(uint16 number, TcMapIdentity *identity, TcMapEntry *entry,
					  TcKeyLayout *layout)
{
	bool live;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	live = is_live_locked(number);
	if (live)
	{
		*identity = tc_seg.maps[number].identity;
		tc_map_table_hold_locked(number, entry);
		*layout = tc_map_body(number)->key_layout;
	}
	LWLockRelease(tc_map_lock());
	return live;
}

bool
tc_map_table_find(Oid database, Oid relation, uint16 *number)
{
	TcSharedRelationEntry *relation_entry;
	bool found;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	relation_entry = tc_relation_entry_find_locked(database, relation);
	found =
		relation_entry != NULL && relation_entry->map_entry != TC_NO_MAP_ENTRY;
	if (found)
		*number = relation_entry->map_entry;
	LWLockRelease(tc_map_lock());
	return found;
}

bool
tc_map_table_find_last(Oid database, Oid relation, uint16 *number)
{
	bool found = false;

	if (tc_map_table_find(database, relation, number))
		return true;
	LWLockAcquire(tc_map_lock(), LW_SHARED);
	for (uint32 m = 0; m < tc_seg.head->maps_used && !found; m++)
	{
		const TcMapIdentity *identity = &tc_seg.maps[m].identity;

		found =
			identity->database == database && identity->relation == relation;
		*number = m;
	}
	LWLockRelease(tc_map_lock());
	return found;
}

void
tc_map_table_use(uint16 number, TcMapUse *use)
{
	TcSharedMapBody *body = tc_map_body(number);

	memset(use, 0, sizeof(TcMapUse));
	for (int i = 0; i < TC_SHARDS; i++)
	{
		TcSharedShard *shard = &body->shard[i];

		LWLockAcquire(&shard->lock, LW_SHARED);
		use->records += shard->records - shard->negative_records;
		use->dirty_records += shard->dirty_records;
		use->bytes += shard->bytes;
		use->cost += shard->cost;
		LWLockRelease(&shard->lock);
	}
}

#ifdef USE_ASSERT_CHECKING

static void
check_all_locked(void)
{
	TcSharedSegment *head = tc_seg.head;
	HASH_SEQ_STATUS scan;
	TcSharedRelationEntry *relation_entry;
	uint32 in_use = 0;
	uint32 free = 0;

	Assert(LWLockHeldByMe(tc_map_lock()));
	hash_seq_init(&scan, tc_seg.map_table);
	while ((relation_entry = hash_seq_search(&scan)) != NULL)
	{
		tc_relation_entry_check_locked(relation_entry);
		if (relation_entry->map_entry != TC_NO_MAP_ENTRY)
			in_use++;
	}
	for (uint32 m = head->free_map; m != TC_NO_MAP_ENTRY;
		 m = tc_seg.maps[m].next_free)
	{
		Assert(m < head->maps_used);
		Assert(pg_atomic_read_u32(&tc_seg.maps[m].state) == TC_MAP_FREE);
		Assert(++free <= head->maps_used);
	}

	/* the others are on their way from the one to the other */
	Assert(in_use + free <= head->maps_used);
	Assert(head->maps_used <= head->max_maps);
}

void
tc_map_table_check(void)
{
	LWLockAcquire(tc_map_lock(), LW_SHARED);
	check_all_locked();
	LWLockRelease(tc_map_lock());
}

#endif /* USE_ASSERT_CHECKING */
