/*-------------------------------------------------------------------------
 *
 * table_scan.c
 *	  Reads all rows of a backing table, under a given snapshot.
 *
 * Failure: errors are those of a SELECT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "utils/rel.h"

#include "table/table_scan.h"

struct TcTableScan
{
	const TcMap *map;
	MemoryContext context; /* of everything that the scan allocates */
	Relation rel;
	TableScanDesc scan;
	TupleTableSlot *slot;
};

TcTableScan *
tc_table_scan_begin(const TcMap *map, Snapshot snapshot, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	TcTableScan *scan = palloc0(sizeof(TcTableScan));

	scan->map = map;
	scan->context = context;
	scan->rel = relation_open(map->relation, NoLock);
	scan->slot = table_slot_create(scan->rel, NULL);
	scan->scan = table_beginscan(scan->rel, snapshot, 0, NULL);
	MemoryContextSwitchTo(caller);
	return scan;
}

bool
tc_table_scan_next(TcTableScan *scan, Datum *keys, TcTableRow *row)
{
	const TcRowLayout *layout = &scan->map->layout;
	MemoryContext caller = MemoryContextSwitchTo(scan->context);
	bool found =
		table_scan_getnextslot(scan->scan, ForwardScanDirection, scan->slot);

	MemoryContextSwitchTo(caller);
	if (!found)
		return false;
	tc_table_read_take(layout, scan->slot, row);
	return tc_row_layout_row_keys(layout, &row->row, keys);
}

void
tc_table_scan_confirm(TcTableScan *scan, TcTableRow *row)
{
	tc_table_read_judge(scan->rel, scan->slot, row);
}

int64
tc_table_scan_estimate(const TcTableScan *scan)
{
	return scan->rel->rd_rel->reltuples > 0
		? (int64) scan->rel->rd_rel->reltuples
		: 0;
}

void
tc_table_scan_end(TcTableScan *scan)
{
	table_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	relation_close(scan->rel, NoLock);
	pfree(scan);
}
