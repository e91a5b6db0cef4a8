/*-------------------------------------------------------------------------
 *
 * hydrate.c
 *	  Loads the rows of a table into the segment.
 *
 * Structure: a scan of the table; each row that may be kept is filled like
 * one that a read has missed.  It stops at the high water mark and at the
 * map's budget, so that it does not push out what is in use.
 *
 * Concurrency: the key is known only when the row has been read, so the row
 * is judged once more after the key's write_seq was read: if nobody had ended
 * the version by then, a writer that does later raises the write_seq later.
 *
 * Failure: that of a SELECT; what was loaded before stays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/settings.h"
#include "cache/binding.h"
#include "cache/fill.h"
#include "cache/hydrate.h"
#include "cache/read.h"
#include "segment/index/versions.h"
#include "segment/index/write_seq.h"
#include "segment/maps/budget.h"
#include "segment/memory/segment.h"
#include "segment/stats/progress.h"
#include "table/table_scan.h"

/* Rows after which the progress is told. */
#define ROWS_TO_TELL 100

/* Load one row, unless its key is resident; true when it was stored. */
static bool
load_row(TcMap *map, TcTableScan *scan, const Datum *keys, TcTableRow *row)
{
	TcBytes key;
	TcProbe probe;
	uint32 write_seq;

	tc_binding_probe_key(&probe, map, keys, &key);
	if (tc_versions_resident(&probe))
		return false;
	write_seq = tc_write_seq_read(&probe);
	tc_table_scan_confirm(scan, row);
	return tc_fill_row(map, &probe, row, write_seq, 0) > 0;
}

int64
tc_hydrate(TcMap *map, Snapshot snapshot, int64 max)
{
	MemoryContext context;
	MemoryContext caller;
	TcTableScan *scan;
	TcTableRow row;
	Datum keys[INDEX_MAX_KEYS];
	int64 loaded = 0;
	int64 seen = 0;

	if (!tc_bypass_may_fill(map, snapshot))
		return 0;
	scan = tc_table_scan_begin(map, snapshot, CurrentMemoryContext);
	tc_progress_begin(TC_LOADING_HYDRATE, map->relation,
					  max >= 0 ? max : tc_table_scan_estimate(scan));
	context = AllocSetContextCreate(CurrentMemoryContext, "topcache row",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	while ((max < 0 || loaded < max) &&
		   tc_segment_used_percent() < tc_high_water_percent &&
		   !tc_budget_used_up(tc_binding_entry(map)->number) &&
		   tc_table_scan_next(scan, keys, &row))
	{
		CHECK_FOR_INTERRUPTS();
		if (load_row(map, scan, keys, &row))
			loaded++;
		if (++seen % ROWS_TO_TELL == 0)
			tc_progress_tell(map->relation, seen, loaded);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	tc_table_scan_end(scan);
	tc_progress_end();
	return loaded;
}
