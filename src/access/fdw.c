/*-------------------------------------------------------------------------
 *
 * fdw.c
 *	  The foreign data wrapper that volatile maps are named by.
 *
 * Structure: a handler and a validator.  A volatile map is read and written
 * through the functions of the extension; its foreign table gives it a name,
 * an owner and privileges.
 *
 * Concurrency: nothing shared.
 *
 * Failure: scanning the foreign table is an error that says what to do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "utils/lsyscache.h"

#include "base/compat.h"

TC_FUNCTION(topcache_fdw_handler);
TC_FUNCTION(topcache_fdw_validator);

/* Planning a scan is as far as one gets. */
static void
refuse_scan(PlannerInfo *root, RelOptInfo *rel, Oid relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("foreign table \"%s\" of topcache cannot be scanned",
					get_rel_name(relation)),
			 errhint("Use topcache.get() or topcache.scan() instead.")));
}

static void
no_paths(PlannerInfo *root, RelOptInfo *rel, Oid relation)
{
}

static ForeignScan *
no_plan(PlannerInfo *root, RelOptInfo *rel, Oid relation,
		ForeignPath *best_path, List *tlist, List *clauses, Plan *outer)
{
	return NULL;
}

static void
no_begin(ForeignScanState *node, int flags)
{
}

static TupleTableSlot *
no_row(ForeignScanState *node)
{
	return NULL;
}

static void
no_action(ForeignScanState *node)
{
}

/* Report an error for an UPDATE, DELETE or INSERT too. */
static int
modifiable_events(Relation rel)
{
	return 0;
}

/* Handler of the foreign data wrapper. */
Datum
topcache_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = refuse_scan;
	routine->GetForeignPaths = no_paths;
	routine->GetForeignPlan = no_plan;
	routine->BeginForeignScan = no_begin;
	routine->IterateForeignScan = no_row;
	routine->ReScanForeignScan = no_action;
	routine->EndForeignScan = no_action;
	routine->IsForeignRelUpdatable = modifiable_events;
	PG_RETURN_POINTER(routine);
}

/* Check the options of an object of the foreign data wrapper. */
Datum
topcache_fdw_validator(PG_FUNCTION_ARGS)
{
	List *options = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid catalog = PG_GETARG_OID(1);
	ListCell *cell;

	foreach (cell, options)
	{
		DefElem *option = lfirst(cell);

		if (catalog != ForeignTableRelationId ||
			strcmp(option->defname, "volatile") != 0)
			ereport(
				ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", option->defname),
				 errhint(
					 "The only option is \"volatile\", of a foreign table.")));
		(void) defGetBoolean(option);
	}
	PG_RETURN_VOID();
}
