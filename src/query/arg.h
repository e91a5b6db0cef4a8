/*
 * arg.h
 *	  What several SQL functions ask of their arguments alike.
 */
#ifndef TC_ARG_H
#define TC_ARG_H

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/timestamp.h"

#include "table/map.h"

/*
 * The map that argument 0 names, to be written to.  A volatile one is locked
 * with RowExclusiveLock, and an error where the user may not do all that mode
 * says; a table's statements lock it and ask for themselves.
 */
extern TcMap *tc_arg_map_to_write(FunctionCallInfo fcinfo, AclMode mode);

/* When a record written now ends: the argument's or the map's time to live. */
extern TimestampTz tc_arg_expires(FunctionCallInfo fcinfo, int argno,
								  const TcMap *map);

/* Report that records of a map have no time to live of their own. */
extern void tc_arg_report_no_expiry(const TcMap *map);

/* Report a NULL where there must be none. */
extern void tc_arg_require(FunctionCallInfo fcinfo, int argno,
						   const char *name);

/* Report an error unless the current user owns the relation. */
extern void tc_arg_require_owner(Oid relation);

#endif /* TC_ARG_H */
