/*-------------------------------------------------------------------------
 *
 * map_acquire.c
 *	  Gives a map its entry when it is first used.
 *
 * Structure: a map entry stands for one incarnation of a map: the relation with
 * one file, one key index and one layout of its columns.  When the relation
 * comes back with anything of that changed it gets another entry, so that no
 * record of the old incarnation can be found.  The old entry is retired.  The
 * hash of every key contains the entry's salt, so the records of one map do
 * not meet those of another in the index.
 *
 * An entry's lists and counters lie in a body that is made in the arena when
 * the entry is first used.
 *
 * Concurrency: everything under the map table lock, except that generation
 * is read without it: by readers to see that their entry is current, and by
 * writers under a partition's lock before they add a record.
 *
 * Failure: without a free entry, or memory for its body, the map is not
 * cached; its reads fall back to the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "utils/timestamp.h"

#include "segment/evict/queues.h"
#include "segment/evict/wheel.h"
#include "segment/index/reclaim.h"
#include "segment/maps/limits.h"
#include "segment/maps/map_acquire.h"
#include "segment/maps/map_retire.h"
#include "segment/maps/map_table.h"
#include "segment/maps/relation_entry.h"
#include "segment/memory/arena.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"

/* Records of retired maps that a backend drops; the worker drops the rest. */
#define DRAIN_AT_ONCE 1000

/* What was counted for a relation goes on in its next incarnation. */
typedef struct Counted
{
	uint64 counter[TC_NCOUNTERS];
	uint64 stats_reset;
} Counted;

static bool
same_identity(const TcMapIdentity *a, const TcMapIdentity *b)
{
	return a->database == b->database && a->relation == b->relation &&
		a->file == b->file && a->key_index == b->key_index &&
		a->fingerprint == b->fingerprint &&
		a->never_evicted == b->never_evicted;
}

/* The map entry that the relation has, if it is for this incarnation. */
static bool
find_entry(const TcMapIdentity *identity, TcMapEntry *entry,
		   TransactionId *suspended_by)
{
	TcSharedRelationEntry *relation_entry;
	bool found = false;

	LWLockAcquire(tc_map_lock(), LW_SHARED);
	relation_entry =
		tc_relation_entry_find_locked(identity->database, identity->relation);
	*suspended_by = relation_entry == NULL
		? InvalidTransactionId
		: tc_relation_entry_suspender_locked(relation_entry);
	if (relation_entry != NULL &&
		relation_entry->map_entry != TC_NO_MAP_ENTRY &&
		same_identity(&tc_seg.maps[relation_entry->map_entry].identity,
					  identity))
	{
		tc_map_table_hold_locked(relation_entry->map_entry, entry);
		found = true;
	}
	LWLockRelease(tc_map_lock());
	return found;
}

/* Make sure that the body of a map entry exists; the map table is locked. */
static bool
make_body_locked(uint32 number, uint32 *page)
{
	uint32 per_page = tc_seg.bodies_per_page;
	uint32 *place = &tc_seg.bodies[number / per_page];

	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	if (*place != TC_NO_PAGE)
		return true;
	if (*page == TC_NO_PAGE)
		return false;
	*place = *page;
	*page = TC_NO_PAGE;
	pg_atomic_fetch_add_u32(&tc_seg.head->body_pages, 1);
	for (uint32 i = 0; i < per_page; i++)
	{
		TcSharedMapBody *body = tc_map_body(number - number % per_page + i);

		memset(body, 0, sizeof(TcSharedMapBody));
		tc_queues_create(body);
		tc_counters_create(body);
		tc_wheel_create(&body->wheel);
	}
	return true;
}

/* A map entry nobody has; the map table is locked. */
static uint32
take_entry_locked(uint32 *page)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 number = head->free_map;

	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	if (number != TC_NO_MAP_ENTRY)
	{
		head->free_map = tc_seg.maps[number].next_free;
		return number;
	}
	if (head->maps_used >= head->max_maps ||
		!make_body_locked(head->maps_used, page))
		return TC_NO_MAP_ENTRY;
	return head->maps_used++;
}

/* Enter a relation that has no map entry; the map table is locked. */
static bool
enter_locked(const TcMapIdentity *identity, const Counted *counted,
			 uint32 *page, TcMapEntry *entry)
{
	TcSharedRelationEntry *relation_entry;
	uint32 number;

	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	relation_entry =
		tc_relation_entry_make_locked(identity->database, identity->relation);
	if (relation_entry == NULL)
		return false;

	/* another backend may have been faster, be it to suspend the relation */
	if (relation_entry->map_entry != TC_NO_MAP_ENTRY ||
		TransactionIdIsValid(
			tc_relation_entry_suspender_locked(relation_entry)))
		return false;
	number = take_entry_locked(page);
	if (number == TC_NO_MAP_ENTRY)
	{
		tc_relation_entry_drop_locked(relation_entry);
		return false;
	}
	relation_entry->map_entry = number;
	tc_seg.maps[number].identity = *identity;
	tc_limits_init_locked(number);
	/* another one than that of records that may still be draining */
	pg_atomic_fetch_add_u32(&tc_seg.maps[number].generation, 1);
	pg_atomic_write_u32(&tc_seg.maps[number].state, TC_MAP_LIVE);
	for (int i = 0; i < TC_NCOUNTERS; i++)
		pg_atomic_write_u64(&tc_map_body(number)->counter[i],
							counted->counter[i]);
	pg_atomic_write_u64(&tc_map_body(number)->stats_reset,
						counted->stats_reset);
	tc_map_table_hold_locked(number, entry);
	tc_relation_entry_check_locked(relation_entry);
	return true;
}

/* A page for bodies, where the next map entry would need one. */
static uint32
page_for_bodies(void)
{
	uint32 next = tc_seg.head->maps_used;

	if (tc_seg.head->free_map != TC_NO_MAP_ENTRY ||
		next >= tc_seg.head->max_maps ||
		tc_seg.bodies[next / tc_seg.bodies_per_page] != TC_NO_PAGE)
		return TC_NO_PAGE;
	return tc_reclaim_page(TC_PAGE_BODY);
}

/* Note a relation's counters; those of a new map where it had no map entry. */
static void
save_counters(const TcMapIdentity *identity, Counted *counted)
{
	uint16 number;
	TcSharedMapBody *body;

	memset(counted, 0, sizeof(Counted));
	counted->stats_reset = GetCurrentTimestamp();
	if (!tc_map_table_find_last(identity->database, identity->relation,
								&number))
		return;
	body = tc_map_body(number);
	for (int i = 0; i < TC_NCOUNTERS; i++)
		counted->counter[i] = pg_atomic_read_u64(&body->counter[i]);
	counted->stats_reset = pg_atomic_read_u64(&body->stats_reset);
}

/* The counters of a relation are those of its map entry from now on. */
static void
leave_past_locked(const TcMapIdentity *identity, uint16 number)
{
	Assert(LWLockHeldByMeInMode(tc_map_lock(), LW_EXCLUSIVE));
	for (uint32 m = 0; m < tc_seg.head->maps_used; m++)
	{
		TcSharedMapEntry *entry = &tc_seg.maps[m];

		if (m != number && entry->identity.database == identity->database &&
			entry->identity.relation == identity->relation)
			entry->identity.relation = InvalidOid;
	}
}

/*
 * Is it worth trying to get a map entry?  What is read of a map that has none
 * must not cost those that have one.
 */
static bool
may_have_place(const TcMapIdentity *identity)
{
	uint16 number;

	return tc_map_table_has_free() ||
		pg_atomic_read_u32(&tc_seg.head->maps_retired) > 0 ||
		tc_map_table_find(identity->database, identity->relation, &number);
}

bool
tc_map_acquire(const TcMapIdentity *identity, const TcKeyLayout *layout,
			   TcMapEntry *entry, TransactionId *suspended_by)
{
	Counted counted;
	uint32 page;
	bool entered;

	Assert(!tc_segment_holds_lock());
	if (find_entry(identity, entry, suspended_by))
		return true;
	if (TransactionIdIsValid(*suspended_by))
		return false;
	if (!may_have_place(identity))
		return false;

	/* what the relation was before is over */
	save_counters(identity, &counted);
	tc_map_retire(identity->database, identity->relation);
	tc_map_retire_drain(DRAIN_AT_ONCE);
	tc_segment_wake_worker();

	page = page_for_bodies();
	LWLockAcquire(tc_map_lock(), LW_EXCLUSIVE);
	entered = enter_locked(identity, &counted, &page, entry);
	if (entered)
	{
		leave_past_locked(identity, entry->number);
		tc_map_body(entry->number)->key_layout = *layout;
	}
	LWLockRelease(tc_map_lock());
	if (page != TC_NO_PAGE)
		tc_arena_return_page(page);
	return entered || find_entry(identity, entry, suspended_by);
}
