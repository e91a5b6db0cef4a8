/*-------------------------------------------------------------------------
 *
 * fdw_import.c
 *	  IMPORT FOREIGN SCHEMA and ANALYZE.
 *
 * Structure: each durable map whose table is in the schema that is imported
 * becomes a foreign table of the same name, with the columns that a read of
 * the map gives: all of a row, or the key and the value.  ANALYZE takes a
 * sample of the backing table.
 *
 * Concurrency: that of reading catalogs.
 *
 * Failure: an unknown schema is an error, one without maps is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "commands/vacuum.h"
#include "executor/spi.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/sampling.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "fdw/fdw_import.h"
#include "fdw/fdw_table.h"
#include "table/extension.h"
#include "table/privileges.h"
#include "table/relation_name.h"

/* Is a column part of what the map gives? */
static bool
is_given(const TcMap *map, AttrNumber number)
{
	if (map->layout.value == NULL || number == map->layout.value->number)
		return true;
	for (int k = 0; k < map->layout.nkeys; k++)
	{
		if (number == map->layout.keys[k].number)
			return true;
	}
	return false;
}

/* CREATE FOREIGN TABLE for a map. */
static char *
import_map(const TcMap *map, const char *server)
{
	StringInfoData sql;
	const char *comma = "(";

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s ",
					 quote_identifier(map->name));
	for (int i = 0; i < map->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(map->desc, i);

		if (att->attisdropped || !is_given(map, att->attnum))
			continue;
		appendStringInfo(&sql, "%s%s %s", comma,
						 quote_identifier(NameStr(att->attname)),
						 format_type_extended(att->atttypid, att->atttypmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN |
												  FORMAT_TYPE_FORCE_QUALIFY));
		if (OidIsValid(att->attcollation))
			appendStringInfo(&sql, " COLLATE %s",
							 generate_collation_name(att->attcollation));
		if (att->attnotnull)
			appendStringInfoString(&sql, " NOT NULL");
		comma = ", ";
	}
	appendStringInfo(&sql, ") SERVER %s OPTIONS (relation %s)",
					 quote_identifier(server),
					 quote_literal_cstr(tc_relation_name(map->relation)));
	return sql.data;
}

static bool
is_wanted(const ImportForeignSchemaStmt *statement, const char *name)
{
	ListCell *cell;

	if (statement->list_type == FDW_IMPORT_SCHEMA_ALL)
		return true;
	foreach (cell, statement->table_list)
	{
		if (strcmp(lfirst_node(RangeVar, cell)->relname, name) == 0)
			return statement->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO;
	}
	return statement->list_type == FDW_IMPORT_SCHEMA_EXCEPT;
}

/* The relations of durable maps in a schema, by name. */
static List *
maps_of_schema(Oid schema)
{
	Oid types[1] = {OIDOID};
	Datum values[1] = {ObjectIdGetDatum(schema)};
	char *sql =
		psprintf("SELECT c.oid FROM %s.map_definition d "
				 "JOIN pg_catalog.pg_class c "
				 "ON c.oid OPERATOR(pg_catalog.=) d.relation "
				 "WHERE d.durable AND c.relnamespace OPERATOR(pg_catalog.=) $1 "
				 "ORDER BY c.relname",
				 quote_identifier(get_namespace_name(tc_extension_schema())));
	MemoryContext caller = CurrentMemoryContext;
	List *relations = NIL;

	SPI_connect();
	SPI_execute_with_args(sql, 1, types, values, NULL, true, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool isnull;
		Datum oid = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
								  1, &isnull);
		MemoryContext inner = MemoryContextSwitchTo(caller);

		relations = lappend_oid(relations, DatumGetObjectId(oid));
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return relations;
}

static List *
import_schema(ImportForeignSchemaStmt *statement, Oid server)
{
	Oid schema = LookupExplicitNamespace(statement->remote_schema, false);
	List *commands = NIL;
	ListCell *cell;

	if (statement->options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"",
						((DefElem *) linitial(statement->options))->defname),
				 errhint("There are no valid options in this context.")));
	foreach (cell, maps_of_schema(schema))
	{
		TcMap *map = tc_map_open(lfirst_oid(cell));

		if (map != NULL && is_wanted(statement, map->name))
			commands =
				lappend(commands,
						import_map(map, GetForeignServer(server)->servername));
	}
	return commands;
}

/* ----- ANALYZE ----- */

/* The row of the foreign table that shows a row of the backing table. */
static HeapTuple
shown_row(const TcForeignTable *table, TupleDesc desc, TupleTableSlot *slot)
{
	Datum *values = palloc0(table->natts * sizeof(Datum));
	bool *nulls = palloc(table->natts * sizeof(bool));

	slot_getallattrs(slot);
	for (int i = 0; i < table->natts; i++)
	{
		int number = table->column[i].number;

		nulls[i] = true;
		if (table->column[i].kind != TC_FOREIGN_COLUMN)
			continue;
		values[i] = slot->tts_values[number - 1];
		nulls[i] = slot->tts_isnull[number - 1];
	}
	return heap_form_tuple(desc, values, nulls);
}

/* A random sample of the rows, by the reservoir method. */
static int
sample_rows(Relation rel, int level, HeapTuple *rows, int wanted, double *live,
			double *dead)
{
	TcForeignTable *table = tc_fdw_table_of(RelationGetRelid(rel));
	Relation backing = table_open(table->map->relation, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(backing, NULL);
	TableScanDesc scan = table_beginscan(backing, GetActiveSnapshot(), 0, NULL);
	ReservoirStateData reservoir;
	double skip = -1;
	int n = 0;

	*live = *dead = 0;
	reservoir_init_selection_state(&reservoir, wanted);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		tc_vacuum_delay_point(true);
		if (n < wanted)
			rows[n++] = shown_row(table, RelationGetDescr(rel), slot);
		else
		{
			if (skip < 0)
				skip = reservoir_get_next_S(&reservoir, *live, wanted);
			if (skip <= 0)
			{
				int place =
					(int) (wanted * sampler_random_fract(&reservoir.randstate));

				heap_freetuple(rows[place]);
				rows[place] = shown_row(table, RelationGetDescr(rel), slot);
			}
			skip -= 1;
		}
		*live += 1;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(backing, NoLock);
	return n;
}

/* May a user read every column that the foreign table shows? */
static bool
all_readable(const TcForeignTable *table, Oid user)
{
	Oid relation = table->map->relation;

	if (!tc_may_use_schema(table->map->schema, user))
		return false;
	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind == TC_FOREIGN_COLUMN &&
			pg_class_aclcheck(relation, user, ACL_SELECT) != ACLCHECK_OK &&
			pg_attribute_aclcheck(relation, table->column[i].number, user,
								  ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

static bool
analyze(Relation rel, AcquireSampleRowsFunc *sample, BlockNumber *pages)
{
	TcForeignTable *table = tc_fdw_table_of(RelationGetRelid(rel));
	Oid owner = rel->rd_rel->relowner;
	Relation backing;

	/* statistics are for the owner to see, whoever asks for them */
	if (!table->map->def.durable || !all_readable(table, owner) ||
		tc_privileges_policies_apply_to(table->map, owner))
		return false;
	backing = table_open(table->map->relation, AccessShareLock);
	*pages = Max(RelationGetNumberOfBlocks(backing), 1);
	table_close(backing, NoLock);
	*sample = sample_rows;
	return true;
}

void
tc_fdw_import_routines(FdwRoutine *routine)
{
	routine->ImportForeignSchema = import_schema;
	routine->AnalyzeForeignTable = analyze;
}
