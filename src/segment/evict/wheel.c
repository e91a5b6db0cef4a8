/*-------------------------------------------------------------------------
 *
 * wheel.c
 *	  Tells which records have expired without looking at the others.
 *
 * Structure: a hierarchical timing wheel per map.  Time is cut into ticks of
 * about a quarter of a second and a tick written as eight digits of four
 * bits.  The records of a tick in the future lie in the list of the highest
 * digit in which that tick differs from the cursor: one list for each place
 * and value of that digit.  When the cursor goes on by one, the highest
 * digit that changes names the one list whose records have come nearer; they
 * move to lists of lower digits, and at last to those that are due.  So a
 * record is looked at once per digit at most, four times for half an hour,
 * and the work of a round depends on what expires, not on what is there.
 *
 * The links are in the records and take 8 bytes of those that expire.  A
 * record does not say which list it is on: that is needed only for the first
 * of a list, and found by looking through the heads.
 *
 * Concurrency: everything belongs to the wheel's lock.  A record is put in
 * or taken out under its partition's lock as well.  Lists are sorted out
 * record by record, and the cursor goes on only when that is done, so the
 * lock can be released in between: as all digits below the one that changes
 * are at their highest, nobody puts a record into the lists that are being
 * filled.
 *
 * Failure: none; nothing is allocated.  Ticks end after 35 years, and what
 * expires later is looked at then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "segment/evict/wheel.h"
#include "segment/memory/segment.h"

/* A tick is 2^18 microseconds. */
#define TICK_BITS 18

/* Bits of a digit. */
#define DIGIT_BITS 4

/* Ticks until a record that could not be dropped is due again. */
#define POSTPONE_TICKS 4

/* Records moved without releasing the lock. */
#define MOVES_AT_ONCE 256

void
tc_wheel_create(TcSharedWheel *wheel)
{
	LWLockInitialize(&wheel->lock, tc_seg.shard_locks[0].lock.tranche);
}

static inline TcSharedWheel *
wheel_of(TcRef ref)
{
	return &tc_map_body(tc_record_at(ref)->map)->wheel;
}

static inline TcSharedExpiry *
expiry_at(TcRef ref)
{
	return tc_record_expiry(tc_record_at(ref));
}

static uint32
tick_now(void)
{
	return Min(tc_segment_clock_us() >> TICK_BITS, PG_UINT32_MAX);
}

/* The tick after which a record has expired for certain. */
static uint32
tick_of(TcRef ref)
{
	int64 expires = expiry_at(ref)->expires;
	int64 epoch = tc_segment_epoch();

	if (expires <= epoch)
		return 0;
	return Min((((uint64) expires - epoch) >> TICK_BITS) + 1, PG_UINT32_MAX);
}

/* The list for a tick, with the cursor at another. */
static TcRef *
list_for(TcSharedWheel *wheel, uint32 tick, uint32 cursor)
{
	int level;

	if (tick <= cursor)
		return &wheel->due;
	level = pg_leftmost_one_pos32(tick ^ cursor) / DIGIT_BITS;
	return &wheel->bucket[level * TC_WHEEL_BUCKETS +
						  (tick >> (level * DIGIT_BITS)) % TC_WHEEL_BUCKETS];
}

static void
put_in_locked(TcRef *list, TcRef ref)
{
	TcSharedExpiry *expiry = expiry_at(ref);

	Assert(LWLockHeldByMeInMode(&wheel_of(ref)->lock, LW_EXCLUSIVE));
	expiry->prev = TC_NO_REF;
	expiry->next = *list;
	if (*list != TC_NO_REF)
		expiry_at(*list)->prev = ref;
	*list = ref;
}

/* The list that a record is the first of. */
static TcRef *
list_of_first_locked(TcSharedWheel *wheel, TcRef ref)
{
	TcRef *list = wheel->bucket;

	Assert(LWLockHeldByMeInMode(&wheel->lock, LW_EXCLUSIVE));
	if (wheel->due == ref)
		return &wheel->due;
	while (*list != ref)
	{
		list++;
		Assert(list < wheel->bucket + lengthof(wheel->bucket));
	}
	return list;
}

static void
take_out_locked(TcSharedWheel *wheel, TcRef ref)
{
	TcSharedExpiry *expiry = expiry_at(ref);

	Assert(LWLockHeldByMeInMode(&wheel->lock, LW_EXCLUSIVE));
	if (expiry->next != TC_NO_REF)
		expiry_at(expiry->next)->prev = expiry->prev;
	if (expiry->prev != TC_NO_REF)
		expiry_at(expiry->prev)->next = expiry->next;
	else
		*list_of_first_locked(wheel, ref) = expiry->next;
	expiry->prev = expiry->next = TC_NO_REF;
}

void
tc_wheel_link(TcRef ref)
{
	TcSharedWheel *wheel = wheel_of(ref);
	uint32 tick = tick_of(ref);
	uint32 now = tick_now();

	Assert(LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(ref)->hash),
								LW_EXCLUSIVE));
	LWLockAcquire(&wheel->lock, LW_EXCLUSIVE);
	if (wheel->records == 0)
		wheel->cursor = Max(wheel->cursor, now);
	put_in_locked(list_for(wheel, tick, wheel->cursor), ref);
	wheel->records++;
	tc_wheel_check_record_locked(ref);
	LWLockRelease(&wheel->lock);
}

void
tc_wheel_unlink(TcRef ref)
{
	TcSharedWheel *wheel = wheel_of(ref);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(ref)->hash),
								LW_EXCLUSIVE));
	LWLockAcquire(&wheel->lock, LW_EXCLUSIVE);
	tc_wheel_check_record_locked(ref);
	take_out_locked(wheel, ref);
	wheel->records--;
	LWLockRelease(&wheel->lock);
}

void
tc_wheel_relocate(TcRef from, TcRef to)
{
	TcSharedWheel *wheel = wheel_of(to);
	TcSharedExpiry *expiry = expiry_at(to);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(to)->hash),
								LW_EXCLUSIVE));
	if (!(tc_record_at(to)->flags & TC_REC_EXPIRES))
		return;
	LWLockAcquire(&wheel->lock, LW_EXCLUSIVE);

	/* the lists may have changed since the record was copied */
	*expiry = *expiry_at(from);
	if (expiry->next != TC_NO_REF)
		expiry_at(expiry->next)->prev = to;
	if (expiry->prev != TC_NO_REF)
		expiry_at(expiry->prev)->next = to;
	else
		*list_of_first_locked(wheel, from) = to;
	tc_wheel_check_record_locked(to);
	LWLockRelease(&wheel->lock);
}

void
tc_wheel_postpone(TcRef ref)
{
	TcSharedWheel *wheel = wheel_of(ref);
	uint32 tick;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(ref)->hash),
								LW_EXCLUSIVE));
	LWLockAcquire(&wheel->lock, LW_EXCLUSIVE);
	take_out_locked(wheel, ref);

	/* in place of the one that was due there may be another by now */
	tick = Max(tick_of(ref), wheel->cursor + POSTPONE_TICKS);
	put_in_locked(list_for(wheel, tick, wheel->cursor), ref);
	tc_wheel_check_record_locked(ref);
	LWLockRelease(&wheel->lock);
}

/*
 * Move up to max records of the list that the next tick concerns to where
 * they belong then; when that is all of them, go on to that tick.
 */
static int64
step_locked(TcSharedWheel *wheel, int64 max)
{
	uint32 next = wheel->cursor + 1;
	int level = pg_leftmost_one_pos32(next ^ wheel->cursor) / DIGIT_BITS;
	TcRef *list =
		&wheel->bucket[level * TC_WHEEL_BUCKETS +
					   (next >> (level * DIGIT_BITS)) % TC_WHEEL_BUCKETS];
	int64 moved = 0;

	Assert(LWLockHeldByMeInMode(&wheel->lock, LW_EXCLUSIVE));
	for (; *list != TC_NO_REF && moved < max; moved++)
	{
		TcRef ref = *list;
		uint32 tick = Max(tick_of(ref), next);

		take_out_locked(wheel, ref);
		put_in_locked(list_for(wheel, tick, next), ref);
	}
	if (*list == TC_NO_REF)
		wheel->cursor = next;
	return moved;
}

int64
tc_wheel_advance(uint16 map, int64 max)
{
	TcSharedWheel *wheel = &tc_map_body(map)->wheel;
	uint32 now = tick_now();
	int64 moved = 0;
	bool arrived;

	do
	{
		int64 most = Min(max - moved, MOVES_AT_ONCE);

		LWLockAcquire(&wheel->lock, LW_EXCLUSIVE);
		if (wheel->records == 0)
			wheel->cursor = Max(wheel->cursor, now);
		while (wheel->cursor < now && most > 0)
		{
			int64 n = step_locked(wheel, most);

			moved += n;
			most -= Max(n, 1);
		}
		arrived = wheel->cursor >= now;
		LWLockRelease(&wheel->lock);
	} while (!arrived && moved < max);
	return moved;
}

TcRef
tc_wheel_due(uint16 map, uint32 *hash)
{
	TcSharedWheel *wheel = &tc_map_body(map)->wheel;
	TcRef ref;

	LWLockAcquire(&wheel->lock, LW_SHARED);
	ref = wheel->due;
	if (ref != TC_NO_REF)
		*hash = tc_record_at(ref)->hash;
	LWLockRelease(&wheel->lock);
	return ref;
}

#ifdef USE_ASSERT_CHECKING

void
tc_wheel_check_record_locked(TcRef ref)
{
	TcSharedWheel *wheel = wheel_of(ref);
	TcSharedExpiry *expiry = expiry_at(ref);

	Assert(LWLockHeldByMe(&wheel->lock));
	Assert(tc_record_at(ref)->flags & TC_REC_EXPIRES);
	Assert(wheel->records > 0);
	if (expiry->prev != TC_NO_REF)
		Assert(expiry_at(expiry->prev)->next == ref);
	if (expiry->next != TC_NO_REF)
		Assert(expiry_at(expiry->next)->prev == ref);
}

/* One list; those that were due before may have been postponed to any. */
static uint32
check_list_locked(TcSharedWheel *wheel, TcRef *list)
{
	uint32 next = wheel->cursor + 1;
	uint32 records = 0;

	Assert(LWLockHeldByMe(&wheel->lock));
	for (TcRef ref = *list; ref != TC_NO_REF; ref = expiry_at(ref)->next)
	{
		uint32 tick = tick_of(ref);

		Assert((expiry_at(ref)->prev == TC_NO_REF) == (ref == *list));
		Assert(wheel_of(ref) == wheel);
		tc_wheel_check_record_locked(ref);

		/* as it was, or, while the lists are sorted out, as it will be */
		Assert(tick <= next || list == list_for(wheel, tick, wheel->cursor) ||
			   list == list_for(wheel, tick, next));
		Assert(++records <= wheel->records);
	}
	return records;
}

void
tc_wheel_check(uint16 map)
{
	TcSharedWheel *wheel = &tc_map_body(map)->wheel;
	uint32 records;

	LWLockAcquire(&wheel->lock, LW_SHARED);
	records = check_list_locked(wheel, &wheel->due);
	for (int i = 0; i < lengthof(wheel->bucket); i++)
		records += check_list_locked(wheel, &wheel->bucket[i]);
	Assert(records == wheel->records);
	LWLockRelease(&wheel->lock);
}

#endif
