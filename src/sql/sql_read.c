/*-------------------------------------------------------------------------
 *
 * sql_read.c
 *	  The SQL functions that read records.
 *
 * Structure: each opens the map, begins a read under the active snapshot,
 * and turns what the read path gives into its result.
 *
 * Concurrency and failure: those of the read path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/pg_compat.h"
#include "cache/read.h"
#include "cache/scan.h"
#include "query/key_arg.h"
#include "query/result.h"
#include "segment/memory/segment.h"
#include "sql/get_many.h"
#include "table/privileges.h"

TC_FUNCTION(topcache_get);
TC_FUNCTION(topcache_get_text);
TC_FUNCTION(topcache_get_msgpack);
TC_FUNCTION(topcache_get_many);
TC_FUNCTION(topcache_get_many_text);
TC_FUNCTION(topcache_get_many_msgpack);
TC_FUNCTION(topcache_contains);
TC_FUNCTION(topcache_is_resident);
TC_FUNCTION(topcache_scan);

/* Read the record that arguments 0 and 1 name. */
static TcMap *
read_argument(FunctionCallInfo fcinfo, bool existence, TcValue *value)
{
	TcMap *map = tc_map_require(PG_GETARG_OID(0));
	TcReader reader;
	Datum keys[INDEX_MAX_KEYS];

	tc_read_begin(&reader, map, GetActiveSnapshot(), CurrentMemoryContext);
	reader.existence = existence;
	value->found = false;
	if (tc_key_arg_if_any(fcinfo, 1, map, keys))
		tc_read_one(&reader, keys, value);
	tc_read_end(&reader);
	return map;
}

/* The value of that record; each form has a copy of this, for speed. */
static pg_attribute_always_inline Datum
get(FunctionCallInfo fcinfo, TcResultForm form)
{
	TcValue value;
	TcMap *map = read_argument(fcinfo, false, &value);

	if (!value.found || value.isnull)
		PG_RETURN_NULL();
	return form(map, &value);
}

/* get(relation, key) */
Datum
topcache_get(PG_FUNCTION_ARGS)
{
	return get(fcinfo, tc_result_jsonb);
}

/* get_text(relation, key) */
Datum
topcache_get_text(PG_FUNCTION_ARGS)
{
	return get(fcinfo, tc_result_text);
}

/* get_msgpack(relation, key) */
Datum
topcache_get_msgpack(PG_FUNCTION_ARGS)
{
	return get(fcinfo, tc_result_msgpack);
}

/* contains(relation, key) */
Datum
topcache_contains(PG_FUNCTION_ARGS)
{
	TcValue value;

	(void) read_argument(fcinfo, true, &value);
	PG_RETURN_BOOL(value.found);
}

/* is_resident(relation, key) */
Datum
topcache_is_resident(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_map_require(PG_GETARG_OID(0));
	Datum keys[INDEX_MAX_KEYS];

	tc_segment_require();
	tc_privileges_check_select(map);
	tc_key_arg(fcinfo, 1, map, keys);
	PG_RETURN_BOOL(tc_read_resident(map, keys));
}

/* Read the records that arguments 0 and 1 name into a result. */
static void
read_many(FunctionCallInfo fcinfo, TcResultForm form)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TcMap *map = tc_map_require(PG_GETARG_OID(0));
	TcKeyArray keys;
	TcGetMany *many;
	Datum columns[2];
	bool nulls[2];

	InitMaterializedSRF(fcinfo, 0);
	many =
		tc_get_many_begin(map, GetActiveSnapshot(), form, CurrentMemoryContext);
	tc_key_arg_array(fcinfo, 1, map, &keys);
	tc_get_many_set_keys(many, &keys);
	while (tc_get_many_next(many, columns, nulls))
		tuplestore_putvalues(result->setResult, result->setDesc, columns,
							 nulls);
	tc_get_many_end(many);
}

/* get_many(relation, keys) */
Datum
topcache_get_many(PG_FUNCTION_ARGS)
{
	read_many(fcinfo, tc_result_jsonb);
	return (Datum) 0;
}

/* get_many_text(relation, keys) */
Datum
topcache_get_many_text(PG_FUNCTION_ARGS)
{
	read_many(fcinfo, tc_result_text);
	return (Datum) 0;
}

/* get_many_msgpack(relation, keys) */
Datum
topcache_get_many_msgpack(PG_FUNCTION_ARGS)
{
	read_many(fcinfo, tc_result_msgpack);
	return (Datum) 0;
}

/* scan(relation) */
Datum
topcache_scan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TcMap *map = tc_map_require(PG_GETARG_OID(0));
	MemoryContext row;
	TcScan *scan;
	TcValue value;
	Datum keys[INDEX_MAX_KEYS];

	InitMaterializedSRF(fcinfo, 0);
	row = AllocSetContextCreate(CurrentMemoryContext, "topcache row",
								ALLOCSET_DEFAULT_SIZES);
	tc_privileges_check_select(map);
	scan = tc_scan_begin(map, CurrentMemoryContext);
	while (tc_scan_next(scan, keys, &value))
	{
		MemoryContext caller = MemoryContextSwitchTo(row);
		Datum columns[2] = {tc_result_key(map, keys), (Datum) 0};
		bool nulls[2] = {false, value.isnull};

		if (!value.isnull)
			columns[1] = tc_result_jsonb(map, &value);
		tuplestore_putvalues(result->setResult, result->setDesc, columns,
							 nulls);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row);
	}
	tc_scan_end(scan);
	return (Datum) 0;
}
