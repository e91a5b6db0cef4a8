/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Goes through all records of a map.
 *
 * Structure: the table of a durable map is read by a cursor, a few rows at a
 * time, so that nothing of its size is kept; the cache is left alone, since
 * a table that is read through would only push the hot records out.  A volatile
 * map is walked through in the segment.
 *
 * Concurrency: that of a SELECT, or of a walk.
 *
 * Failure: errors are those of a SELECT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cache/binding.h"
#include "cache/scan.h"
#include "segment/index/walk.h"
#include "table/table_sql.h"

#define ROWS_PER_FETCH 500

struct TcScan
{
	TcMap *map;
	Portal portal; /* of a durable map */
	uint64 position;
	Datum *values; /* of its row */
	bool *nulls;
	TcReader reader; /* of a volatile one */
	TcWalk walk;
	MemoryContext row; /* of the record handed out last */
};

TcScan *
tc_scan_begin(TcMap *map, MemoryContext context)
{
	TcScan *scan = MemoryContextAllocZero(context, sizeof(TcScan));

	scan->map = map;
	scan->values =
		MemoryContextAlloc(context, map->layout.natts * sizeof(Datum));
	scan->nulls = MemoryContextAlloc(context, map->layout.natts * sizeof(bool));
	if (map->def.durable)
	{
		SPI_connect();
		scan->portal = tc_table_sql_scan(map);
		SPI_cursor_fetch(scan->portal, true, ROWS_PER_FETCH);
	}
	else
	{
		tc_read_begin_foreign(&scan->reader, map, GetActiveSnapshot(), context);
		tc_walk_init(&scan->walk, context);
		scan->row = AllocSetContextCreate(context, "topcache row",
										  ALLOCSET_DEFAULT_SIZES);
	}
	return scan;
}

/* The next row of the cursor, or NULL. */
static HeapTuple
next_tuple(TcScan *scan)
{
	if (scan->position >= SPI_processed)
	{
		if (SPI_processed < ROWS_PER_FETCH)
			return NULL;
		SPI_freetuptable(SPI_tuptable);
		SPI_cursor_fetch(scan->portal, true, ROWS_PER_FETCH);
		scan->position = 0;
		if (SPI_processed == 0)
			return NULL;
	}
	return SPI_tuptable->vals[scan->position++];
}

/* The next record of the table. */
static bool
next_row(TcScan *scan, Datum *keys, TcValue *value)
{
	TcRow row = {scan->values, scan->nulls};
	HeapTuple tuple;

	while ((tuple = next_tuple(scan)) != NULL)
	{
		if (!tc_table_sql_take_row(scan->map, tuple, SPI_tuptable->tupdesc,
								   scan->values, scan->nulls))
			continue;
		(void) tc_row_layout_row_keys(&scan->map->layout, &row, keys);
		tc_value_of_row(scan->map, &row, value);
		return true;
	}
	return false;
}

/* The next record of the segment that the reader sees. */
static bool
next_entry(TcScan *scan, Datum *keys, TcValue *value)
{
	const TcWalkRecord *entry;

	value->found = false;
	while (!value->found &&
		   (entry = tc_walk_next(&scan->walk, tc_binding_entry(scan->map))) !=
			   NULL)
	{
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(scan->row);
		caller = MemoryContextSwitchTo(scan->row);

		/* the walk meets newest versions, which may not be committed */
		tc_row_layout_keys(&scan->map->layout, entry->data, keys);
		tc_read_one(&scan->reader, keys, value);
		MemoryContextSwitchTo(caller);
	}
	return value->found;
}

bool
tc_scan_next(TcScan *scan, Datum *keys, TcValue *value)
{
	return scan->map->def.durable ? next_row(scan, keys, value)
								  : next_entry(scan, keys, value);
}

void
tc_scan_end(TcScan *scan)
{
	if (scan->portal != NULL)
	{
		SPI_cursor_close(scan->portal);
		SPI_finish();
	}
	pfree(scan);
}
