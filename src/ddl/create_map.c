/*-------------------------------------------------------------------------
 *
 * create_map.c
 *	  The SQL functions that make, change and drop maps with their tables.
 *
 * Structure: create_map makes a table (or a foreign table) by plain SQL as
 * the caller and attaches it.
 *
 * Failure: everything is done in the caller's transaction and undone with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "base/pg_compat.h"
#include "ddl/attach.h"
#include "ddl/definitions.h"
#include "ddl/map_arguments.h"
#include "ddl/volatile_tables.h"
#include "query/arg.h"
#include "table/relation_name.h"
#include "table/sql_command.h"

TC_FUNCTION(topcache_create_map);
TC_FUNCTION(topcache_alter_map);
TC_FUNCTION(topcache_drop_map);

/*
 * The name of a relation to be made, with its schema.  Looked up again without
 * one, it might be another relation's that comes first in the search path.
 */
static RangeVar *
new_name(text *name)
{
	RangeVar *relation =
		makeRangeVarFromNameList(textToQualifiedNameList(name));

	relation->schemaname =
		get_namespace_name(RangeVarGetCreationNamespace(relation));
	return relation;
}

/* Make the table that is to be a map. */
static void
create_table(const char *name, const char *value_type)
{
	tc_sql_command(psprintf("CREATE TABLE %s (key pg_catalog.text PRIMARY KEY,"
							" value %s NOT NULL,"
							" expires_at pg_catalog.timestamptz)",
							name, value_type));
}

/* Make the foreign table that is to be a map. */
static void
create_volatile(const char *name, const char *value_type, const Interval *ttl)
{
	const char *option = "";

	if (ttl != NULL)
		option =
			psprintf(", ttl %s",
					 quote_literal_cstr(tc_volatile_tables_interval_text(ttl)));
	tc_sql_command(psprintf("CREATE FOREIGN TABLE %s"
							" (key pg_catalog.text NOT NULL,"
							" value %s NOT NULL) SERVER topcache"
							" OPTIONS (volatile 'true'%s)",
							name, value_type, option));
}

/*
 * Index the rows that expire, so that those which have are found without
 * looking at the others.  Rows that do not expire are not in it.
 */
static void
create_expiry_index(Oid relation)
{
	tc_sql_command(
		psprintf("CREATE INDEX ON %s (expires_at) WHERE expires_at IS NOT NULL",
				 tc_relation_name(relation)));
}

/* A table can be had that is no map: in a session's temporary schema. */
static void
check_created(Oid relation, bool durable)
{
	Relation rel = relation_open(relation, NoLock);

	tc_arg_require_owner(relation);
	if (durable)
		tc_attach_check(rel);
	relation_close(rel, NoLock);
}

/* create_map(name, ttl, max_idle, max_cost, durable, value_type) */
Datum
topcache_create_map(PG_FUNCTION_ARGS)
{
	TcMapDefinition def;
	TcMapDefinition existing;
	char *value_type;
	RangeVar *name;
	const char *sql_name;
	Oid relation;

	tc_arg_require(fcinfo, 0, "name");
	tc_arg_require(fcinfo, 4, "durable");
	tc_arg_require(fcinfo, 5, "value_type");
	tc_map_arguments_init(&def, InvalidOid);
	tc_map_arguments_limits(fcinfo, 1, false, &def);
	def.durable = PG_GETARG_BOOL(4);

	name = new_name(PG_GETARG_TEXT_PP(0));
	sql_name = quote_qualified_identifier(name->schemaname, name->relname);
	value_type = format_type_be_qualified(PG_GETARG_OID(5));
	if (def.durable)
		create_table(sql_name, value_type);
	else
		create_volatile(sql_name, value_type, def.ttl);
	relation = RangeVarGetRelid(name, ShareRowExclusiveLock, false);
	check_created(relation, def.durable);

	def.relation = relation;
	def.created = true;
	def.key_columns = list_make1("key");
	def.value_column = "value";
	if (def.durable)
	{
		create_expiry_index(relation);
		tc_attach_table(&def);
	}
	else if (!tc_map_definition_read(relation, &existing))
		tc_definitions_insert(&def); /* event triggers are off */
	PG_RETURN_OID(relation);
}

/* alter_map(relation, ttl, max_idle, max_cost) */
Datum
topcache_alter_map(PG_FUNCTION_ARGS)
{
	TcMapDefinition def;

	tc_map_arguments_definition(fcinfo, ShareUpdateExclusiveLock, &def);
	tc_map_arguments_limits(fcinfo, 1, true, &def);
	tc_definitions_update(&def);
	if (!def.durable)
		tc_volatile_tables_set_ttl(def.relation, def.ttl);
	PG_RETURN_VOID();
}

/* drop_map(relation) */
Datum
topcache_drop_map(PG_FUNCTION_ARGS)
{
	TcMapDefinition def;
	char *name;

	tc_map_arguments_definition(fcinfo, AccessExclusiveLock, &def);
	if (!def.created)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("map \"%s\" was not made by topcache.create_map()",
						get_rel_name(def.relation)),
				 errhint(
					 "Use topcache.detach() to end it and keep its table.")));
	name = tc_relation_name(def.relation);
	tc_sql_command(
		psprintf("DROP %s %s", def.durable ? "TABLE" : "FOREIGN TABLE", name));
	PG_RETURN_VOID();
}
