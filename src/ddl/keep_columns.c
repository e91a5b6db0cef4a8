/*-------------------------------------------------------------------------
 *
 * keep_columns.c
 *	  Keeps definitions of maps on their columns when these are renamed.
 *
 * Structure: a definition names its columns, so that a dump can be restored
 * anywhere, and has their numbers too, which stay when a column is renamed.
 * A trigger sets the numbers from the names whenever a definition is written;
 * an event trigger sets the names from the numbers after DDL that has renamed
 * columns: of whichever relations, since a name is inherited.  Between the
 * two, and where event triggers are disabled, readers go by the numbers.
 *
 * Concurrency: renaming locks the table against everybody.
 *
 * Failure: a name that the relation does not have becomes the number 0; the
 * map is suspended then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/pg_compat.h"
#include "ddl/commanded.h"
#include "ddl/definitions.h"
#include "ddl/volatile_tables.h"

TC_FUNCTION(topcache_number_columns);
TC_FUNCTION(topcache_follow_renames);

/* The numbers of columns, in an array. */
static Datum
numbers_as_array(const TcMapDefinition *def)
{
	int n = list_length(def->key_columns);
	Datum *numbers = palloc(n * sizeof(Datum));
	ListCell *cell;

	foreach (cell, def->key_columns)
		numbers[foreach_current_index(cell)] =
			Int16GetDatum(get_attnum(def->relation, lfirst(cell)));
	return PointerGetDatum(construct_array(numbers, n, INT2OID, sizeof(int16),
										   true, TYPALIGN_SHORT));
}

/* Row trigger of the table of definitions, before a row is written. */
Datum
topcache_number_columns(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	int columns[2] = {TC_DEF_KEY_NUMBERS, TC_DEF_VALUE_NUMBER};
	Datum values[2] = {0};
	bool nulls[2] = {false, true};
	TupleDesc desc;
	HeapTuple tuple;
	TcMapDefinition def;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"topcache.number_columns\" must be called "
						"as a BEFORE ROW trigger")));
	desc = RelationGetDescr(data->tg_relation);
	tuple = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple
													: data->tg_trigtuple;
	tc_map_definition_take(tuple, desc, &def);
	values[0] = numbers_as_array(&def);
	if (def.value_column != NULL)
	{
		values[1] = Int16GetDatum(get_attnum(def.relation, def.value_column));
		nulls[1] = false;
	}
	return PointerGetDatum(
		heap_modify_tuple_by_cols(tuple, desc, 2, columns, values, nulls));
}

/* Does a command give a column another name? */
static bool
renames_columns(const Node *command)
{
	const RenameStmt *rename = (const RenameStmt *) command;

	return IsA(command, RenameStmt) &&
		(rename->renameType == OBJECT_COLUMN ||
		 rename->renameType == OBJECT_ATTRIBUTE);
}

/* Event trigger on DDL that may have renamed columns. */
Datum
topcache_follow_renames(PG_FUNCTION_ARGS)
{
	Node *command = tc_commanded_parsetree(fcinfo, "follow_renames");

	tc_volatile_tables_define();
	if (renames_columns(command))
	{
		tc_definitions_follow_renames();
		tc_volatile_tables_follow_renames();
	}
	PG_RETURN_NULL();
}
