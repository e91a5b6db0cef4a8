/*-------------------------------------------------------------------------
 *
 * sql_write.c
 *	  The SQL functions that write records.
 *
 * Structure: each takes its arguments and leaves the writing to put.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/pg_compat.h"
#include "query/arg.h"
#include "query/key_arg.h"
#include "query/row_arg.h"
#include "query/value_arg.h"
#include "sql/put.h"
#include "table/key_text.h"
#include "table/privileges.h"

TC_FUNCTION(topcache_put);
TC_FUNCTION(topcache_put_text);
TC_FUNCTION(topcache_put_msgpack);
TC_FUNCTION(topcache_put_many);
TC_FUNCTION(topcache_put_if_absent);
TC_FUNCTION(topcache_replace);
TC_FUNCTION(topcache_incr);

/* Forms in which a record is given. */
typedef enum RecordForm
{
	RECORD_JSONB,
	RECORD_TEXT,
	RECORD_MSGPACK
} RecordForm;

/* The row in argument 2. */
static void
row_argument(FunctionCallInfo fcinfo, TcMap *map, const Datum *keys,
			 RecordForm form, TcNewColumns *columns)
{
	if (form == RECORD_TEXT)
		tc_row_arg_from_text(map, keys, PG_GETARG_TEXT_PP(2), columns);
	else if (form == RECORD_MSGPACK)
		tc_row_arg_from_msgpack(map, keys, PG_GETARG_BYTEA_PP(2), columns);
	else
		tc_row_arg_from_jsonb(map, keys, PG_GETARG_JSONB_P(2), columns);
}

/* The value in argument 2; false if it stands for NULL. */
static bool
value_argument(FunctionCallInfo fcinfo, const TcMap *map, RecordForm form,
			   Datum *value)
{
	if (form == RECORD_MSGPACK)
		return tc_value_arg_from_msgpack(map, PG_GETARG_BYTEA_PP(2), value);
	*value = form == RECORD_TEXT
		? tc_value_arg_from_text(map, PG_GETARG_TEXT_PP(2))
		: tc_value_arg_from_jsonb(map, PG_GETARG_JSONB_P(2));
	return true;
}

/* The record in arguments 2, called value or data, and 3, "ttl". */
static void
record_argument(FunctionCallInfo fcinfo, TcMap *map, const Datum *keys,
				RecordForm form, TcNewRecord *record)
{
	record->expires = tc_arg_expires(fcinfo, 3, map);
	record->isnull = PG_ARGISNULL(2);
	record->value = (Datum) 0;
	if (!map->def.durable || map->layout.value == NULL)
		tc_arg_require(fcinfo, 2, form == RECORD_MSGPACK ? "data" : "value");
	if (record->isnull)
		return;
	if (map->layout.value == NULL)
	{
		row_argument(fcinfo, map, keys, form, &record->columns);
		return;
	}
	record->isnull = !value_argument(fcinfo, map, form, &record->value);
	if (record->isnull && !map->def.durable)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("values of map \"%s\" must not be null", map->name)));
}

/* Write the record in the arguments by one of the functions above. */
static Datum
put_argument(FunctionCallInfo fcinfo, RecordForm form,
			 bool (*put)(TcMap *, const Datum *, const TcNewRecord *))
{
	TcMap *map = tc_arg_map_to_write(fcinfo, TC_PUT_MODE);
	Datum keys[INDEX_MAX_KEYS];
	TcNewRecord record;

	tc_key_arg(fcinfo, 1, map, keys);
	record_argument(fcinfo, map, keys, form, &record);
	return BoolGetDatum(put(map, keys, &record));
}

/* put(relation, key, value, ttl) */
Datum
topcache_put(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_JSONB, tc_put_record);
}

/* put_text(relation, key, value, ttl) */
Datum
topcache_put_text(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_TEXT, tc_put_record);
}

/* put_msgpack(relation, key, data, ttl) */
Datum
topcache_put_msgpack(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_MSGPACK, tc_put_record);
}

/* put_if_absent(relation, key, value, ttl) */
Datum
topcache_put_if_absent(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_JSONB, tc_put_absent_record);
}

/* put_many(relation, keys, values, ttl) */
Datum
topcache_put_many(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, TC_PUT_MODE);
	TcKeyArray keys;
	Datum *values;
	bool *nulls;
	int nvalues;
	TcNewRecord record;
	int64 new_keys = 0;
	MemoryContext each =
		AllocSetContextCreate(CurrentMemoryContext, "topcache put_many",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller;

	tc_key_arg_array(fcinfo, 1, map, &keys);
	tc_arg_require(fcinfo, 2, "values");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), JSONBOID, -1, false,
					  TYPALIGN_INT, &values, &nulls, &nvalues);
	if (keys.n != nvalues)
		ereport(
			ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			 errmsg(
				 "\"keys\" and \"values\" must have the same number of elements"),
			 errdetail("There are %d keys and %d values.", keys.n, nvalues)));
	record.expires = tc_arg_expires(fcinfo, 3, map);
	for (int i = 0; i < keys.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (keys.nulls[i] || nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("keys and values must not be null")));
		if (keys.impossible[i] != NULL)
			tc_key_arg_report_range(map);
		record.isnull = false;
		caller = MemoryContextSwitchTo(each);
		if (map->layout.value == NULL)
			tc_row_arg_from_jsonb(map, tc_key_arg_at(&keys, i),
								  DatumGetJsonbP(values[i]), &record.columns);
		else
			record.value =
				tc_value_arg_from_jsonb(map, DatumGetJsonbP(values[i]));
		if (tc_put_record(map, tc_key_arg_at(&keys, i), &record))
			new_keys++;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(each);
	}
	MemoryContextDelete(each);
	PG_RETURN_INT64(new_keys);
}

/* ----- replace ----- */

/* replace(relation, key, expected, value) */
Datum
topcache_replace(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, ACL_SELECT | ACL_UPDATE);
	Datum keys[INDEX_MAX_KEYS];
	Datum expected = PG_GETARG_DATUM(2);
	TcNewRecord record = {0};

	tc_key_arg(fcinfo, 1, map, keys);
	tc_arg_require(fcinfo, 2, "expected");
	tc_arg_require(fcinfo, 3, "value");
	if (map->layout.value == NULL)
		tc_row_arg_from_jsonb(map, keys, PG_GETARG_JSONB_P(3), &record.columns);
	else
	{
		expected = tc_value_arg_from_jsonb(map, PG_GETARG_JSONB_P(2));
		record.value = tc_value_arg_from_jsonb(map, PG_GETARG_JSONB_P(3));
	}
	PG_RETURN_BOOL(tc_put_replace(map, keys, expected, &record));
}

/* ----- incr ----- */

/*
 * Name map and key in the error in hand, where it says no more than that
 * something is no integer.  Everything else of it stays.
 */
static void
name_key_in_error(const TcMap *map, const char *key, MemoryContext caller)
{
	ErrorData *error;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION)
		error->message = psprintf(_("could not increment key \"%s\" of map "
									"\"%s\": %s"),
								  key, map->name, error->message);
	ReThrowError(error);
}

/* incr(relation, key, by) */
Datum
topcache_incr(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, TC_PUT_MODE);
	Datum keys[INDEX_MAX_KEYS];
	int64 volatile sum = 0;
	TcNewRecord by = {0};
	MemoryContext caller = CurrentMemoryContext;
	char *key;

	if (map->layout.value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("map \"%s\" keeps whole rows, which are no numbers",
						map->name),
				 errhint("Name the column to be cached in \"value\" when "
						 "attaching the table.")));
	tc_key_arg(fcinfo, 1, map, keys);
	tc_arg_require(fcinfo, 2, "by");
	by.value = PG_GETARG_DATUM(2);
	by.expires = tc_arg_expires(fcinfo, 3, map);
	key = tc_key_text(map, keys);
	PG_TRY();
	{
		sum = tc_put_increment(map, keys, &by);
	}
	PG_CATCH();
	{
		name_key_in_error(map, key, caller);
	}
	PG_END_TRY();
	PG_RETURN_INT64(sum);
}
