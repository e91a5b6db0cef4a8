/*-------------------------------------------------------------------------
 *
 * trigger.c
 *	  The trigger functions: what PostgreSQL tells us about changes.
 *
 * Structure: row_changed takes the old and the new row apart and hands them
 * to the write path; table_truncated and definition_changed make the cache
 * forget a relation; forget_dropped removes definitions of what is gone.
 *
 * Concurrency: row_changed runs after the table was changed, at the end of
 * the statement, in the writer's transaction.
 *
 * Failure: an error here would be an error of the user's statement, so only
 * what PostgreSQL itself raises (out of memory, say) is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/pg_compat.h"
#include "cache/cache_limits.h"
#include "cache/suspension.h"
#include "cache/write.h"
#include "ddl/commanded.h"
#include "ddl/definitions.h"
#include "table/map_definition.h"
#include "table/row.h"

TC_FUNCTION(topcache_row_changed);
TC_FUNCTION(topcache_table_truncated);
TC_FUNCTION(topcache_definition_changed);
TC_FUNCTION(topcache_forget_dropped);

/* Report an error unless called as such a trigger. */
static TriggerData *
require_trigger(FunctionCallInfo fcinfo, const char *name, bool row)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) ||
		(row ? !TRIGGER_FIRED_FOR_ROW(data->tg_event)
			 : !TRIGGER_FIRED_FOR_STATEMENT(data->tg_event)))
		ereport(
			ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg(
				 "function \"topcache.%s\" must be called as an AFTER %s trigger",
				 name, row ? "ROW" : "STATEMENT")));
	return data;
}

/*
 * Did the current (sub)transaction make this version of the row, and has it
 * not changed it again?
 */
static bool
is_newest(HeapTuple tuple)
{
	HeapTupleHeader header = tuple->t_data;

	if (HeapTupleHeaderGetRawXmin(header) != GetCurrentTransactionIdIfAny())
		return false;
	return (header->t_infomask & HEAP_XMAX_INVALID) != 0 ||
		HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask);
}

/* The columns of a row, up to one of them. */
static TcRow
take_row(TupleTableSlot *slot, int natts)
{
	TcRow row;

	slot_getsomeattrs(slot, natts);
	row.values = slot->tts_values;
	row.nulls = slot->tts_isnull;
	return row;
}

static void
take_new_row(const TcMap *map, TupleTableSlot *slot, HeapTuple tuple,
			 TcNewRow *row)
{
	row->row = take_row(slot, map->layout.natts);
	row->expires = tc_row_expires(&map->layout, &row->row);
	row->newest = is_newest(tuple);
	row->old_expired = false;
}

/* Row trigger of a backing table. */
Datum
topcache_row_changed(PG_FUNCTION_ARGS)
{
	TriggerData *data = require_trigger(fcinfo, "row_changed", true);
	TcMap *map = tc_write_map(RelationGetRelid(data->tg_relation));
	TcRow old;
	TcNewRow row;

	if (map == NULL)
		return PointerGetDatum(data->tg_trigtuple);

	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
	{
		take_new_row(map, data->tg_trigslot, data->tg_trigtuple, &row);
		tc_write_row(map, NULL, &row);
		return PointerGetDatum(data->tg_trigtuple);
	}
	old = take_row(data->tg_trigslot, map->layout.key_natts);
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
	{
		take_new_row(map, data->tg_newslot, data->tg_newtuple, &row);
		row.old_expired = tc_row_expires(&map->layout, &old) <=
			GetCurrentStatementStartTimestamp();
		tc_write_row(map, &old, &row);
	}
	else
		tc_write_row(map, &old, NULL);
	return PointerGetDatum(data->tg_trigtuple);
}

/*
 * Statement trigger of a backing table.  A table that this transaction has
 * made is truncated in place, so its file does not tell.
 */
Datum
topcache_table_truncated(PG_FUNCTION_ARGS)
{
	TriggerData *data = require_trigger(fcinfo, "table_truncated", false);

	tc_suspension_begin(RelationGetRelid(data->tg_relation));
	return PointerGetDatum(NULL);
}

/* Make everybody look at a relation again, and forget what was cached. */
static void
relation_redefined(HeapTuple tuple, TupleDesc desc)
{
	bool isnull;
	Oid relation = DatumGetObjectId(heap_getattr(tuple, 1, desc, &isnull));

	if (isnull)
		return;
	if (get_rel_relkind(relation) == RELKIND_RELATION)
		tc_suspension_begin(relation);
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		CacheInvalidateRelcacheByRelid(relation);
}

/* Is a column of a definition the same in both rows? */
static bool
same_column(HeapTuple old, HeapTuple new, TupleDesc desc, int column)
{
	Form_pg_attribute att = TupleDescAttr(desc, column - 1);
	bool old_null;
	bool new_null;
	Datum old_value = heap_getattr(old, column, desc, &old_null);
	Datum new_value = heap_getattr(new, column, desc, &new_null);

	if (old_null || new_null)
		return old_null && new_null;
	return datumIsEqual(old_value, new_value, att->attbyval, att->attlen);
}

/*
 * Have limits been changed that do not need the map to be emptied?  A time to
 * live of rows that do not expire is in records already; only a longer one
 * may be left to those that come.
 */
static bool
only_limits_changed(HeapTuple old, HeapTuple new, TupleDesc desc)
{
	TcMapDefinition before;
	TcMapDefinition after;

	for (int column = 1; column <= desc->natts; column++)
	{
		if (!tc_map_definition_is_limit(column) &&
			!same_column(old, new, desc, column))
			return false;
	}
	tc_map_definition_take(old, desc, &before);
	tc_map_definition_take(new, desc, &after);
	if (after.created || after.ttl == NULL)
		return true;
	return before.ttl != NULL &&
		tc_map_definition_interval_us(after.ttl) >=
		tc_map_definition_interval_us(before.ttl);
}

/* Limits have changed: everybody must look again, but nothing is lost. */
static void
limits_redefined(Oid relation)
{
	tc_cache_limits_changed(relation);
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		CacheInvalidateRelcacheByRelid(relation);
}

/* Row trigger of the table of definitions. */
Datum
topcache_definition_changed(PG_FUNCTION_ARGS)
{
	TriggerData *data = require_trigger(fcinfo, "definition_changed", true);
	TupleDesc desc = RelationGetDescr(data->tg_relation);

	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event) &&
		only_limits_changed(data->tg_trigtuple, data->tg_newtuple, desc))
	{
		TcMapDefinition def;

		tc_map_definition_take(data->tg_newtuple, desc, &def);
		limits_redefined(def.relation);
		return PointerGetDatum(data->tg_trigtuple);
	}
	relation_redefined(data->tg_trigtuple, desc);
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		relation_redefined(data->tg_newtuple, desc);
	return PointerGetDatum(data->tg_trigtuple);
}

/* Event trigger on DROP. */
Datum
topcache_forget_dropped(PG_FUNCTION_ARGS)
{
	(void) tc_commanded_parsetree(fcinfo, "forget_dropped");
	tc_definitions_forget_dropped();
	PG_RETURN_NULL();
}
