/*
 * table_scan.h
 *	  Reads all rows of a backing table.
 */
#ifndef TC_TABLE_SCAN_H
#define TC_TABLE_SCAN_H

#include "table/table_read.h"

/*
 * Read all rows of the table.  next steps to one; confirm says, at the time
 * of its call, what may be kept of it: to be called after the key's write_seq
 * was read.  What the scan keeps between its calls is in the given context.
 */
typedef struct TcTableScan TcTableScan;

extern TcTableScan *tc_table_scan_begin(const TcMap *map, Snapshot snapshot,
										MemoryContext context);

/* About how many rows the table has, by its statistics. */
extern int64 tc_table_scan_estimate(const TcTableScan *scan);

extern bool tc_table_scan_next(TcTableScan *scan, Datum *keys, TcTableRow *row);
extern void tc_table_scan_confirm(TcTableScan *scan, TcTableRow *row);
extern void tc_table_scan_end(TcTableScan *scan);

#endif /* TC_TABLE_SCAN_H */
