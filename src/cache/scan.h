/*
 * scan.h
 *	  Every record of a map, resident or not.
 */
#ifndef TC_SCAN_H
#define TC_SCAN_H

#include "cache/read.h"
#include "table/map.h"

typedef struct TcScan TcScan;

/*
 * Begin, step and end.  A durable map is read from its table as the calling
 * user, a volatile one from the segment, by who may read it.  What the scan
 * keeps between its calls is in the given context.  What next returns is good
 * until its next call.  SPI is connected in between.
 */
extern TcScan *tc_scan_begin(TcMap *map, MemoryContext context);
extern bool tc_scan_next(TcScan *scan, Datum *keys, TcValue *value);
extern void tc_scan_end(TcScan *scan);

#endif /* TC_SCAN_H */
