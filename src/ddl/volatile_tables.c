/*-------------------------------------------------------------------------
 *
 * volatile_tables.c
 *	  Foreign tables that are volatile maps, by their options.
 *
 * Structure: a foreign table with option "volatile" is a map, whoever made
 * it and however: an event trigger gives it a definition at the end of the
 * command.  Its key is the columns in option "key", or the first one.  With
 * one other column, called value, its records are that column's values, as
 * those of create_map() are; else they are rows.
 *
 * A time to live is in option "ttl".
 *
 * The definition knows columns by number and follows when they are renamed.
 * The option has names, and has to be told, as it is what a dump has.
 *
 * Of a foreign table that shows a map of a table the option that names it is
 * completed.
 *
 * A command that changes columns would leave the records without a form, and
 * is refused while there are any.
 *
 * Concurrency: the command has locked the table, so nobody else has records
 * under way.
 *
 * Failure: without event triggers (session_replication_role, single-user
 * mode) a table has no definition, and its use is an error that says so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "cache/binding.h"
#include "ddl/commanded.h"
#include "ddl/definitions.h"
#include "ddl/foreign_names.h"
#include "ddl/volatile_tables.h"
#include "query/table_options.h"
#include "table/key_index.h"
#include "table/relation_name.h"
#include "table/sql_command.h"
#include "table/table_layout.h"

TC_FUNCTION(topcache_define_volatile);

/* What the options of a foreign table say. */
typedef struct Options
{
	bool is_volatile;
	List *key;	   /* names; NIL: the option is not there */
	Interval *ttl; /* NULL: not there */
} Options;

/* Read the options; false if the relation is no foreign table of ours. */
static bool
read_options(Oid relation, Options *options)
{
	ForeignTable *table;
	ForeignServer *server;
	ListCell *cell;

	*options = (Options){0};
	if (get_rel_relkind(relation) != RELKIND_FOREIGN_TABLE)
		return false;
	table = GetForeignTable(relation);
	server = GetForeignServer(table->serverid);
	if (strcmp(GetForeignDataWrapper(server->fdwid)->fdwname, "topcache") != 0)
		return false;
	foreach (cell, table->options)
	{
		DefElem *option = lfirst(cell);

		if (strcmp(option->defname, "volatile") == 0)
			options->is_volatile = defGetBoolean(option);
		else if (strcmp(option->defname, "key") == 0)
			options->key = tc_table_options_key(defGetString(option));
		else if (strcmp(option->defname, "ttl") == 0)
			options->ttl = tc_table_options_ttl(defGetString(option));
	}
	return true;
}

/* ----- definitions ----- */

static void
refuse_key(Relation rel, const char *column, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
			 errmsg("column \"%s\" cannot be in the key of volatile map \"%s\"",
					column, RelationGetRelationName(rel)),
			 errdetail_internal("%s", detail)));
}

/* Can keys be made of a column? */
static void
check_key_column(Relation rel, const char *name)
{
	AttrNumber number = get_attnum(RelationGetRelid(rel), name);
	TcColumn column;

	if (number <= 0)
		refuse_key(rel, name, _("There is no such column."));
	tc_table_layout_describe_column(rel, number, &column);
	if (!tc_key_index_prepare_column(&column))
		refuse_key(rel, name,
				   _("Its type has no hash operator class, or its collation "
					 "is not deterministic."));
}

/* The columns of the table, by name. */
static List *
columns_of(Relation rel)
{
	TupleDesc desc = RelationGetDescr(rel);
	List *names = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped)
			names = lappend(names, pstrdup(NameStr(att->attname)));
	}
	return names;
}

/* Take key and value from the options and the table. */
static void
take_columns(Relation rel, const Options *options, TcMapDefinition *def)
{
	List *columns = columns_of(rel);
	ListCell *cell;

	def->key_columns = options->key;
	if (def->key_columns == NIL && columns != NIL)
		def->key_columns = list_make1(linitial(columns));
	if (def->key_columns == NIL ||
		list_length(def->key_columns) > INDEX_MAX_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("volatile map \"%s\" must have between 1 and %d key "
						"columns",
						RelationGetRelationName(rel), INDEX_MAX_KEYS)));
	foreach (cell, def->key_columns)
		check_key_column(rel, lfirst(cell));
	def->value_column = NULL;
	if (list_length(columns) == 2 && list_length(def->key_columns) == 1 &&
		strcmp(lsecond(columns), "value") == 0 &&
		strcmp(linitial(def->key_columns), "value") != 0)
		def->value_column = "value";
}

/*
 * Does a value of the type have a layout that somebody may change?  PostgreSQL
 * refuses changes of a composite type that tables have values of; it does not
 * know of values in memory.
 */
static bool
has_composite(Oid type)
{
	Oid base = getBaseType(type);
	Oid part = get_element_type(base);

	if (type_is_range(base))
		part = get_range_subtype(base);
	else if (type_is_multirange(base))
		part = get_range_subtype(get_multirange_range(base));
	return OidIsValid(part) ? has_composite(part)
							: get_typtype(base) == TYPTYPE_COMPOSITE;
}

static void
refuse_composites(Relation rel)
{
	TupleDesc desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && has_composite(att->atttypid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of volatile map \"%s\" cannot be of "
							"type %s",
							NameStr(att->attname), RelationGetRelationName(rel),
							format_type_be(att->atttypid)),
					 errdetail("Values of composite types are only kept in "
							   "tables.")));
	}
}

static bool
same_names(const List *a, const List *b)
{
	ListCell *cell;

	if (list_length(a) != list_length(b))
		return false;
	foreach (cell, a)
	{
		if (strcmp(lfirst(cell), list_nth(b, foreach_current_index(cell))) != 0)
			return false;
	}
	return true;
}

static bool
same_ttl(const Interval *a, const Interval *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return tc_map_definition_interval_us(a) == tc_map_definition_interval_us(b);
}

static void
refuse_change(Oid relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("volatile map \"%s\" cannot become a foreign table of "
					"another map",
					get_rel_name(relation)),
			 errhint("Drop it, and create another foreign table.")));
}

/* What memory alone has must not go because of a changed column. */
static void
require_fitting_records(Oid relation)
{
	if (tc_binding_records_outdated(tc_map_require_defined(relation)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change columns of volatile map \"%s\" because "
						"it has records",
						get_rel_name(relation)),
				 errhint("TRUNCATE it before, in a transaction of its own.")));
}

/* Give a table the definition that its options say. */
static void
define(Oid relation)
{
	Options options;
	TcMapDefinition def = {.relation = relation,
						   .max_cost = -1,
						   .created = true};
	Relation rel;
	bool defined;
	bool changed;

	if (!read_options(relation, &options))
		return;
	defined = tc_map_definition_read(relation, &def);
	if (defined && !options.is_volatile)
		refuse_change(relation);
	if (!options.is_volatile)
	{
		tc_foreign_names_qualify(relation);
		return;
	}
	rel = relation_open(relation, NoLock);
	refuse_composites(rel);
	changed = !defined || !same_ttl(options.ttl, def.ttl) ||
		(options.key != NIL && !same_names(options.key, def.key_columns));
	if (changed)
		take_columns(rel, &options, &def);
	relation_close(rel, NoLock);
	if (changed)
	{
		def.ttl = options.ttl;
		(defined ? tc_definitions_update : tc_definitions_insert)(&def);
	}
	if (defined)
		require_fitting_records(relation);
}

void
tc_volatile_tables_define(void)
{
	ListCell *cell;
	ListCell *heir;

	foreach (cell, tc_commanded_relations())
	{
		Oid relation = lfirst_oid(cell);

		define(relation);
		if (!has_subclass(relation))
			continue;
		foreach (heir, find_all_inheritors(relation, NoLock, NULL))
			define(lfirst_oid(heir));
	}
}

/* ----- options ----- */

static void
change_options(Oid relation, const char *change)
{
	tc_sql_command(psprintf("ALTER FOREIGN TABLE %s OPTIONS (%s)",
							tc_relation_name(relation), change));
}

char *
tc_volatile_tables_interval_text(const Interval *interval)
{
	return DatumGetCString(
		DirectFunctionCall1(interval_out, IntervalPGetDatum(interval)));
}


static char *
quoted_names(const List *names)
{
	StringInfoData list;
	ListCell *cell;

	initStringInfo(&list);
	foreach (cell, names)
		appendStringInfo(&list, "%s%s",
						 foreach_current_index(cell) > 0 ? ", " : "",
						 quote_identifier(lfirst(cell)));
	return list.data;
}

void
tc_volatile_tables_set_ttl(Oid relation, Interval *ttl)
{
	Options options;
	const char *change = "DROP ttl";

	read_options(relation, &options);
	if (same_ttl(options.ttl, ttl))
		return;
	if (ttl != NULL)
		change =
			psprintf("%s ttl %s", options.ttl != NULL ? "SET" : "ADD",
					 quote_literal_cstr(tc_volatile_tables_interval_text(ttl)));
	change_options(relation, change);
}

/* Let the option follow the definition. */
static void
follow(Oid relation)
{
	Options options;
	TcMapDefinition def;

	if (!read_options(relation, &options) || options.key == NIL ||
		!tc_map_definition_read(relation, &def) ||
		same_names(options.key, def.key_columns))
		return;
	change_options(relation,
				   psprintf("SET key %s",
							quote_literal_cstr(quoted_names(def.key_columns))));
}

void
tc_volatile_tables_follow_renames(void)
{
	ListCell *cell;

	foreach (cell, tc_commanded_relations())
		follow(lfirst_oid(cell));
}

/* Event trigger on CREATE FOREIGN TABLE. */
Datum
topcache_define_volatile(PG_FUNCTION_ARGS)
{
	(void) tc_commanded_parsetree(fcinfo, "define_volatile");
	tc_volatile_tables_define();
	PG_RETURN_NULL();
}
