/*-------------------------------------------------------------------------
 *
 * counters.c
 *	  Counts events per map without a shared write for each.
 *
 * Structure: a backend counts into a small private table, direct-mapped by
 * the number of the map entry, and brings the sums into shared memory now and
 * then: at the end of a transaction when FLUSH_INTERVAL has passed, when a
 * view is read in the same session, and when the session ends.
 *
 * Concurrency: shared counters are atomics; each stands for itself.
 *
 * Failure: what was counted for an entry that has changed hands is forgotten.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "segment/memory/map_entry.h"
#include "segment/memory/shared.h"
#include "segment/stats/counters.h"

/* Maps that a backend counts for at the same time; a power of two. */
#define PENDING_MAPS 16
StaticAssertDecl((PENDING_MAPS & (PENDING_MAPS - 1)) == 0,
				 "it is a power of two");

#define FLUSH_INTERVAL_MS 500

typedef struct PendingCounts
{
	TcMapEntry entry;
	bool used;
	int64 n[TC_NCOUNTERS];
} PendingCounts;

static PendingCounts pending_counts[PENDING_MAPS];
static TimestampTz last_flush = 0;

void
tc_counters_create(TcSharedMapBody *body)
{
	for (int i = 0; i < TC_NCOUNTERS; i++)
		pg_atomic_init_u64(&body->counter[i], 0);
	pg_atomic_init_u64(&body->stats_reset, 0);
}

static void
flush_counts(PendingCounts *pending)
{
	if (!pending->used)
		return;
	if (tc_map_entry_is_current(&pending->entry))
	{
		TcSharedMapBody *body = tc_map_body(pending->entry.number);

		for (int i = 0; i < TC_NCOUNTERS; i++)
		{
			if (pending->n[i] != 0)
				pg_atomic_fetch_add_u64(&body->counter[i], pending->n[i]);
		}
	}
	memset(pending, 0, sizeof(PendingCounts));
}

void
tc_counters_add(const TcMapEntry *entry, TcCounter counter, int64 n)
{
	PendingCounts *pending = &pending_counts[entry->number % PENDING_MAPS];

	if (!pending->used || pending->entry.number != entry->number ||
		pending->entry.generation != entry->generation)
	{
		flush_counts(pending);
		pending->entry = *entry;
		pending->used = true;
	}
	pending->n[counter] += n;
}

void
tc_counters_flush(bool force)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!force &&
		!TimestampDifferenceExceeds(last_flush, now, FLUSH_INTERVAL_MS))
		return;
	last_flush = now;
	for (int i = 0; i < PENDING_MAPS; i++)
		flush_counts(&pending_counts[i]);
}

int64
tc_counters_read(uint16 map, TcCounter counter)
{
	return (int64) pg_atomic_read_u64(&tc_map_body(map)->counter[counter]);
}

int64
tc_counters_since(uint16 map)
{
	return (int64) pg_atomic_read_u64(&tc_map_body(map)->stats_reset);
}

void
tc_counters_reset(uint16 map)
{
	TcSharedMapBody *body = tc_map_body(map);

	for (int i = 0; i < TC_NCOUNTERS; i++)
		pg_atomic_write_u64(&body->counter[i], 0);
	pg_atomic_write_u64(&body->stats_reset, GetCurrentTimestamp());
}
