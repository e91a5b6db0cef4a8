/*-------------------------------------------------------------------------
 *
 * keep_triggers.c
 *	  Enables our triggers always when somebody enables them at all.
 *
 * Structure: an event trigger at the end of ALTER TABLE.  ENABLE TRIGGER ALL,
 * as pg_restore --disable-triggers has it, leaves triggers that were enabled
 * always enabled for writers that are not replicas, and a map with such a
 * trigger would be suspended.  The triggers of the table of definitions are
 * among them; what was written while they were off is numbered then.
 *
 * Concurrency: the command has locked the table.
 *
 * Failure: what is not repaired here leaves the map suspended.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "access/definitions.h"
#include "base/compat.h"

TC_FUNCTION(topcache_keep_triggers);

/* Commands that enable those of the triggers that need it. */
#define ENABLING_COMMANDS                                                 \
	"SELECT pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I'," \
	"  e.objid::pg_catalog.regclass, t.tgname), c.relname"                \
	" FROM (SELECT DISTINCT objid"                                        \
	"  FROM pg_catalog.pg_event_trigger_ddl_commands()"                   \
	"  WHERE classid OPERATOR(pg_catalog.=)"                              \
	"  'pg_catalog.pg_class'::pg_catalog.regclass) e"                     \
	" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) e.objid" \
	" JOIN pg_catalog.pg_trigger t"                                       \
	" ON t.tgrelid OPERATOR(pg_catalog.=) e.objid"                        \
	" JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid" \
	" JOIN pg_catalog.pg_namespace n"                                     \
	" ON n.oid OPERATOR(pg_catalog.=) p.pronamespace"                     \
	" WHERE t.tgenabled OPERATOR(pg_catalog.=) 'O'"                       \
	" AND n.nspname OPERATOR(pg_catalog.=) 'topcache'"                    \
	" AND p.proname OPERATOR(pg_catalog.=) ANY (ARRAY['row_changed',"     \
	"  'table_truncated', 'definition_changed', 'number_columns']"        \
	"  ::pg_catalog.name[])"

static char *
column_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

/* Event trigger on ALTER TABLE. */
Datum
topcache_keep_triggers(PG_FUNCTION_ARGS)
{
	List *commands = NIL;
	bool definitions = false;
	ListCell *cell;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"topcache.keep_triggers\" must be called "
						"as an event trigger")));
	SPI_connect();
	SPI_execute(ENABLING_COMMANDS, false, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		commands = lappend(commands, column_text(i, 1));
		definitions |= strcmp(column_text(i, 2), "map_definition") == 0;
	}
	foreach (cell, commands)
	{
		if (SPI_execute(lfirst(cell), false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not enable a trigger");
	}
	SPI_finish();
	if (definitions)
		tc_definitions_renumber();
	PG_RETURN_NULL();
}
