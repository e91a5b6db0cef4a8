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

#include "access/args.h"
#include "base/compat.h"
#include "base/msgpack.h"
#include "base/settings.h"
#include "cache/read.h"
#include "cache/scan.h"
#include "segment/segment.h"

TC_FUNCTION(topcache_get);
TC_FUNCTION(topcache_get_text);
TC_FUNCTION(topcache_get_msgpack);
TC_FUNCTION(topcache_get_many);
TC_FUNCTION(topcache_get_many_text);
TC_FUNCTION(topcache_contains);
TC_FUNCTION(topcache_is_resident);
TC_FUNCTION(topcache_scan);

/* Form in which a value is returned. */
typedef Datum (*ValueForm)(const TcMap *map, Datum value);

/* Read the record that arguments 0 and 1 name. */
static TcMap *
read_argument(FunctionCallInfo fcinfo, TcValue *value)
{
	TcMap *map = tc_map_require(PG_GETARG_OID(0));
	TcReader reader;
	Datum keys[1];

	tc_read_begin(&reader, map, GetActiveSnapshot());
	value->found = false;
	if (tc_arg_key_if_any(fcinfo, 1, map, keys))
		tc_read_one(&reader, keys, value);
	tc_read_end(&reader);
	return map;
}

/* get(relation, key) */
Datum
topcache_get(PG_FUNCTION_ARGS)
{
	TcValue value;
	TcMap *map = read_argument(fcinfo, &value);

	if (!value.found || value.isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(tc_value_as_jsonb(map, value.value));
}

/* get_text(relation, key) */
Datum
topcache_get_text(PG_FUNCTION_ARGS)
{
	TcValue value;
	TcMap *map = read_argument(fcinfo, &value);

	if (!value.found || value.isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(tc_value_as_text(map, value.value));
}

/* get_msgpack(relation, key) */
Datum
topcache_get_msgpack(PG_FUNCTION_ARGS)
{
	TcValue value;
	TcMap *map = read_argument(fcinfo, &value);

	if (!value.found || value.isnull)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(tc_msgpack_encode(value.value, map->shape.value.type,
										tc_max_msgpack_depth));
}

/* contains(relation, key) */
Datum
topcache_contains(PG_FUNCTION_ARGS)
{
	TcValue value;

	(void) read_argument(fcinfo, &value);
	PG_RETURN_BOOL(value.found);
}

/* is_resident(relation, key) */
Datum
topcache_is_resident(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_map_require(PG_GETARG_OID(0));
	Datum keys[1];

	tc_segment_require();
	tc_map_check_select(map);
	tc_arg_key(fcinfo, 1, map, keys);
	PG_RETURN_BOOL(tc_read_resident(map, keys));
}

/* Add a row of key and value to a result. */
static void
put_row(ReturnSetInfo *result, const TcMap *map, Datum key,
		const TcValue *value, ValueForm form)
{
	Datum columns[2] = {key, (Datum) 0};
	bool nulls[2] = {false, !value->found || value->isnull};

	if (!nulls[1])
		columns[1] = form(map, value->value);
	tuplestore_putvalues(result->setResult, result->setDesc, columns, nulls);
}

/* Add a row for a key that can have no record; NULL when it is NULL. */
static void
put_empty_row(ReturnSetInfo *result, const char *key)
{
	Datum columns[2] = {0};
	bool nulls[2] = {key == NULL, true};

	if (key != NULL)
		columns[0] = CStringGetTextDatum(key);
	tuplestore_putvalues(result->setResult, result->setDesc, columns, nulls);
}

/* Add rows for one batch of keys. */
static void
read_keys(ReturnSetInfo *result, TcReader *reader, const TcKeyArray *array,
		  int start, int n, ValueForm form)
{
	TcValue values[TC_READ_BATCH];
	Datum keys[TC_READ_BATCH][1];
	int asked = 0;
	int answered = 0;

	for (int i = start; i < start + n; i++)
	{
		if (!array->nulls[i] && array->impossible[i] == NULL)
			keys[asked++][0] = array->keys[i][0];
	}
	tc_read_batch(reader, asked, (const Datum(*)[1]) keys, values);
	for (int i = start; i < start + n; i++)
	{
		if (array->nulls[i] || array->impossible[i] != NULL)
			put_empty_row(result, array->impossible[i]);
		else
			put_row(result, reader->map,
					tc_key_as_text(reader->map, array->keys[i]),
					&values[answered++], form);
	}
}

/* Read the records that arguments 0 and 1 name into a result. */
static void
read_many(FunctionCallInfo fcinfo, ValueForm form)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TcMap *map = tc_map_require(PG_GETARG_OID(0));
	MemoryContext batch;
	MemoryContext caller;
	TcReader reader;
	TcKeyArray array;

	InitMaterializedSRF(fcinfo, 0);
	tc_read_begin(&reader, map, GetActiveSnapshot());
	tc_arg_keys(fcinfo, 1, map, &array);

	batch = AllocSetContextCreate(CurrentMemoryContext, "topcache batch",
								  ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(batch);
	for (int start = 0; start < array.n; start += TC_READ_BATCH)
	{
		CHECK_FOR_INTERRUPTS();
		read_keys(result, &reader, &array, start,
				  Min(TC_READ_BATCH, array.n - start), form);
		MemoryContextReset(batch);
	}
	MemoryContextSwitchTo(caller);
	tc_read_end(&reader);
}

/* get_many(relation, keys) */
Datum
topcache_get_many(PG_FUNCTION_ARGS)
{
	read_many(fcinfo, tc_value_as_jsonb);
	return (Datum) 0;
}

/* get_many_text(relation, keys) */
Datum
topcache_get_many_text(PG_FUNCTION_ARGS)
{
	read_many(fcinfo, tc_value_as_text);
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
	scan = tc_scan_begin(map);
	while (tc_scan_next(scan, keys, &value))
	{
		MemoryContext caller = MemoryContextSwitchTo(row);

		put_row(result, map, tc_key_as_text(map, keys), &value,
				tc_value_as_jsonb);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row);
	}
	tc_scan_end(scan);
	return (Datum) 0;
}
