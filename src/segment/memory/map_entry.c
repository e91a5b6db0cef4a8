/*-------------------------------------------------------------------------
 *
 * map_entry.c
 *	  What can be told of a map's entry without a lock.
 *
 * Concurrency: the number of entries that have been used never falls, and a
 * body stays where it is.  The generation moves whenever an entry changes
 * hands.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/memory/map_entry.h"
#include "segment/memory/shared.h"

uint32
tc_map_entry_count(void)
{
	return tc_seg.head->maps_used;
}

bool
tc_map_entry_has_body(uint16 number)
{
	return number < tc_seg.head->maps_used &&
		tc_seg.bodies[number / tc_seg.bodies_per_page] != TC_NO_PAGE;
}

bool
tc_map_entry_is_current(const TcMapEntry *entry)
{
	return pg_atomic_read_u32(&tc_seg.maps[entry->number].generation) ==
		entry->generation;
}
