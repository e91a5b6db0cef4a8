/*-------------------------------------------------------------------------
 *
 * maptable.c
 *	  Slots for maps: who has which, and how one is given up.
 *
 * Structure: a hash table leads from a relation to a slot.  A slot stands
 * for one incarnation of a map: the relation with one file, one key index
 * and one shape of its columns.  When the relation comes back with anything
 * of that changed it gets another slot, so that no record of the old
 * incarnation can be found.  The old slot is retired: its generation moves
 * on at once, its records are dropped little by little, and then it is free.
 * The hash of every key contains the slot's salt, so the records of one map
 * do not meet those of another in the index.
 *
 * A relation can be suspended by a transaction that changes how it is
 * guarded: it has no slot then, and gets none until somebody who has seen the
 * transaction's end, and its effects, lets it resume.
 *
 * A slot's lists and counters lie in a body that is made in the arena when
 * the slot is first used.
 *
 * Concurrency: everything under the map table lock, except that generation
 * is read without it: by readers to see that their slot is current, and by
 * writers under a partition's lock before they add a record.  Retiring moves
 * the generation and then passes through all partition locks: whoever was
 * adding a record of the old generation has finished by then, and nobody
 * adds one after, so draining until the lists are empty drains all.
 *
 * Failure: without a free slot, or memory for its body, the map is not
 * cached; its reads go to the heap.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "segment/arena.h"
#include "segment/index.h"
#include "segment/maptable.h"
#include "segment/record.h"
#include "segment/room.h"
#include "segment/segment.h"
#include "segment/shard.h"
#include "segment/versions.h"

/* Records of retired maps that a backend drops; the worker drops the rest. */
#define DRAIN_AT_ONCE 1000

static inline uint32
bodies_per_page(void)
{
	return tc_seg.head->page_bytes / sizeof(TcSharedMapBody);
}

bool
tc_map_has_body(uint16 number)
{
	return number < tc_seg.head->maps_used &&
		tc_seg.bodies[number / bodies_per_page()] != TC_NO_PAGE;
}

static inline LWLock *
map_lock(void)
{
	return &tc_seg.map_lock[0].lock;
}

static bool
same_identity(const TcMapIdentity *a, const TcMapIdentity *b)
{
	return a->database == b->database && a->relation == b->relation &&
		a->file == b->file && a->key_index == b->key_index &&
		a->shape == b->shape && a->pinned == b->pinned;
}

static void
describe_slot(uint16 number, TcMapSlot *slot)
{
	slot->number = number;
	slot->generation = pg_atomic_read_u32(&tc_seg.maps[number].generation);
	slot->salt =
		hash_combine(murmurhash32(number + 1), murmurhash32(slot->generation));
}

bool
tc_map_current(const TcMapSlot *slot)
{
	return pg_atomic_read_u32(&tc_seg.maps[slot->number].generation) ==
		slot->generation;
}

/* ----- retiring ----- */

/* Take an entry's slot from it; its number, or TC_NO_SLOT. */
static uint32
unhook_locked(TcSharedMapEntry *entry)
{
	uint32 number = entry->slot;

	entry->slot = TC_NO_SLOT;
	if (number != TC_NO_SLOT)
		pg_atomic_fetch_add_u32(&tc_seg.maps[number].generation, 1);
	return number;
}

/* The entry of a relation, or NULL; the map table is locked. */
static TcSharedMapEntry *
find_entry_locked(Oid database, Oid relation)
{
	TcSharedMapKey key = {database, relation};

	return hash_search(tc_seg.map_table, &key, HASH_FIND, NULL);
}

/* A transaction that suspends the entry's relation, or none. */
static TransactionId
suspender(const TcSharedMapEntry *entry)
{
	for (int i = 0; i < TC_SUSPENDERS; i++)
	{
		if (TransactionIdIsValid(entry->suspended_by[i]))
			return entry->suspended_by[i];
	}
	return InvalidTransactionId;
}

/* Give a new entry its first contents. */
static void
init_entry(TcSharedMapEntry *entry)
{
	entry->slot = TC_NO_SLOT;
	for (int i = 0; i < TC_SUSPENDERS; i++)
		entry->suspended_by[i] = InvalidTransactionId;
}

/*
 * Note one more transaction.  Where there are too many, the last place says
 * for ever: caching a relation wrongly is worse than not at all.
 */
static void
add_suspender(TcSharedMapEntry *entry, TransactionId xid)
{
	int place = -1;

	for (int i = TC_SUSPENDERS - 1; i >= 0; i--)
	{
		if (entry->suspended_by[i] == xid)
			return;
		if (!TransactionIdIsValid(entry->suspended_by[i]))
			place = i;
	}
	if (place >= 0)
		entry->suspended_by[place] = xid;
	else
		entry->suspended_by[TC_SUSPENDERS - 1] = FrozenTransactionId;
}

/* An entry that says nothing is taken out; the map table is locked. */
static void
drop_empty_entry_locked(TcSharedMapEntry *entry)
{
	if (entry->slot == TC_NO_SLOT && !TransactionIdIsValid(suspender(entry)))
		hash_search(tc_seg.map_table, &entry->key, HASH_REMOVE, NULL);
}

/* Wait until nobody can be adding a record of an old generation. */
static void
pass_all_partitions(void)
{
	for (int i = 0; i < TC_PARTITIONS; i++)
	{
		LWLockAcquire(&tc_seg.index_locks[i].lock, LW_EXCLUSIVE);
		LWLockRelease(&tc_seg.index_locks[i].lock);
	}
}

/* Let the records of a slot that has been unhooked be drained. */
static void
retire_slot(uint32 number)
{
	if (number == TC_NO_SLOT)
		return;
	pass_all_partitions();
	pg_atomic_write_u32(&tc_seg.maps[number].state, TC_MAP_RETIRED);
}

void
tc_map_retire(Oid database, Oid relation)
{
	TcSharedMapEntry *entry;
	uint32 number = TC_NO_SLOT;

	LWLockAcquire(map_lock(), LW_EXCLUSIVE);
	entry = find_entry_locked(database, relation);
	if (entry != NULL)
	{
		number = unhook_locked(entry);
		drop_empty_entry_locked(entry);
	}
	LWLockRelease(map_lock());
	retire_slot(number);
}

void
tc_map_suspend(Oid database, Oid relation, TransactionId xid)
{
	TcSharedMapKey key = {database, relation};
	TcSharedMapEntry *entry;
	uint32 number = TC_NO_SLOT;
	bool found;

	LWLockAcquire(map_lock(), LW_EXCLUSIVE);
	entry = hash_search(tc_seg.map_table, &key, HASH_ENTER_NULL, &found);
	if (entry != NULL)
	{
		if (!found)
			init_entry(entry);
		number = unhook_locked(entry);
		add_suspender(entry, xid);
	}
	LWLockRelease(map_lock());
	retire_slot(number);
}

int
tc_map_suspenders(Oid database, Oid relation, TransactionId *xids)
{
	TcSharedMapEntry *entry;
	int n = 0;

	LWLockAcquire(map_lock(), LW_SHARED);
	entry = find_entry_locked(database, relation);
	for (int i = 0; entry != NULL && i < TC_SUSPENDERS; i++)
	{
		if (TransactionIdIsValid(entry->suspended_by[i]))
			xids[n++] = entry->suspended_by[i];
	}
	LWLockRelease(map_lock());
	return n;
}

int
tc_map_suspended(TcSuspended *list, int max)
{
	HASH_SEQ_STATUS scan;
	TcSharedMapEntry *entry;
	int n = 0;

	LWLockAcquire(map_lock(), LW_SHARED);
	hash_seq_init(&scan, tc_seg.map_table);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		TransactionId xid = suspender(entry);

		if (!TransactionIdIsValid(xid))
			continue;
		list[n].database = entry->key.database;
		list[n].relation = entry->key.relation;
		list[n].xid = xid;
		if (++n == max)
		{
			hash_seq_term(&scan);
			break;
		}
	}
	LWLockRelease(map_lock());
	return n;
}

void
tc_map_forget(Oid database, Oid relation)
{
	TcSharedMapEntry *entry;
	uint32 number = TC_NO_SLOT;

	LWLockAcquire(map_lock(), LW_EXCLUSIVE);
	entry = find_entry_locked(database, relation);
	if (entry != NULL)
	{
		number = unhook_locked(entry);
		init_entry(entry);
		drop_empty_entry_locked(entry);
	}
	LWLockRelease(map_lock());
	retire_slot(number);
}

void
tc_map_forget_database(Oid database)
{
	for (uint32 m = 0; m < tc_seg.head->maps_used; m++)
	{
		TcMapIdentity identity;

		if (tc_map_identity(m, &identity) && identity.database == database)
			tc_map_forget(database, identity.relation);
	}
}

void
tc_map_resume(Oid database, Oid relation, TransactionId xid)
{
	TcSharedMapEntry *entry;

	LWLockAcquire(map_lock(), LW_EXCLUSIVE);
	entry = find_entry_locked(database, relation);
	if (entry != NULL)
	{
		for (int i = 0; i < TC_SUSPENDERS; i++)
		{
			if (entry->suspended_by[i] == xid)
				entry->suspended_by[i] = InvalidTransactionId;
		}
		drop_empty_entry_locked(entry);
	}
	LWLockRelease(map_lock());
}

/* A record of a shard, of either list, or TC_NO_REF; with its hash. */
static TcRef
any_record(TcSharedShard *shard, uint32 *hash)
{
	TcRef ref;

	LWLockAcquire(&shard->lock, LW_SHARED);
	ref = shard->lru_tail != TC_NO_REF ? shard->lru_tail : shard->dirty_tail;
	if (ref != TC_NO_REF)
		*hash = tc_record_at(ref)->hash;
	LWLockRelease(&shard->lock);
	return ref;
}

/* Drop up to max records of a shard of a retired map. */
static int64
drain_shard(uint16 number, int shard_number, int64 max)
{
	TcSharedShard *shard = &tc_map_body(number)->shard[shard_number];
	int64 dropped = 0;
	uint32 hash;
	TcRef ref;

	while (dropped < max && (ref = any_record(shard, &hash)) != TC_NO_REF)
	{
		tc_versions_drop_retired(hash, ref);
		dropped++;
	}
	return dropped;
}

/* Give a slot without records back. */
static void
free_slot(uint16 number)
{
	TcSharedMap *map = &tc_seg.maps[number];

	LWLockAcquire(map_lock(), LW_EXCLUSIVE);
	if (pg_atomic_read_u32(&map->state) == TC_MAP_RETIRED)
	{
		pg_atomic_write_u32(&map->state, TC_MAP_FREE);
		map->next_free = tc_seg.head->free_map;
		tc_seg.head->free_map = number;
	}
	LWLockRelease(map_lock());
}

int64
tc_map_drain(int64 max)
{
	int64 dropped = 0;

	for (uint32 m = 0; m < tc_seg.head->maps_used && dropped < max; m++)
	{
		if (pg_atomic_read_u32(&tc_seg.maps[m].state) != TC_MAP_RETIRED)
			continue;
		for (int s = 0; s < TC_SHARDS; s++)
			dropped += drain_shard(m, s, max - dropped);
		if (tc_shards_empty(m))
			free_slot(m);
	}
	return dropped;
}

/* ----- acquiring ----- */

/* What was counted for a relation goes on in its next incarnation. */
typedef struct Counted
{
	uint64 counter[TC_NCOUNTERS];
	uint64 stats_reset;
} Counted;

/* The slot that the relation has, if it is for this incarnation. */
static bool
find_slot(const TcMapIdentity *identity, TcMapSlot *slot,
		  TransactionId *suspended_by)
{
	TcSharedMapEntry *entry;
	bool found = false;

	LWLockAcquire(map_lock(), LW_SHARED);
	entry = find_entry_locked(identity->database, identity->relation);
	*suspended_by = entry == NULL ? InvalidTransactionId : suspender(entry);
	if (entry != NULL && entry->slot != TC_NO_SLOT &&
		same_identity(&tc_seg.maps[entry->slot].identity, identity))
	{
		describe_slot(entry->slot, slot);
		found = true;
	}
	LWLockRelease(map_lock());
	return found;
}

/* Make sure that the body of a slot exists; the map table is locked. */
static bool
make_body_locked(uint32 number, uint32 *page)
{
	uint32 per_page = bodies_per_page();
	uint32 *place = &tc_seg.bodies[number / per_page];

	if (*place != TC_NO_PAGE)
		return true;
	if (*page == TC_NO_PAGE)
		return false;
	*place = *page;
	*page = TC_NO_PAGE;
	pg_atomic_fetch_add_u32(&tc_seg.head->body_pages, 1);
	for (uint32 i = 0; i < per_page; i++)
		tc_shards_create(
			(TcSharedMapBody *) (tc_seg.arena +
								 (uint64) *place * tc_seg.head->page_bytes) +
			i);
	return true;
}

/* A slot nobody has; the map table is locked. */
static uint32
take_slot_locked(uint32 *page)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 number = head->free_map;

	if (number != TC_NO_SLOT)
	{
		head->free_map = tc_seg.maps[number].next_free;
		return number;
	}
	if (head->maps_used >= head->max_maps ||
		!make_body_locked(head->maps_used, page))
		return TC_NO_SLOT;
	return head->maps_used++;
}

/* Enter a relation that has no slot; the map table is locked. */
static bool
enter_locked(const TcMapIdentity *identity, const Counted *counted,
			 uint32 *page, TcMapSlot *slot)
{
	TcSharedMapKey key = {identity->database, identity->relation};
	TcSharedMapEntry *entry;
	uint32 number;
	bool found;

	number = take_slot_locked(page);
	if (number == TC_NO_SLOT)
		return false;
	entry = hash_search(tc_seg.map_table, &key, HASH_ENTER_NULL, &found);
	if (entry == NULL || found)
	{
		/* another backend was faster, be it to suspend the relation */
		tc_seg.maps[number].next_free = tc_seg.head->free_map;
		tc_seg.head->free_map = number;
		return false;
	}
	init_entry(entry);
	entry->slot = number;
	tc_seg.maps[number].identity = *identity;
	/* another one than that of records that may still be draining */
	pg_atomic_fetch_add_u32(&tc_seg.maps[number].generation, 1);
	pg_atomic_write_u32(&tc_seg.maps[number].state, TC_MAP_LIVE);
	for (int i = 0; i < TC_NCOUNTERS; i++)
		pg_atomic_write_u64(&tc_map_body(number)->counter[i],
							counted->counter[i]);
	pg_atomic_write_u64(&tc_map_body(number)->stats_reset,
						counted->stats_reset);
	describe_slot(number, slot);
	return true;
}

/* A page for bodies, where the next slot would need one. */
static uint32
page_for_bodies(void)
{
	uint32 next = tc_seg.head->maps_used;
	uint32 page = TC_NO_PAGE;

	if (tc_seg.head->free_map != TC_NO_SLOT || next >= tc_seg.head->max_maps ||
		tc_seg.bodies[next / bodies_per_page()] != TC_NO_PAGE)
		return TC_NO_PAGE;
	while ((page = tc_arena_take_page(TC_PAGE_BODY)) == TC_NO_PAGE)
	{
		if (!tc_compact_page() && !tc_evict_lru(TC_ANY_MAP))
			break;
	}
	return page;
}

/* Note a relation's counters; those of a new map where it has no slot. */
static void
save_counters(const TcMapIdentity *identity, Counted *counted)
{
	uint16 number;
	TcSharedMapBody *body;

	memset(counted, 0, sizeof(Counted));
	counted->stats_reset = GetCurrentTimestamp();
	if (!tc_map_find(identity->database, identity->relation, &number))
		return;
	body = tc_map_body(number);
	for (int i = 0; i < TC_NCOUNTERS; i++)
		counted->counter[i] = pg_atomic_read_u64(&body->counter[i]);
	counted->stats_reset = pg_atomic_read_u64(&body->stats_reset);
}

bool
tc_map_acquire(const TcMapIdentity *identity, TcMapSlot *slot,
			   TransactionId *suspended_by)
{
	Counted counted;
	uint32 page;
	bool entered;

	if (find_slot(identity, slot, suspended_by))
		return true;
	if (TransactionIdIsValid(*suspended_by))
		return false;

	/* what the relation was before is over */
	save_counters(identity, &counted);
	tc_map_retire(identity->database, identity->relation);
	tc_map_drain(DRAIN_AT_ONCE);
	tc_segment_wake_worker();

	page = page_for_bodies();
	LWLockAcquire(map_lock(), LW_EXCLUSIVE);
	entered = enter_locked(identity, &counted, &page, slot);
	LWLockRelease(map_lock());
	if (page != TC_NO_PAGE)
		tc_arena_return_page(page);
	return entered || find_slot(identity, slot, suspended_by);
}

/* ----- looking ----- */

uint32
tc_map_slots(void)
{
	return tc_seg.head->maps_used;
}

bool
tc_map_identity(uint16 number, TcMapIdentity *identity)
{
	bool live;

	LWLockAcquire(map_lock(), LW_SHARED);
	live = number < tc_seg.head->maps_used &&
		pg_atomic_read_u32(&tc_seg.maps[number].state) == TC_MAP_LIVE;
	if (live)
		*identity = tc_seg.maps[number].identity;
	LWLockRelease(map_lock());
	return live;
}

bool
tc_map_find(Oid database, Oid relation, uint16 *number)
{
	TcSharedMapEntry *entry;
	bool found;

	LWLockAcquire(map_lock(), LW_SHARED);
	entry = find_entry_locked(database, relation);
	found = entry != NULL && entry->slot != TC_NO_SLOT;
	if (found)
		*number = entry->slot;
	LWLockRelease(map_lock());
	return found;
}

void
tc_map_use(uint16 number, TcMapUse *use)
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
