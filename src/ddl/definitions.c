/*-------------------------------------------------------------------------
 *
 * definitions.c
 *	  Writes the table of map definitions.
 *
 * Structure: plain SQL on topcache.map_definition; its trigger tells all
 * sessions.
 *
 * Concurrency: that of the statements.
 *
 * Failure: errors are those of the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/settings.h"
#include "ddl/definitions.h"
#include "segment/maps/map_table.h"
#include "segment/memory/segment.h"
#include "table/extension.h"
#include "table/owner.h"

/* Columns of a definition that statements set, as parameters in order. */
#define NPARAMS 8

/* Run a statement as the owner of the definitions. */
static void
execute_as_owner(const char *sql, int nparams, Oid *types, Datum *values,
				 const char *nulls)
{
	Oid table = get_relname_relid("map_definition", tc_extension_schema());
	TcOwnerBefore before;
	int code;

	if (!tc_owner_become(table, &before))
		ereport(
			ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg(
				 "extension \"topcache\" is not installed in this database")));
	SPI_connect();
	code = SPI_execute_with_args(sql, nparams, types, values, nulls, false, 0);
	if (code < 0)
		elog(ERROR, "could not change the definition of a map: %s",
			 SPI_result_code_string(code));
	SPI_finish();
	tc_owner_leave(&before);
}

static Datum
names_as_array(List *names)
{
	Datum *elements = palloc(list_length(names) * sizeof(Datum));
	ListCell *cell;

	foreach (cell, names)
	{
		Name name = palloc0(NAMEDATALEN);

		namestrcpy(name, lfirst(cell));
		elements[foreach_current_index(cell)] = NameGetDatum(name);
	}
	return PointerGetDatum(construct_array(elements, list_length(names),
										   NAMEOID, NAMEDATALEN, false,
										   TYPALIGN_CHAR));
}

/* Run a statement whose parameters are the columns of a definition. */
static void
execute_with_definition(const char *sql, const TcMapDefinition *def)
{
	Oid types[NPARAMS] = {REGCLASSOID, NAMEARRAYOID, NAMEOID, INTERVALOID,
						  INTERVALOID, INT8OID,		 BOOLOID, BOOLOID};
	Datum values[NPARAMS];
	char nulls[NPARAMS + 1];
	NameData value_column;

	memset(nulls, ' ', NPARAMS);
	nulls[NPARAMS] = '\0';
	values[0] = ObjectIdGetDatum(def->relation);
	values[1] = names_as_array(def->key_columns);
	if (def->value_column != NULL)
		namestrcpy(&value_column, def->value_column);
	else
		nulls[2] = 'n';
	values[2] = NameGetDatum(&value_column);
	values[3] = IntervalPGetDatum(def->ttl);
	values[4] = IntervalPGetDatum(def->max_idle);
	nulls[3] = def->ttl == NULL ? 'n' : ' ';
	nulls[4] = def->max_idle == NULL ? 'n' : ' ';
	values[5] = Int64GetDatum(def->max_cost);
	nulls[5] = def->max_cost < 0 ? 'n' : ' ';
	values[6] = BoolGetDatum(def->created);
	values[7] = BoolGetDatum(def->durable);
	execute_as_owner(sql, NPARAMS, types, values, nulls);
}

/*
 * Tell when there are more maps than can be cached at a time.  Which of them
 * will be is not known yet: those that are used first.
 */
static void
warn_of_too_many(Oid relation)
{
	int64 elsewhere;
	int64 here;

	if (!tc_segment_ready())
		return;
	elsewhere = tc_map_table_count_elsewhere(MyDatabaseId);
	here = tc_map_definition_count_beyond(tc_max_maps - elsewhere);
	if (here == 0)
		return;
	ereport(
		WARNING,
		(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		 errmsg("map \"%s\" may not be cached, as there are more maps than "
				"\"topcache.max_maps\"",
				get_rel_name(relation)),
		 errdetail(
			 "This database has " INT64_FORMAT
			 " maps, those of other databases that are cached are " INT64_FORMAT
			 ", and \"topcache.max_maps\" is %d.",
			 here, elsewhere, tc_max_maps),
		 errhint("Raise \"topcache.max_maps\" and restart the server. "
				 "topcache.maps tells which maps have no room.")));
}

void
tc_definitions_insert(const TcMapDefinition *def)
{
	execute_with_definition("INSERT INTO topcache.map_definition"
							" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
							def);
	warn_of_too_many(def->relation);
}

void
tc_definitions_update(const TcMapDefinition *def)
{
	execute_with_definition("UPDATE topcache.map_definition"
							" SET key_columns = $2, value_column = $3,"
							" ttl = $4, max_idle = $5, max_cost = $6,"
							" created = $7, durable = $8"
							" WHERE relation OPERATOR(pg_catalog.=) $1",
							def);
}

void
tc_definitions_delete(Oid relation)
{
	Oid types[1] = {REGCLASSOID};
	Datum values[1] = {ObjectIdGetDatum(relation)};

	execute_as_owner("DELETE FROM topcache.map_definition"
					 " WHERE relation OPERATOR(pg_catalog.=) $1",
					 1, types, values, NULL);
}

/* Are there definitions?  They may be among what was dropped. */
static bool
definitions_exist(void)
{
	Oid schema = tc_extension_schema();

	return OidIsValid(schema) &&
		OidIsValid(get_relname_relid("map_definition", schema));
}

void
tc_definitions_forget_dropped(void)
{
	if (!definitions_exist())
		return;
	execute_as_owner("DELETE FROM topcache.map_definition"
					 " WHERE relation OPERATOR(pg_catalog.=) ANY (SELECT objid"
					 " FROM pg_catalog.pg_event_trigger_dropped_objects()"
					 " WHERE classid OPERATOR(pg_catalog.=)"
					 " 'pg_catalog.pg_class'::pg_catalog.regclass)",
					 0, NULL, NULL, NULL);
}

void
tc_definitions_follow_renames(void)
{
	if (!definitions_exist())
		return;

	/* a column that was dropped keeps the name that the definition has */
	execute_as_owner(
		"UPDATE topcache.map_definition d"
		" SET key_columns = now.keys, value_column = now.value"
		" FROM (SELECT m.relation, m.value_column,"
		"  ARRAY(SELECT coalesce(a.attname, u.name)"
		"   FROM ROWS FROM (pg_catalog.unnest(m.key_columns),"
		"	 pg_catalog.unnest(m.key_numbers))"
		"	 WITH ORDINALITY AS u(name, number, ord)"
		"   LEFT JOIN pg_catalog.pg_attribute a"
		"   ON a.attrelid OPERATOR(pg_catalog.=) m.relation"
		"   AND a.attnum OPERATOR(pg_catalog.=) u.number"
		"   AND NOT a.attisdropped ORDER BY u.ord) AS keys,"
		"  coalesce((SELECT a.attname FROM pg_catalog.pg_attribute a"
		"   WHERE a.attrelid OPERATOR(pg_catalog.=) m.relation"
		"   AND a.attnum OPERATOR(pg_catalog.=) m.value_number"
		"   AND NOT a.attisdropped), m.value_column) AS value"
		"  FROM topcache.map_definition m) AS now"
		" WHERE d.relation OPERATOR(pg_catalog.=) now.relation"
		" AND (d.key_columns OPERATOR(pg_catalog.<>) now.keys"
		"  OR d.value_column OPERATOR(pg_catalog.<>) now.value)",
		0, NULL, NULL, NULL);
}

void
tc_definitions_renumber(void)
{
	if (definitions_exist())
		execute_as_owner("UPDATE topcache.map_definition"
						 " SET relation = relation",
						 0, NULL, NULL, NULL);
}
