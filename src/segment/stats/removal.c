/*-------------------------------------------------------------------------
 *
 * removal.c
 *	  Remembers why records were removed, for those who miss them.
 *
 * Structure: a table of fixed size in front of the arena.  A hash names a
 * set of places, one cache line; a place holds some bits of a hash and one
 * of three reasons.  Where a set is full one of its places is overwritten,
 * whichever the clock of removals points to; so what was removed recently is
 * remembered, and most of what was removed long ago is not.
 *
 * There is a place for each BYTES_PER_PLACE of the segment, a fraction of the
 * records that it holds.  A miss whose record is not remembered counts as
 * cold, and one in some hundred gets another record's reason: they explain,
 * and are no exact figures.  Their sum is.
 *
 * Concurrency: places are read and written without a lock, each by itself,
 * as 16 bits, which every machine does at once.  A place that two write at
 * the same time has one of their reasons.
 *
 * Failure: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/memory/shared.h"
#include "segment/stats/removal.h"

#define BYTES_PER_PLACE 2048
#define SET_PLACES		32

StaticAssertDecl(TC_NREMOVAL_REASONS == TC_REMOVAL_REASONS,
				 "each reason has a counter");

/* What a place says; 0 is a free one. */
#define REASON_EVICTED	   1
#define REASON_EXPIRED	   2
#define REASON_INVALIDATED 3
#define REASON_MASK		   3

static Size
removal_sets_for(Size size_bytes)
{
	return size_bytes / BYTES_PER_PLACE / SET_PLACES;
}

Size
tc_removal_bytes(Size size_bytes)
{
	return removal_sets_for(size_bytes) * SET_PLACES * sizeof(uint16);
}

void
tc_removal_create(void)
{
	TcSharedSegment *head = tc_seg.head;

	head->removal_sets = removal_sets_for(head->size_bytes);
	pg_atomic_init_u32(&head->removal_clock, 0);
	memset((void *) tc_seg.removals, 0, tc_removal_bytes(head->size_bytes));
}

static volatile uint16 *
removal_set_of(uint32 hash)
{
	return &tc_seg.removals[((uint64) hash * tc_seg.head->removal_sets >> 32) *
							SET_PLACES];
}

/* The bits of a hash that a place keeps: others than those that name sets. */
static uint16
removal_mark_of(uint32 hash)
{
	return (uint16) (hash << 2);
}

static int
reason_of(TcRemovalReason why)
{
	switch (why)
	{
		case TC_REMOVED_EXPIRED:
			return REASON_EXPIRED;
		case TC_REMOVED_INVALIDATED:
			return REASON_INVALIDATED;
		default:
			return REASON_EVICTED;
	}
}

/* The place for a hash: its own, or a free one, or any. */
static int
choose_place(volatile uint16 *set, uint16 mark)
{
	int free = -1;

	for (int i = 0; i < SET_PLACES; i++)
	{
		if (set[i] == 0)
			free = i;
		else if ((set[i] & ~REASON_MASK) == mark)
			return i;
	}
	if (free >= 0)
		return free;
	return pg_atomic_fetch_add_u32(&tc_seg.head->removal_clock, 1) % SET_PLACES;
}

void
tc_removal_note(uint16 map, uint32 hash, TcRemovalReason why)
{
	volatile uint16 *set;
	uint16 mark;

	if (why == TC_REMOVED_UNNOTED)
		return;
	if (why != TC_REMOVED_INVALIDATED)
		pg_atomic_fetch_add_u64(
			&tc_map_body(map)->counter[TC_COUNT_REMOVAL_REASONS + why], 1);
	if (tc_seg.head->removal_sets == 0)
		return;
	set = removal_set_of(hash);
	mark = removal_mark_of(hash);
	set[choose_place(set, mark)] = mark | reason_of(why);
}

TcCounter
tc_removal_miss(uint32 hash)
{
	static const TcCounter counter[] = {
		[0] = TC_COUNT_MISSES_COLD,
		[REASON_EVICTED] = TC_COUNT_MISSES_EVICTED,
		[REASON_EXPIRED] = TC_COUNT_MISSES_EXPIRED,
		[REASON_INVALIDATED] = TC_COUNT_MISSES_INVALIDATED};
	volatile uint16 *set;
	uint16 mark = removal_mark_of(hash);

	if (tc_seg.head->removal_sets == 0)
		return TC_COUNT_MISSES_COLD;
	set = removal_set_of(hash);
	for (int i = 0; i < SET_PLACES; i++)
	{
		uint16 place = set[i];

		Assert(place == 0 || (place & REASON_MASK) != 0);
		if (place != 0 && (place & ~REASON_MASK) == mark)
			return counter[place & REASON_MASK];
	}
	return TC_COUNT_MISSES_COLD;
}
