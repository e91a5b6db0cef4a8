/*-------------------------------------------------------------------------
 *
 * fdw_table.c
 *	  What a foreign table of topcache shows: a map, column by column.
 *
 * Structure: option "relation" names the map with its schema, and follows
 * when they are renamed (foreign_names.c).  A column shows the column of
 * the same name, or that of its option "column_name"; with option "meta" it
 * shows something about the record.
 *
 * Concurrency: the map's relation is locked when it is looked at, and kept
 * locked to the end of the transaction as any table that a query reads.
 *
 * Failure: tables that do not fit are errors at their first use, when both
 * sides are known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "base/pg_compat.h"
#include "fdw/fdw_table.h"

/* An option's value, or NULL. */
static char *
option(List *options, const char *name)
{
	ListCell *cell;

	foreach (cell, options)
	{
		DefElem *element = lfirst(cell);

		if (strcmp(element->defname, name) == 0)
			return defGetString(element);
	}
	return NULL;
}

/* The relation that option "relation" names, or InvalidOid. */
static Oid
find_named(const RangeVar *name)
{
	Oid schema = get_namespace_oid(name->schemaname, true);

	return OidIsValid(schema) ? get_relname_relid(name->relname, schema)
							  : InvalidOid;
}

/*
 * The relation of the map, locked.  Nobody's rights are asked here, as they
 * are asked of the table: of the owner, where there is a view in between.
 */
static Oid
lock_relation(Relation rel)
{
	ForeignTable *table = GetForeignTable(RelationGetRelid(rel));
	char *option_value = option(table->options, "relation");
	RangeVar *name;
	Oid relation;

	if (option_value == NULL)
		return RelationGetRelid(rel);
	name = makeRangeVarFromNameList(tc_qualified_name(option_value));
	if (name->schemaname == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("option \"relation\" of foreign table \"%s\" names no "
						"schema",
						RelationGetRelationName(rel)),
				 errhint("Use ALTER FOREIGN TABLE … OPTIONS (SET relation "
						 "'schema.table').")));

	/* until it is locked, it may be renamed */
	for (;;)
	{
		relation = find_named(name);
		if (!OidIsValid(relation))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("relation \"%s.%s\" does not exist",
							name->schemaname, name->relname)));
		LockRelationOid(relation, AccessShareLock);
		if (find_named(name) == relation)
			return relation;
		UnlockRelationOid(relation, AccessShareLock);
	}
}

/* Report that a column does not fit, and why. */
static void
report_misfit(Relation rel, Form_pg_attribute att, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
			 errmsg("column \"%s\" of foreign table \"%s\" does not fit",
					NameStr(att->attname), RelationGetRelationName(rel)),
			 errdetail_internal("%s", detail)));
}

/* A column that shows one of the backing table's. */
static void
describe_column(Relation rel, Form_pg_attribute att, const TcMap *map,
				TcForeignColumn *column)
{
	List *options = GetForeignColumnOptions(RelationGetRelid(rel), att->attnum);
	char *name = option(options, "column_name");
	char *meta = option(options, "meta");
	Form_pg_attribute own;

	if (meta != NULL)
	{
		column->kind = TC_FOREIGN_META;
		column->meta = tc_fdw_meta_kind(meta);
		if (att->atttypid != tc_fdw_meta_type(column->meta))
			report_misfit(
				rel, att,
				psprintf(_("Metadata \"%s\" is of type %s, not %s."), meta,
						 format_type_be(tc_fdw_meta_type(column->meta)),
						 format_type_be(att->atttypid)));
		return;
	}
	if (name == NULL)
		name = NameStr(att->attname);
	column->kind = TC_FOREIGN_COLUMN;
	column->number = get_attnum(map->relation, name);
	if (column->number <= 0)
		report_misfit(rel, att,
					  psprintf(_("Relation \"%s\" has no column \"%s\"."),
							   map->name, name));
	own = TupleDescAttr(map->desc, column->number - 1);
	if (own->atttypid != att->atttypid ||
		own->attcollation != att->attcollation)
		report_misfit(
			rel, att,
			psprintf(_("It is of type %s, the column \"%s\" of relation "
					   "\"%s\" is of type %s."),
					 format_type_be(att->atttypid), name, map->name,
					 format_type_be(own->atttypid)));
}

/* What is shown of a record; metadata is put in later. */
static TcRecordColumns *
describe_shown(const TcForeignTable *table)
{
	AttrNumber *numbers = palloc0(table->natts * sizeof(AttrNumber));

	for (int i = 0; i < table->natts; i++)
		numbers[i] = table->column[i].number;
	return tc_record_columns_describe(&table->map->layout, numbers,
									  table->natts);
}

/* Where the key columns are; has_key is false if one is not shown. */
static void
find_key(TcForeignTable *table)
{
	const TcRowLayout *layout = &table->map->layout;

	table->key.n = layout->nkeys;
	table->has_key = true;
	for (int k = 0; k < layout->nkeys; k++)
	{
		table->key.number[k] = InvalidAttrNumber;
		table->key.type[k] = layout->keys[k].base_type;
		for (int i = 0; i < table->natts; i++)
		{
			if (table->column[i].kind == TC_FOREIGN_COLUMN &&
				table->column[i].number == layout->keys[k].number)
				table->key.number[k] = i + 1;
		}
		if (table->key.number[k] == InvalidAttrNumber)
			table->has_key = false;
	}
}

TcForeignTable *
tc_fdw_table_of(Oid relation)
{
	TcForeignTable *table = palloc0(sizeof(TcForeignTable));
	Relation rel = table_open(relation, NoLock);
	TupleDesc desc = RelationGetDescr(rel);

	table->map = tc_map_require(lock_relation(rel));
	table->owner = rel->rd_rel->relowner;

	/* nothing but its own columns and rights stands between users and it */
	if (!table->map->def.durable && table->map->relation != relation)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("foreign table \"%s\" cannot show volatile map \"%s\"",
						RelationGetRelationName(rel), table->map->name),
				 errdetail("A volatile map is shown by the foreign table that "
						   "it is named by alone.")));
	table->natts = desc->natts;
	table->column = palloc0(desc->natts * sizeof(TcForeignColumn));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			table->column[i].kind = TC_FOREIGN_DROPPED;
		else
			describe_column(rel, att, table->map, &table->column[i]);
	}
	table->shown = describe_shown(table);
	find_key(table);
	table_close(rel, NoLock);
	return table;
}
