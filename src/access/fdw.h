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
	TC_PRIVATE_ARRAY	/* Integer: which key is an array, or -1 */
} TcForeignPrivate;

extern void tc_fdw_plan_routines(FdwRoutine *routine);
extern void tc_fdw_scan_routines(FdwRoutine *routine);
extern void tc_fdw_modify_routines(FdwRoutine *routine);
extern void tc_fdw_import_routines(FdwRoutine *routine);

/* Install the hook that gives foreign tables their tables' statistics. */
extern void tc_fdw_init(void);

#endif /* TC_FDW_H */
