/*-------------------------------------------------------------------------
 *
 * fdw.c
 *	  The foreign data wrapper: maps as tables in plain SQL.
 *
 * Structure: planning (fdw_plan.c) chooses between looking records up by
 * their keys and a statement on the backing table; fdw_scan.c does either.
 * Writing (fdw_modify.c) is statements on the backing table, whose trigger
 * brings the cache up to date, or for a volatile map the functions that put
 * and remove.
 *
 * Concurrency: each part says.
 *
 * Failure: errors are those of the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/pg_compat.h"
#include "fdw/fdw_import.h"
#include "fdw/fdw_modify.h"
#include "fdw/fdw_plan.h"
#include "fdw/fdw_scan.h"

TC_FUNCTION(topcache_fdw_handler);

/* Handler of the foreign data wrapper. */
Datum
topcache_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	tc_fdw_plan_routines(routine);
	tc_fdw_scan_routines(routine);
	tc_fdw_modify_routines(routine);
	tc_fdw_import_routines(routine);
	PG_RETURN_POINTER(routine);
}
