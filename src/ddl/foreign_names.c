/*-------------------------------------------------------------------------
 *
 * foreign_names.c
 *	  Keeps option "relation" of foreign tables the name of their table.
 *
 * Structure: a name without a schema is completed when the foreign table is
 * made, so that it means the same whatever the search_path is.  When a table
 * or a schema is renamed the options that name it are changed with it, which
 * whoever renames it need have no right to do himself.
 *
 * Concurrency: the catalog has the new name, but what is cached of it has the
 * old one as long as the command has not ended.  The foreign table is locked
 * against other changes of its options, not against queries.
 *
 * Failure: where the library is not loaded an option keeps the old name, and
 * using it is an error that says so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_namespace.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "ddl/catalog_entry.h"
#include "ddl/foreign_names.h"

/* What is to be renamed, and how. */
typedef struct Renaming
{
	const char *old_schema;
	const char *old_name; /* NULL: every name */
	const char *new_schema;
	const char *new_name;
} Renaming;

/* Is a foreign table ours? */
static bool
is_ours(Oid server)
{
	Oid wrapper = GetForeignServer(server)->fdwid;

	return strcmp(GetForeignDataWrapper(wrapper)->fdwname, "topcache") == 0;
}

/* What option "relation" names, or NULL. */
static RangeVar *
named_relation(List *options)
{
	ListCell *cell;

	foreach (cell, options)
	{
		DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "relation") == 0)
			return makeRangeVarFromNameList(
				tc_qualified_name(defGetString(option)));
	}
	return NULL;
}

/* Change the option of a foreign table whose entry is at hand. */
static void
set_option(Relation catalog, HeapTuple tuple, const char *schema,
		   const char *name)
{
	char *value = quote_qualified_identifier(schema, name);
	DefElem *change =
		makeDefElemExtended(NULL, "relation", (Node *) makeString(value),
							DEFELEM_SET, -1);
	Datum values[Natts_pg_foreign_table] = {0};
	bool nulls[Natts_pg_foreign_table] = {0};
	bool replaced[Natts_pg_foreign_table] = {0};
	int place = Anum_pg_foreign_table_ftoptions - 1;
	bool isnull;
	Datum options = heap_getattr(tuple, Anum_pg_foreign_table_ftoptions,
								 RelationGetDescr(catalog), &isnull);

	values[place] = transformGenericOptions(ForeignTableRelationId, options,
											list_make1(change), InvalidOid);
	replaced[place] = true;
	tuple = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, nulls,
							  replaced);
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);

	/* plans were made with the options as they were */
	CacheInvalidateRelcacheByRelid(
		((Form_pg_foreign_table) GETSTRUCT(tuple))->ftrelid);
}

/* ----- completing ----- */

void
tc_foreign_names_qualify(Oid foreign_table)
{
	RangeVar *name = named_relation(GetForeignTable(foreign_table)->options);
	Relation catalog;
	HeapTuple tuple;
	Oid relation;

	if (name == NULL || name->schemaname != NULL)
		return;
	relation = RangeVarGetRelid(name, NoLock, true);
	if (!OidIsValid(relation))
		return;
	catalog = table_open(ForeignTableRelationId, RowExclusiveLock);
	tuple =
		tc_catalog_entry(ForeignTableRelationId, Anum_pg_foreign_table_ftrelid,
						 ForeignTableRelidIndexId, foreign_table, NULL);
	if (HeapTupleIsValid(tuple))
		set_option(catalog, tuple,
				   get_namespace_name(get_rel_namespace(relation)),
				   get_rel_name(relation));
	table_close(catalog, RowExclusiveLock);
}

/* ----- following ----- */

/* Change the option of a foreign table, if it names what is renamed. */
static void
rename_in_option(Relation catalog, HeapTuple tuple, const Renaming *renaming)
{
	Form_pg_foreign_table form = (Form_pg_foreign_table) GETSTRUCT(tuple);
	RangeVar *name;

	if (!is_ours(form->ftserver))
		return;
	name = named_relation(GetForeignTable(form->ftrelid)->options);
	if (name == NULL || name->schemaname == NULL ||
		strcmp(name->schemaname, renaming->old_schema) != 0 ||
		(renaming->old_name != NULL &&
		 strcmp(name->relname, renaming->old_name) != 0))
		return;
	LockRelationOid(form->ftrelid, ShareUpdateExclusiveLock);
	set_option(catalog, tuple, renaming->new_schema,
			   renaming->new_name != NULL ? renaming->new_name : name->relname);
}

static void
rename_in_options(const Renaming *renaming)
{
	Relation catalog = table_open(ForeignTableRelationId, RowExclusiveLock);
	SysScanDesc scan =
		systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		rename_in_option(catalog, tuple, renaming);
	systable_endscan(scan);
	table_close(catalog, RowExclusiveLock);
}

/* Names that differ, of which the old one may not be known. */
static bool
differ(const char *old_name, const char *new_name)
{
	return old_name != NULL && new_name != NULL &&
		strcmp(old_name, new_name) != 0;
}

void
tc_foreign_names_follow_table(Oid relation)
{
	HeapTuple entry = tc_catalog_entry(RelationRelationId, Anum_pg_class_oid,
									   ClassOidIndexId, relation, SnapshotSelf);
	Form_pg_class form;
	Renaming renaming;

	if (!HeapTupleIsValid(entry))
		return;
	form = (Form_pg_class) GETSTRUCT(entry);
	renaming.old_schema = get_namespace_name(get_rel_namespace(relation));
	renaming.old_name = get_rel_name(relation);
	renaming.new_schema = get_namespace_name(form->relnamespace);
	renaming.new_name = NameStr(form->relname);
	if (differ(renaming.old_schema, renaming.new_schema) ||
		differ(renaming.old_name, renaming.new_name))
		rename_in_options(&renaming);
}

void
tc_foreign_names_follow_schema(Oid schema)
{
	HeapTuple entry =
		tc_catalog_entry(NamespaceRelationId, Anum_pg_namespace_oid,
						 NamespaceOidIndexId, schema, SnapshotSelf);
	Renaming renaming = {0};

	if (!HeapTupleIsValid(entry))
		return;
	renaming.old_schema = get_namespace_name(schema);
	renaming.new_schema =
		NameStr(((Form_pg_namespace) GETSTRUCT(entry))->nspname);
	if (differ(renaming.old_schema, renaming.new_schema))
		rename_in_options(&renaming);
}
