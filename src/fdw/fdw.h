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
	TC_FOREIGN_LOOKUP, /* records by their keys */
	TC_FOREIGN_TABLE,  /* the whole table behind a durable map */
	TC_FOREIGN_RECORDS /* all records of a volatile map */
} TcForeignMode;

/* Which of the rows that it reads a scan locks. */
typedef enum TcForeignLocking
{
	TC_LOCK_NONE,
	TC_LOCK_FITTING, /* those that the conditions are true of */
	TC_LOCK_ALL
} TcForeignLocking;

/* What fdw_private of a plan holds, in this order. */
typedef enum TcForeignPrivate
{
	TC_PRIVATE_MODE,	 /* Integer: a TcForeignMode */
	TC_PRIVATE_LAYOUT,	 /* Integer: fingerprint of the map's layout */
	TC_PRIVATE_COLUMNS,	 /* integers: attributes that it yields */
	TC_PRIVATE_USED,	 /* integers: those that rights are asked for */
	TC_PRIVATE_RIGHTS,	 /* Integer: an AclMode, on the table */
	TC_PRIVATE_ARRAY,	 /* Integer: which key is an array, or -1 */
	TC_PRIVATE_LOCKING,	 /* Integer: a TcForeignLocking */
	TC_PRIVATE_STRENGTH, /* Integer: a LockClauseStrength */
	TC_PRIVATE_WAIT		 /* Integer: a LockWaitPolicy */
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
extern void tc_fdw_plan_init(void);

#endif /* TC_FDW_H */
