/*
 * fdw_row_lock.h
 *	  Locks rows that a scan of a foreign table shows.
 */
#ifndef TC_FDW_ROW_LOCK_H
#define TC_FDW_ROW_LOCK_H

#include "fdw/fdw_source.h"

/*
 * Lock the row in the slot, in its newest version, and show it as it is;
 * false when it is gone, or is not to be waited for.
 */
extern bool tc_fdw_row_lock(ForeignScanState *node, TcFdwScan *work,
							TupleTableSlot *slot);

#endif /* TC_FDW_ROW_LOCK_H */
