/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  Makes, removes and checks the triggers on backing tables.
 *
 * Structure: two triggers, made by plain SQL so that everything PostgreSQL
 * does for triggers (dump, restore, dependencies) works for them: one for
 * each changed row, one for TRUNCATE.  They are enabled always, because
 * logical replication and session_replication_role = replica change rows
 * like anybody else.
 *
 * Concurrency: making and removing them takes ShareRowExclusiveLock on the
 * table, which waits for all writers; so no writer is half-way when the
 * cache begins to rely on them.
 *
 * Failure: a table whose triggers are not as they were made is not cached.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "table/extension.h"
#include "table/guard.h"
#include "table/relation_name.h"
#include "table/sql_command.h"

#define ROW_TRIGGER		 "topcache_row_changed"
#define TRUNCATE_TRIGGER "topcache_table_truncated"
#define NGUARDS			 2

#define ROW_TRIGGER_TYPE                                           \
	(TRIGGER_TYPE_ROW | TRIGGER_TYPE_AFTER | TRIGGER_TYPE_INSERT | \
	 TRIGGER_TYPE_DELETE | TRIGGER_TYPE_UPDATE)
#define TRUNCATE_TRIGGER_TYPE (TRIGGER_TYPE_AFTER | TRIGGER_TYPE_TRUNCATE)

/* A trigger function of the extension, or InvalidOid. */
static Oid
trigger_function(const char *name)
{
	/* not by the parser, which would ask for the user's privileges */
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(NULL, 0)),
						   ObjectIdGetDatum(tc_extension_schema()));
}

/* Is one of the relation's triggers this one, whole and always enabled? */
static bool
has_trigger(Relation rel, Oid function, int16 type)
{
	TriggerDesc *triggers = rel->trigdesc;

	if (triggers == NULL || !OidIsValid(function))
		return false;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgfoid == function && trigger->tgtype == type &&
			trigger->tgenabled == TRIGGER_FIRES_ALWAYS &&
			trigger->tgqual == NULL && trigger->tgnattr == 0)
			return true;
	}
	return false;
}

bool
tc_guard_intact(Relation rel)
{
	return has_trigger(rel, trigger_function("row_changed"),
					   ROW_TRIGGER_TYPE) &&
		has_trigger(rel, trigger_function("table_truncated"),
					TRUNCATE_TRIGGER_TYPE);
}

bool
tc_guard_alone(Relation rel)
{
	return rel->trigdesc->numtriggers == NGUARDS;
}

void
tc_guard_create(Oid relation)
{
	char *table = tc_relation_name(relation);

	(void) tc_guard_remove(relation);
	tc_sql_command(psprintf("CREATE TRIGGER " ROW_TRIGGER
							" AFTER INSERT OR DELETE OR UPDATE ON %s"
							" FOR EACH ROW EXECUTE FUNCTION"
							" topcache.row_changed()",
							table));
	tc_sql_command(psprintf("CREATE TRIGGER " TRUNCATE_TRIGGER
							" AFTER TRUNCATE ON %s FOR EACH STATEMENT"
							" EXECUTE FUNCTION topcache.table_truncated()",
							table));
	tc_sql_command(psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER " ROW_TRIGGER
							", ENABLE ALWAYS TRIGGER " TRUNCATE_TRIGGER,
							table));
}

/*
 * The names of the relation's triggers that call our functions, but for
 * those that a partitioned table has given it: they come and go with its own.
 */
static List *
guard_names(Oid relation)
{
	Relation rel = relation_open(relation, NoLock);
	Oid row = trigger_function("row_changed");
	Oid truncate = trigger_function("table_truncated");
	List *names = NIL;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers;
		 i++)
	{
		Trigger *trigger = &rel->trigdesc->triggers[i];

		if ((trigger->tgfoid == row || trigger->tgfoid == truncate) &&
			!trigger->tgisclone)
			names = lappend(names, pstrdup(trigger->tgname));
	}
	relation_close(rel, NoLock);
	return names;
}

bool
tc_guard_remove(Oid relation)
{
	List *names = guard_names(relation);
	ListCell *cell;

	foreach (cell, names)
		tc_sql_command(psprintf("DROP TRIGGER %s ON %s",
								quote_identifier(lfirst(cell)),
								tc_relation_name(relation)));
	return names != NIL;
}
