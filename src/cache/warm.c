/*-------------------------------------------------------------------------
 *
 * warm.c
 *	  Loads records by the bytes of their keys.
 *
 * Structure: each key is read like one that a reader has missed, through the
 * index and under a snapshot, and kept under the same proof.  What is loaded
 * goes behind all that is resident in the order of use, so that it pushes
 * nothing out, and what was used last stays longest.
 *
 * Concurrency: that of fills.
 *
 * Failure: errors are those of reads; whoever calls goes on with other keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/settings.h"
#include "cache/binding.h"
#include "cache/fill.h"
#include "cache/read.h"
#include "cache/warm.h"
#include "segment/index/versions.h"
#include "segment/maps/limits.h"
#include "segment/memory/segment.h"
#include "table/heapread.h"

bool
tc_warm_has_room(void)
{
	return tc_segment_used_percent() <
		Min(tc_low_water_percent, tc_high_water_percent);
}

/* Load one row; true when it was stored. */
static bool
load_key(TcMap *map, TcHeapReader *reader, const TcWarmKey *warm)
{
	Datum keys[INDEX_MAX_KEYS];
	TcHeapRow row;
	TcBytes key;
	TcProbe probe;
	uint32 stamp;

	tc_shape_keys(&map->shape, warm->data, keys);
	tc_shape_form_key(&map->shape, keys, &key);
	tc_probe_init(&probe, map, &key);
	if (tc_versions_resident(&probe))
		return false;
	stamp = tc_stamp_read(&probe);
	if (!tc_heap_read(reader, keys, &row))
		return false;
	tc_heap_confirm(reader, &row);
	return tc_fill_row(map, &probe, &row, stamp, warm->recency_us) > 0;
}

int64
tc_warm_keys(TcMap *map, const TcWarmKey *keys, int n)
{
	MemoryContext context;
	MemoryContext caller;
	TcHeapReader *reader;
	int64 loaded = 0;

	if (!tc_read_may_fill(map, GetActiveSnapshot()))
		return 0;
	reader = tc_heap_begin(map, GetActiveSnapshot(), CurrentMemoryContext);
	context = AllocSetContextCreate(CurrentMemoryContext, "topcache row",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	for (int i = 0; i < n && tc_warm_has_room() &&
		 !tc_budget_used_up(tc_bound_slot(map)->number);
		 i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (load_key(map, reader, &keys[i]))
			loaded++;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	tc_heap_end(reader);
	return loaded;
}
