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

#include "access/relation.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "ddl/commanded.h"
#include "ddl/definitions.h"
#include "table/extension.h"
#include "table/relation_name.h"
#include "table/sql_command.h"

TC_FUNCTION(topcache_keep_triggers);

/* Is a function one of ours whose triggers are enabled always? */
static bool
is_kept(Oid function)
{
	static const char *const names[] = {"row_changed", "table_truncated",
										"definition_changed", "number_columns"};
	char *name;

	if (get_func_namespace(function) != tc_extension_schema())
		return false;
	name = get_func_name(function);
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Our triggers on a relation that are enabled, but not always, by name. */
static List *
to_be_enabled(Oid relation)
{
	Relation rel = relation_open(relation, AccessShareLock);
	const TriggerDesc *triggers = rel->trigdesc;
	List *names = NIL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN &&
			is_kept(trigger->tgfoid))
			names = lappend(names, pstrdup(trigger->tgname));
	}
	relation_close(rel, NoLock);
	return names;
}

static void
enable_always(Oid relation, const char *trigger)
{
	tc_sql_command(psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s",
							tc_relation_name(relation),
							quote_identifier(trigger)));
}

/* Event trigger on ALTER TABLE. */
Datum
topcache_keep_triggers(PG_FUNCTION_ARGS)
{
	Oid definitions =
		get_relname_relid("map_definition", tc_extension_schema());
	ListCell *cell;

	(void) tc_commanded_parsetree(fcinfo, "keep_triggers");
	foreach (cell, tc_commanded_relations())
	{
		Oid relation = lfirst_oid(cell);
		List *names = to_be_enabled(relation);
		ListCell *name;

		foreach (name, names)
			enable_always(relation, lfirst(name));
		if (names != NIL && relation == definitions)
			tc_definitions_renumber();
	}
	PG_RETURN_NULL();
}
