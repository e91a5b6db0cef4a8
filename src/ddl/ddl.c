/*-------------------------------------------------------------------------
 *
 * ddl.c
 *	  Notices when somebody changes a map's table, its triggers or heirs.
 *
 * Structure: PostgreSQL calls the object access hook for every change of a
 * catalog object.  Where the object is a relation that is cached, or a
 * trigger on one, or makes it a parent, the relation is suspended until the
 * transaction ends.  What it is then, every backend finds out from the
 * catalogs.  So a guard that was off and on again within one transaction,
 * with writes in between, leaves no record behind.  Foreign tables that name
 * the relation, or its schema, follow when it is renamed.
 *
 * Concurrency: see binding.c.
 *
 * Failure: a relation that is not cached need not be suspended: a slot is
 * made only by somebody who has seen the relation as it is.  But a
 * transaction that began to change it must be waited for, so relations that
 * have a definition are suspended too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "cache/forget.h"
#include "cache/suspension.h"
#include "ddl/catalog_entry.h"
#include "ddl/ddl.h"
#include "ddl/foreign_names.h"
#include "segment/maps/map_table.h"
#include "segment/memory/segment.h"
#include "table/map_definition.h"

static object_access_hook_type prev_object_access_hook = NULL;

/* The relation that a trigger is on, or InvalidOid. */
static Oid
trigger_relation(Oid trigger)
{
	HeapTuple entry = tc_catalog_entry(TriggerRelationId, Anum_pg_trigger_oid,
									   TriggerOidIndexId, trigger, NULL);

	return HeapTupleIsValid(entry)
		? ((Form_pg_trigger) GETSTRUCT(entry))->tgrelid
		: InvalidOid;
}

/* The relation whose being a map is concerned, or InvalidOid. */
static Oid
concerned_relation(ObjectAccessType access, Oid class, Oid object, void *arg)
{
	if (access == OAT_POST_ALTER && class == InheritsRelationId)
		return ((ObjectAccessPostAlter *) arg)->auxiliary_id;
	if (access != OAT_POST_ALTER && access != OAT_DROP)
		return InvalidOid;
	if (class == RelationRelationId)
		return object;
	if (class == TriggerRelationId)
		return trigger_relation(object);
	return InvalidOid;
}

/* Is the relation cached, or defined to be? */
static bool
is_map(Oid relation)
{
	uint16 number;
	TcMapDefinition def;

	return tc_map_table_find(MyDatabaseId, relation, &number) ||
		tc_map_definition_read(relation, &def);
}

/* A map's relation is being changed or dropped. */
static void
map_accessed(Oid relation, bool dropped)
{
	bool is_volatile = get_rel_relkind(relation) == RELKIND_FOREIGN_TABLE;

	/* a volatile map has no table to fill its records from again */
	if (!is_volatile)
		tc_suspension_begin(relation);
	if (dropped)
		tc_forget_relation_at_commit(relation, is_volatile);
}

static void
object_accessed(ObjectAccessType access, Oid class, Oid object, int sub_id,
				void *arg)
{
	Oid relation;

	if (prev_object_access_hook)
		prev_object_access_hook(access, class, object, sub_id, arg);
	if (!tc_segment_ready() || !IsNormalProcessingMode())
		return;
	if (access == OAT_DROP && class == DatabaseRelationId)
		tc_forget_database_at_commit(object);
	if (access == OAT_POST_ALTER && class == NamespaceRelationId)
		tc_foreign_names_follow_schema(object);
	relation = concerned_relation(access, class, object, arg);
	if (!OidIsValid(relation) || !is_map(relation))
		return;
	if (access == OAT_POST_ALTER && class == RelationRelationId && sub_id == 0)
		tc_foreign_names_follow_table(relation);
	map_accessed(relation,
				 access == OAT_DROP && class == RelationRelationId &&
					 sub_id == 0);
}

void
tc_ddl_init(void)
{
	prev_object_access_hook = object_access_hook;
	object_access_hook = object_accessed;
}
