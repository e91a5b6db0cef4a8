/*-------------------------------------------------------------------------
 *
 * commanded.c
 *	  What a command that fires an event trigger was about.
 *
 * Structure: PostgreSQL tells the objects by a function in SQL.  Nothing is
 * joined to it, so that a command costs the same in a database of any size.
 *
 * Failure: an error is one of the command.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/event_trigger.h"
#include "executor/spi.h"

#include "ddl/commanded.h"

Node *
tc_commanded_parsetree(FunctionCallInfo fcinfo, const char *name)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"topcache.%s\" must be called as an event "
						"trigger",
						name)));
	return ((EventTriggerData *) fcinfo->context)->parsetree;
}

List *
tc_commanded_relations(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List *relations = NIL;

	SPI_connect();
	SPI_execute("SELECT DISTINCT objid"
				" FROM pg_catalog.pg_event_trigger_ddl_commands()"
				" WHERE classid OPERATOR(pg_catalog.=)"
				" 'pg_catalog.pg_class'::pg_catalog.regclass",
				false, 0); /* to see what the command has done */
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool isnull;
		Oid relation =
			DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i],
										   SPI_tuptable->tupdesc, 1, &isnull));
		MemoryContext inner = MemoryContextSwitchTo(caller);

		relations = lappend_oid(relations, relation);
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return relations;
}
