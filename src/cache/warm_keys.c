/*-------------------------------------------------------------------------
 *
 * warm_keys.c
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
#include "cache/warm_keys.h"
#include "segment/index/versions.h"
#include "segment/index/write_seq.h"
#include "segment/maps/budget.h"
#include "segment/memory/segment.h"
#include "table/table_read.h"

bool
tc_warm_keys_may_fill(void)
{
	return tc_segment_used_percent() <
		Min(tc_low_water_percent, tc_high_water_percent);
}

/* Load one row; true when it was stored. */
static bool
load_key(TcMap *map, TcTableReader *reader, const TcWarmKey *warm)
{
	Datum keys[INDEX_MAX_KEYS];
	TcTableRow row;
	TcBytes key;
	TcProbe probe;
	uint32 write_seq;

	tc_row_layout_keys(&map->layout, warm->data, keys);
	tc_binding_probe_key(&probe, map, keys, &key);
	if (tc_versions_resident(&probe))
		return false;
	write_seq = tc_write_seq_read(&probe);
	if (!tc_table_read_key(reader, keys, &row))
		return false;
	tc_table_read_confirm(reader, &row);
	return tc_fill_row(map, &probe, &row, write_seq, warm->recency_us) > 0;
}

int64
tc_warm_keys(TcMap *map, const TcWarmKey *keys, int n)
{
	MemoryContext context;
	MemoryContext caller;
	TcTableReader *reader;
	int64 loaded = 0;

	if (!tc_bypass_may_fill(map, GetActiveSnapshot()))
		return 0;
	reader =
		tc_table_read_begin(map, GetActiveSnapshot(), CurrentMemoryContext);
	context = AllocSetContextCreate(CurrentMemoryContext, "topcache row",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	for (int i = 0; i < n && tc_warm_keys_may_fill() &&
		 !tc_budget_used_up(tc_binding_entry(map)->number);
		 i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (load_key(map, reader, &keys[i]))
			loaded++;
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	tc_table_read_end(reader);
	return loaded;
}
