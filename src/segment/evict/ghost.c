/*-------------------------------------------------------------------------
 *
 * ghost.c
 *	  Remembers the hashes of records that were evicted a short while ago.
 *
 * Structure: a table of fixed size in front of the arena, there only where
 * the policy asks for it.  A hash names a set of places, one cache
 * line; a place holds the low half of a hash and the time at which it came,
 * where time is the bytes that have been evicted so far, in units of a small
 * part of the segment.  For each unit that is still remembered, the bytes of
 * what came then and has not been taken are known.  So the ghost is a queue
 * of hashes whose records had as many bytes together as the main queue has,
 * and forgetting the end of it is one step of the oldest unit: places that
 * are older count as free.  In a full set the oldest makes room.
 *
 * There is a place for each BYTES_PER_PLACE of the segment, which is more
 * than there are records of the usual sizes.  Where records are smaller the
 * ghost remembers fewer bytes than the policy wants.
 *
 * Concurrency: places and sums are atomics and stand each for itself; of two
 * who write to one place the later wins, and a hash that is lost or
 * remembered twice is a little less well judged.  The same holds for two
 * hashes that share set and lower half: one in some thousands.  What is added
 * to or taken from the sum of a unit goes to the sum of all as well, so that
 * both agree when the unit is forgotten.
 *
 * Failure: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/ghost.h"

/* Size of the table: of a place, of a set, and for how much there is one. */
#define BYTES_PER_PLACE 320
#define SET_PLACES		16

/* Units of time in a segment's size. */
#define TIME_UNITS 512

static Size
ghost_sets_for(Size size_bytes)
{
	return size_bytes / BYTES_PER_PLACE / SET_PLACES;
}

Size
tc_ghost_bytes(Size size_bytes)
{
	return ghost_sets_for(size_bytes) * SET_PLACES * sizeof(pg_atomic_uint32);
}

void
tc_ghost_create(bool wanted)
{
	TcSharedSegment *head = tc_seg.head;

	pg_atomic_init_u64(&head->ghost_clock, 0);
	pg_atomic_init_u64(&head->ghost_bytes, 0);
	pg_atomic_init_u32(&head->ghost_oldest, 0);
	for (int i = 0; i < TC_GHOST_UNITS; i++)
		pg_atomic_init_u32(&head->ghost_unit[i], 0);
	head->ghost_sets = wanted ? ghost_sets_for(head->size_bytes) : 0;
	for (uint64 i = 0; i < (uint64) head->ghost_sets * SET_PLACES; i++)
		pg_atomic_init_u32(&tc_seg.ghosts[i], 0);
}

/* The places of a hash; sets are named by its high bits. */
static inline pg_atomic_uint32 *
ghost_set_of(uint32 hash)
{
	return &tc_seg.ghosts[((uint64) hash * tc_seg.head->ghost_sets >> 32) *
						  SET_PLACES];
}

/* What is kept of a hash; a place with 0 is free. */
static inline uint16
ghost_mark_of(uint32 hash)
{
	uint16 mark = (uint16) hash;

	return mark != 0 ? mark : 1;
}

/* The unit of a time. */
static inline uint32
unit_of(uint64 clock)
{
	return (uint32) (clock / (tc_seg.head->size_bytes / TIME_UNITS));
}

/* How long ago a place was written, in units; 16 bits of them are kept. */
static inline uint16
age_of(uint32 place, uint32 unit)
{
	return (uint16) (unit - (place >> 16));
}

/* Account for bytes that come or go in a unit; both wrap around. */
static void
account(uint32 unit, uint32 bytes)
{
	TcSharedSegment *head = tc_seg.head;

	pg_atomic_fetch_add_u32(&head->ghost_unit[unit % TC_GHOST_UNITS], bytes);
	pg_atomic_fetch_add_u64(&head->ghost_bytes, (int32) bytes);
}

/* Forget units until the rest is what is to be remembered. */
static void
forget(uint32 unit)
{
	TcSharedSegment *head = tc_seg.head;
	uint64 main_bytes =
		(pg_atomic_read_u64(&head->queue_bytes[TC_QUEUE_SMALL]) +
		 pg_atomic_read_u64(&head->queue_bytes[TC_QUEUE_MAIN])) /
		10 * 9;
	uint32 oldest = pg_atomic_read_u32(&head->ghost_oldest);

	while (
		(int32) (unit - oldest) > 0 &&
		((int64) pg_atomic_read_u64(&head->ghost_bytes) > (int64) main_bytes ||
		 unit - oldest >= TC_GHOST_UNITS - 1))
	{
		if (pg_atomic_compare_exchange_u32(&head->ghost_oldest, &oldest,
										   oldest + 1))
		{
			uint32 bytes = pg_atomic_exchange_u32(
				&head->ghost_unit[oldest % TC_GHOST_UNITS], 0);

			pg_atomic_fetch_sub_u64(&head->ghost_bytes, (int32) bytes);
			oldest++;
		}
	}
}

void
tc_ghost_add(uint32 hash, uint32 bytes)
{
	pg_atomic_uint32 *set = ghost_set_of(hash);
	uint32 unit = unit_of(
		pg_atomic_fetch_add_u64(&tc_seg.head->ghost_clock, bytes) + bytes);
	int oldest = 0;
	int oldest_age = -1;

	for (int i = 0; i < SET_PLACES; i++)
	{
		uint32 place = pg_atomic_read_u32(&set[i]);
		int age = place == 0 ? PG_UINT16_MAX + 1 : age_of(place, unit);

		if ((uint16) place == ghost_mark_of(hash))
			age = PG_UINT16_MAX + 2;
		if (age > oldest_age)
		{
			oldest = i;
			oldest_age = age;
		}
	}
	pg_atomic_write_u32(&set[oldest], unit << 16 | ghost_mark_of(hash));
	forget(unit);
	account(unit, bytes);
}

bool
tc_ghost_take(uint32 hash, uint32 bytes)
{
	TcSharedSegment *head = tc_seg.head;
	pg_atomic_uint32 *set = ghost_set_of(hash);
	uint32 unit = unit_of(pg_atomic_read_u64(&head->ghost_clock));
	uint32 remembered = unit - pg_atomic_read_u32(&head->ghost_oldest);

	for (int i = 0; i < SET_PLACES; i++)
	{
		uint32 place = pg_atomic_read_u32(&set[i]);
		uint32 age = age_of(place, unit);

		if ((uint16) place != ghost_mark_of(hash))
			continue;
		if (!pg_atomic_compare_exchange_u32(&set[i], &place, 0) ||
			age > remembered)
			return false;
		account(unit - age, -bytes);
		return true;
	}
	return false;
}

#ifdef USE_ASSERT_CHECKING

void
tc_ghost_check(void)
{
	/* in this order: the clock goes first, and never back */
	uint32 oldest = pg_atomic_read_u32(&tc_seg.head->ghost_oldest);

	pg_read_barrier();
	Assert((int32) (unit_of(pg_atomic_read_u64(&tc_seg.head->ghost_clock)) -
					oldest) >= 0);
}

#endif
