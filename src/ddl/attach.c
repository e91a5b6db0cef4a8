/*-------------------------------------------------------------------------
 *
 * attach.c
 *	  The SQL functions that make tables maps, and let them be tables again.
 *
 * Structure: attach checks that the relation can be a map, makes its triggers
 * and writes its definition.
 *
 * Concurrency: making triggers locks out writers, so from the commit of
 * attach on every change passes a trigger; before it nobody has cached a
 * record.  Invalidation of the relation's cache entry tells all sessions.
 *
 * Failure: everything is done in the caller's transaction and undone with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "ddl/attach.h"
#include "ddl/definitions.h"
#include "ddl/map_arguments.h"
#include "query/arg.h"
#include "table/extension.h"
#include "table/guard.h"
#include "table/key_index.h"
#include "table/map_definition.h"
#include "table/table_layout.h"

TC_FUNCTION(topcache_attach);
TC_FUNCTION(topcache_detach);

/* ----- attach ----- */

static void
refuse_relation(Relation rel, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("relation \"%s\" cannot be attached to topcache",
					RelationGetRelationName(rel)),
			 errdetail_internal("%s", detail),
			 hint != NULL ? errhint("%s", hint) : 0));
}

void
tc_attach_check(Relation rel)
{
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
			break;
		case RELKIND_PARTITIONED_TABLE:
			refuse_relation(rel, "It is partitioned.",
							"Attach its partitions instead.");
			break;
		case RELKIND_VIEW:
			refuse_relation(rel, "It is a view.",
							"Attach the tables it reads instead.");
			break;
		case RELKIND_MATVIEW:
			refuse_relation(rel, "It is a materialized view.",
							"Attach a table that you fill from it instead.");
			break;
		case RELKIND_FOREIGN_TABLE:
			refuse_relation(rel, "It is a foreign table.",
							"Attach the table that it stands for, where that "
							"is.");
			break;
		default:
			refuse_relation(rel, "It is not a table.",
							"Only ordinary tables can be attached.");
	}
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		refuse_relation(rel, "It is a temporary table, which is one session's.",
						"Make it permanent or unlogged.");
	if (IsSystemRelation(rel))
		refuse_relation(rel, "It is a system catalog.",
						"PostgreSQL has caches of its own for these.");
	if (RelationGetNamespace(rel) == tc_extension_schema())
		refuse_relation(rel, "It belongs to topcache itself.",
						"Only tables of your own can be attached.");
	if (rel->rd_tableam != GetHeapamTableAmRoutine())
		refuse_relation(rel, "Its access method is not heap.",
						"Only tables of access method heap can be attached.");
	if (rel->rd_rel->relhassubclass &&
		find_inheritance_children(RelationGetRelid(rel), NoLock) != NIL)
		refuse_relation(rel, "Other tables inherit from it.",
						"Attach those that have no heirs.");
}

/* The names in an array argument. */
static List *
names_argument(FunctionCallInfo fcinfo, int argno)
{
	List *names = NIL;
	Datum *elements;
	bool *nulls;
	int n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), NAMEOID, NAMEDATALEN, false,
					  TYPALIGN_CHAR, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("key columns must not be null")));
		names = lappend(names, pstrdup(NameStr(*DatumGetName(elements[i]))));
	}
	return names;
}

/* The columns of a relation's primary key. */
static List *
primary_key_names(Relation rel)
{
	List *names = NIL;
	Oid index_oid;
	Relation index;

	index_oid = tc_primary_key_index(rel);
	if (!OidIsValid(index_oid))
		refuse_relation(rel, "It has no primary key that is not deferrable.",
						"Name the columns of a unique index in \"key\".");
	index = index_open(index_oid, AccessShareLock);
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		names = lappend(names,
						get_attname(RelationGetRelid(rel),
									index->rd_index->indkey.values[i], false));
	index_close(index, AccessShareLock);
	return names;
}

static AttrNumber
require_column(Relation rel, const char *name)
{
	AttrNumber number = get_attnum(RelationGetRelid(rel), name);

	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", name,
						RelationGetRelationName(rel))));
	if (tc_table_layout_is_virtual(rel, number))
		refuse_relation(rel,
						psprintf("Column \"%s\" is a virtual generated column.",
								 name),
						NULL);
	return number;
}

/* Check that the type of a key column can be one. */
static void
check_key_type(Relation rel, TcColumn *column)
{
	if (tc_key_index_prepare_column(column))
		return;
	if (OidIsValid(column->collation) &&
		!get_collation_isdeterministic(column->collation))
		refuse_relation(
			rel,
			psprintf("The collation of key column \"%s\" is not deterministic.",
					 NameStr(column->name)),
			"Use a key of another collation.");
	refuse_relation(
		rel,
		psprintf("Type %s of key column \"%s\" has no hash operator class.",
				 format_type_be(column->type), NameStr(column->name)),
		"Use a key of another type.");
}

/* Check that the key can be one. */
static void
check_key(Relation rel, List *names)
{
	int nkeys = list_length(names);
	TcColumn *columns = palloc0(nkeys * sizeof(TcColumn));
	TcKeyIndex index;
	ListCell *cell;

	if (names == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"key\" must name a column")));
	if (nkeys > INDEX_MAX_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("cannot use more than %d columns in a key",
						INDEX_MAX_KEYS)));
	foreach (cell, names)
	{
		TcColumn *column = &columns[foreach_current_index(cell)];
		AttrNumber number = require_column(rel, lfirst(cell));

		for (int i = 0; i < foreach_current_index(cell); i++)
		{
			if (columns[i].number == number)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" appears twice in \"key\"",
								(char *) lfirst(cell))));
		}
		tc_table_layout_describe_column(rel, number, column);
		check_key_type(rel, column);
	}
	if (!tc_key_index_find(rel, nkeys, columns, &index))
		refuse_relation(
			rel,
			nkeys == 1
				? psprintf(
					  "Column \"%s\" has no usable unique index, or is not NOT NULL.",
					  (char *) linitial(names))
				: "The key columns have no usable unique index, or are not NOT NULL.",
			"The index must be a b-tree over exactly the key's columns, and neither partial nor deferrable.");
}

/* Check that the column can be the value beside the key. */
static void
check_value(Relation rel, List *keys, const char *name)
{
	ListCell *cell;

	(void) require_column(rel, name);
	foreach (cell, keys)
	{
		if (strcmp(lfirst(cell), name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"value\" must not be a column of the key"),
					 errhint("Leave \"value\" out to cache whole rows.")));
	}
}

/* Refuse to cache rows that are not all in their tuples. */
static void
check_columns(Relation rel)
{
	for (AttrNumber number = 1; number <= RelationGetNumberOfAttributes(rel);
		 number++)
	{
		Form_pg_attribute att =
			TupleDescAttr(RelationGetDescr(rel), number - 1);

		if (!att->attisdropped)
			(void) require_column(rel, NameStr(att->attname));
	}
}

void
tc_attach_table(const TcMapDefinition *def)
{
	TcMapDefinition present;

	if (tc_map_definition_read(def->relation, &present))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("relation \"%s\" is attached to topcache already",
						get_rel_name(def->relation)),
				 errhint("Use topcache.detach() first.")));
	tc_guard_create(def->relation);
	tc_definitions_insert(def);
}

/* attach(relation, key, value, ttl, max_idle, max_cost) */
Datum
topcache_attach(PG_FUNCTION_ARGS)
{
	TcMapDefinition def;
	Relation rel;

	tc_arg_require(fcinfo, 0, "relation");

	/* before the lock too: who may not must not make others wait */
	tc_arg_require_owner(PG_GETARG_OID(0));
	rel = relation_open(PG_GETARG_OID(0), ShareRowExclusiveLock);
	tc_arg_require_owner(RelationGetRelid(rel));
	tc_attach_check(rel);

	tc_map_arguments_init(&def, RelationGetRelid(rel));
	tc_map_arguments_limits(fcinfo, 3, false, &def);
	def.key_columns =
		PG_ARGISNULL(1) ? primary_key_names(rel) : names_argument(fcinfo, 1);
	check_key(rel, def.key_columns);
	if (PG_ARGISNULL(2))
		check_columns(rel);
	else
	{
		def.value_column = pstrdup(NameStr(*PG_GETARG_NAME(2)));
		check_value(rel, def.key_columns, def.value_column);
	}
	/* triggers can't be made while the relation is open here */
	relation_close(rel, NoLock);
	tc_attach_table(&def);
	PG_RETURN_VOID();
}

/* ----- changing and ending ----- */

/*
 * detach(relation): a restored table may have triggers and no definition, or
 * a definition and no triggers.
 */
Datum
topcache_detach(PG_FUNCTION_ARGS)
{
	Oid relation = tc_map_arguments_relation(fcinfo, ShareRowExclusiveLock);
	TcMapDefinition def;
	bool defined = tc_map_definition_read(relation, &def);

	if (defined && !def.durable)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("map \"%s\" has no table to be detached from",
						get_rel_name(relation)),
				 errhint("Use topcache.drop_map() to drop it.")));
	if (!tc_guard_remove(relation) && !defined)
		(void) tc_map_require_defined(relation);
	tc_definitions_delete(relation);
	PG_RETURN_VOID();
}
