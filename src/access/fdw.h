/*
 * fdw.h
 *	  The parts of the foreign data wrapper.
 */
#ifndef TC_FDW_H
#define TC_FDW_H

#include "foreign/fdwapi.h"

/* How a foreign scan reads. */
typedef enum TcForeignMode
{
	TC_FOREIGN_LOOKUP, /* records by their keys, from the cache */
	TC_FOREIGN_TABLE,  /* the backing table, by a statement */
	TC_FOREIGN_RECORDS /* all records of a volatile map */
} TcForeignMode;

/* What fdw_private of a plan holds, in this order. */
typedef enum TcForeignPrivate
{
	TC_PRIVATE_MODE,	/* Integer: a TcForeignMode */
	TC_PRIVATE_SQL,		/* String: the statement, of a table */
	TC_PRIVATE_COLUMNS, /* integers: attributes, one per column of it */
	TC_PRIVATE_ARRAY,	/* Integer: which key is an array, or -1 */
	TC_PRIVATE_LOCKS	/* Integer: records are to be locked */
} TcForeignPrivate;

extern void tc_fdw_plan_routines(FdwRoutine *routine);
extern void tc_fdw_scan_routines(FdwRoutine *routine);
extern void tc_fdw_modify_routines(FdwRoutine *routine);
extern void tc_fdw_import_routines(FdwRoutine *routine);

/*
 * Writing to a foreign table that is a volatile map.  Keys are those of the
 * row as it was, NULL for an INSERT.  False when nothing was done; otherwise
 * the slot has the row that was written, or deleted.
 */
struct TcForeignTable;
extern bool tc_fdw_volatile_write(struct TcForeignTable *table,
								  CmdType operation, bool do_nothing,
								  const Datum *old_keys, TupleTableSlot *slot);

/*
 * Lock the record that the slot shows, for the transaction to change it, and
 * bring the slot up to date; false when it is gone.
 */
extern bool tc_fdw_volatile_lock(struct TcForeignTable *table,
								 TupleTableSlot *slot);

/* Install the hook that gives foreign tables their tables' statistics. */
extern void tc_fdw_init(void);

#endif /* TC_FDW_H */
