/*
 * heapread.h
 *	  Reads rows of a backing table by key.
 */
#ifndef TC_HEAPREAD_H
#define TC_HEAPREAD_H

#include "executor/tuptable.h"
#include "utils/snapshot.h"

#include "table/map.h"

/* Several reads of one table under one snapshot. */
typedef struct TcHeapReader TcHeapReader;

/*
 * A row as it was found.  It points into the reader and is good until its
 * next use.
 */
typedef struct TcHeapRow
{
	TcRow row;
	TimestampTz expires; /* PG_INT64_MAX: never */

	/* For keeping it in the cache, when it has been confirmed: */
	bool newest;		/* nobody has changed or is changing it */
	TransactionId xmin; /* Frozen when every snapshot sees it */
} TcHeapRow;

/*
 * When a row expires; PG_INT64_MAX: never.  The infinite times are others than
 * that, so that the second function gives what the column had.
 */
extern TimestampTz tc_heap_expires(const TcShape *shape, const TcRow *row);
extern Datum tc_heap_expires_column(TimestampTz expires, bool *isnull);

/*
 * Begin and end; the table is locked already.  What the reader keeps between
 * its calls is in the given context.
 */
extern TcHeapReader *tc_heap_begin(const TcMap *map, Snapshot snapshot,
								   MemoryContext context);
extern void tc_heap_end(TcHeapReader *reader);

/* Read the row of a key; false when the snapshot sees none. */
extern bool tc_heap_read(TcHeapReader *reader, const Datum *keys,
						 TcHeapRow *row);

/*
 * After tc_heap_read found a row: the tuple, in the reader's slot until the
 * next read.
 */
extern TupleTableSlot *tc_heap_tuple(TcHeapReader *reader);

/*
 * After tc_heap_read found a row: say what may be kept of it.  Not during
 * recovery.
 */
extern void tc_heap_confirm(TcHeapReader *reader, TcHeapRow *row);

/*
 * After tc_heap_read found nothing: who has made the key absent?  Frozen
 * when no snapshot can see a row; InvalidTransactionId when that cannot be
 * told, or somebody is inserting one.
 */
extern TransactionId tc_heap_absent_since(TcHeapReader *reader,
										  const Datum *keys);

/*
 * Read all rows of the table.  next steps to one; confirm says, at the time
 * of its call, what may be kept of it: to be called after the key's stamp
 * was read.  What the scan keeps between its calls is in the given context.
 */
typedef struct TcHeapScan TcHeapScan;

extern TcHeapScan *tc_heap_scan_begin(const TcMap *map, Snapshot snapshot,
									  MemoryContext context);
/* About how many rows the table has, by its statistics. */
extern int64 tc_heap_scan_estimate(const TcHeapScan *scan);

extern bool tc_heap_scan_next(TcHeapScan *scan, Datum *keys, TcHeapRow *row);
extern void tc_heap_scan_confirm(TcHeapScan *scan, TcHeapRow *row);
extern void tc_heap_scan_end(TcHeapScan *scan);

#endif /* TC_HEAPREAD_H */
