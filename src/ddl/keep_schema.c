/*-------------------------------------------------------------------------
 *
 * keep_schema.c
 *	  Keeps the name of the extension's schema.
 *
 * Structure: an event trigger at the end of ALTER SCHEMA.  We find our table
 * and functions by the name of their schema, and so do triggers' and users'
 * statements.  PostgreSQL itself refuses to move the extension.
 *
 * Failure: a superuser who disables event triggers can rename it after all;
 * nothing is a map then until it is called topcache again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "base/pg_compat.h"
#include "ddl/commanded.h"
#include "table/extension.h"

TC_FUNCTION(topcache_keep_schema);

/* Event trigger on ALTER SCHEMA. */
Datum
topcache_keep_schema(PG_FUNCTION_ARGS)
{
	(void) tc_commanded_parsetree(fcinfo, "keep_schema");
	if (get_func_namespace(fcinfo->flinfo->fn_oid) != tc_extension_schema())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("schema \"topcache\" cannot be renamed"),
				 errdetail("Extension topcache finds what it needs by the name "
						   "of this schema.")));
	PG_RETURN_NULL();
}
