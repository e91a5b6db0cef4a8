/*-------------------------------------------------------------------------
 *
 * row_expiry.c
 *	  When rows of tables expire, as far as is known, for whoever purges them.
 *
 * Concurrency: atomics.  A time that is noted lowers the one that is there; the
 * result of a look is written before the database that it is about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/maps/row_expiry.h"
#include "segment/memory/shared.h"

/* Bits of looked_result. */
#define LOOKED_MAPS 0x01
#define LOOKED_MORE 0x02

/* Let an earlier time take the place of a later one. */
static void
lower(pg_atomic_uint64 *next, int64 expires)
{
	uint64 old = pg_atomic_read_u64(next);

	while (expires < (int64) old &&
		   !pg_atomic_compare_exchange_u64(next, &old, (uint64) expires))
		;
}

void
tc_row_expiry_note(uint16 number, int64 expires)
{
	if (expires != PG_INT64_MAX)
		lower(&tc_seg.maps[number].next_expiry, expires);
}

int64
tc_row_expiry_noted(uint16 number)
{
	return (int64) pg_atomic_read_u64(&tc_seg.maps[number].next_expiry);
}

int64
tc_row_expiry_take(uint16 number)
{
	return (int64) pg_atomic_exchange_u64(&tc_seg.maps[number].next_expiry,
										  (uint64) PG_INT64_MAX);
}

void
tc_row_expiry_report(Oid database, bool maps, bool more)
{
	pg_atomic_write_u32(&tc_seg.head->looked_result,
						(maps ? LOOKED_MAPS : 0) | (more ? LOOKED_MORE : 0));
	pg_write_barrier();
	pg_atomic_write_u32(&tc_seg.head->looked_database, database);
}

bool
tc_row_expiry_reported(Oid database, bool *maps, bool *more)
{
	uint32 result;

	if (pg_atomic_read_u32(&tc_seg.head->looked_database) != database)
		return false;
	pg_read_barrier();
	result = pg_atomic_read_u32(&tc_seg.head->looked_result);
	*maps = (result & LOOKED_MAPS) != 0;
	*more = (result & LOOKED_MORE) != 0;
	return true;
}
