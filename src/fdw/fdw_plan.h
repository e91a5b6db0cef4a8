/*
 * fdw_plan.h
 *	  Plans scans of foreign tables.
 */
#ifndef TC_FDW_PLAN_H
#define TC_FDW_PLAN_H

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

/* Install the hook that gives foreign tables their tables' statistics. */
extern void tc_fdw_plan_init(void);

#endif /* TC_FDW_PLAN_H */
