/*
 * fdw_volatile.h
 *	  Rows of a foreign table that is a volatile map.
 */
#ifndef TC_FDW_VOLATILE_H
#define TC_FDW_VOLATILE_H

#include "fdw/fdw_table.h"

/*
 * Writing to a foreign table that is a volatile map.  Keys are those of the
 * row as it was, NULL for an INSERT.  False when nothing was done; otherwise
 * the slot has the row that was written, or deleted.
 */
extern bool tc_fdw_volatile_write(TcForeignTable *table, CmdType operation,
								  bool do_nothing, const Datum *old_keys,
								  TupleTableSlot *slot);

/*
 * Lock the record that the slot shows, for the transaction to change it, and
 * bring the slot up to date; false when it is gone.
 */
extern bool tc_fdw_volatile_lock(TcForeignTable *table, TupleTableSlot *slot);

#endif /* TC_FDW_VOLATILE_H */
