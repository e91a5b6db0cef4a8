/*-------------------------------------------------------------------------
 *
 * sql_write.c
 *	  The SQL functions that write records.
 *
 * Structure: a durable map is written through a statement on its table,
 * whose row trigger installs the record, or, where only the value of a row
 * changes, without one (see table_update.c); a volatile one is written in the
 * segment.  Each kind of write has a function for either and one that
 * chooses.
 *
 * Concurrency and failure: those of the statement, or of volatile.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/pg_compat.h"
#include "cache/volatile.h"
#include "cache/write.h"
#include "query/arg.h"
#include "query/key_arg.h"
#include "query/result.h"
#include "query/row_arg.h"
#include "query/value_arg.h"
#include "table/key_text.h"
#include "table/privileges.h"
#include "table/row.h"
#include "table/table_sql.h"
#include "table/table_update.h"

TC_FUNCTION(topcache_put);
TC_FUNCTION(topcache_put_text);
TC_FUNCTION(topcache_put_msgpack);
TC_FUNCTION(topcache_put_many);
TC_FUNCTION(topcache_put_if_absent);
TC_FUNCTION(topcache_replace);
TC_FUNCTION(topcache_incr);

/* A record to be written: a value, or the columns of a row. */
typedef struct NewRecord
{
	Datum value;
	bool isnull;
	TcNewColumns columns;
	TimestampTz expires; /* PG_INT64_MAX: never */
} NewRecord;

/* A statement that writes a record: a value, or a whole row. */
typedef struct Statement
{
	TcMap *map;
	TcPlanKind kind;
	Datum *args;
	const char *nulls; /* NULL: none */
	Datum *result;

	const Datum *keys;
	const TcNewColumns *columns; /* NULL: a value, by args */
	Datum expected;
	bool *is_new;
} Statement;

static uint64
run_statement(void *arg)
{
	const Statement *s = arg;

	if (s->columns == NULL)
		return tc_table_sql_execute(s->map, s->kind, s->args, s->nulls,
									s->result);
	return tc_table_sql_row_write(s->map, s->kind, s->keys, s->columns,
								  s->expected, s->is_new);
}

/*
 * Run a statement that writes a record, with its row installed although it
 * may not be resident.
 */
static uint64
execute_put(TcMap *map, TcPlanKind kind, Datum *args, const char *nulls,
			Datum *result, bool *replaced_expired)
{
	Statement statement = {.map = map,
						   .kind = kind,
						   .args = args,
						   .nulls = nulls,
						   .result = result};

	return tc_write_run_put(map->relation, run_statement, &statement,
							replaced_expired);
}

/*
 * The same for a whole row; true when rows were written.
 */
static bool
write_row(TcMap *map, TcPlanKind kind, const Datum *keys,
		  const NewRecord *record, Datum expected, bool *is_new)
{
	Statement statement = {.map = map,
						   .kind = kind,
						   .keys = keys,
						   .columns = &record->columns,
						   .expected = expected,
						   .is_new = is_new};

	return tc_write_run_put(map->relation, run_statement, &statement, NULL) > 0;
}

/* Arguments of a statement: key, value, time of expiry. */
static void
set_arguments(const TcMap *map, const Datum *keys, const NewRecord *record,
			  Datum *args, char *nulls)
{
	int nkeys = map->layout.nkeys;

	memset(nulls, ' ', TC_MAX_ARGS);
	memcpy(args, keys, nkeys * sizeof(Datum));
	args[nkeys] = record->value;
	if (record->isnull)
		nulls[nkeys] = 'n';
	args[nkeys + 1] = TimestampTzGetDatum(record->expires);
	if (record->expires == PG_INT64_MAX)
		nulls[nkeys + 1] = 'n';
}

/* ----- put ----- */

static bool
put_row(TcMap *map, const Datum *keys, const NewRecord *record)
{
	bool is_new = false;

	(void) write_row(map, TC_PLAN_PUT, keys, record, (Datum) 0, &is_new);
	return is_new;
}

/* The statement gives a row the map's time to live; give it its own. */
static void
set_expiry(TcMap *map, const Datum *keys, TimestampTz expires)
{
	TcOwned owned;

	if (map->layout.value != NULL || map->def.durable)
		return;
	tc_volatile_own(map, keys, &owned);
	if (owned.old.found && owned.old_expires != expires)
		tc_volatile_store_again(&owned, expires);
	else
		tc_volatile_release(&owned);
}

/* In place of what is there, or new: until one of them is possible. */
static bool
put_volatile_row(TcMap *map, const Datum *keys, const NewRecord *record)
{
	bool is_new = false;

	while (!write_row(map, TC_PLAN_PUT, keys, record, (Datum) 0, NULL) &&
		   !is_new)
	{
		CHECK_FOR_INTERRUPTS();
		is_new = write_row(map, TC_PLAN_PUT_IF_ABSENT, keys, record, (Datum) 0,
						   NULL);
	}
	set_expiry(map, keys, record->expires);
	return is_new;
}

/*
 * Give a row that is there another value without a statement, if that is all
 * that the statement would do; false if it has to be run.
 */
static bool
update_record(TcMap *map, const Datum *keys, const NewRecord *record)
{
	const TcRowLayout *layout = &map->layout;
	Datum *values = palloc(layout->natts * sizeof(Datum));
	bool *nulls = palloc(layout->natts * sizeof(bool));
	TcNewRow row = {.row = {values, nulls}, .expires = record->expires};

	tc_row_make(layout, keys, record->value, record->isnull, values, nulls);
	if (record->expires != PG_INT64_MAX)
	{
		values[layout->expires - 1] = TimestampTzGetDatum(record->expires);
		nulls[layout->expires - 1] = false;
	}
	if (!tc_table_update(map, keys, &row.row, &row.newest))
		return false;
	tc_write_put(map, &row);
	return true;
}

static bool
put_record(TcMap *map, const Datum *keys, const NewRecord *record)
{
	Datum args[TC_MAX_ARGS];
	char nulls[TC_MAX_ARGS];
	Datum is_new = BoolGetDatum(false);
	bool replaced_expired;

	if (map->layout.value == NULL)
		return map->def.durable ? put_row(map, keys, record)
								: put_volatile_row(map, keys, record);
	if (!map->def.durable)
	{
		TcOwned owned;

		tc_volatile_own(map, keys, &owned);
		tc_volatile_store(&owned, record->value, record->isnull,
						  record->expires);
		return !owned.old.found;
	}
	if (map->plain && update_record(map, keys, record))
		return false;
	set_arguments(map, keys, record, args, nulls);
	(void) execute_put(map, TC_PLAN_PUT, args, nulls, &is_new,
					   &replaced_expired);

	/* what has expired is not there: replacing it makes the key new */
	return DatumGetBool(is_new) || replaced_expired;
}

static bool
put_absent_record(TcMap *map, const Datum *keys, const NewRecord *record)
{
	Datum args[TC_MAX_ARGS];
	char nulls[TC_MAX_ARGS];

	if (map->layout.value == NULL)
	{
		bool written = write_row(map, TC_PLAN_PUT_IF_ABSENT, keys, record,
								 (Datum) 0, NULL);

		if (written)
			set_expiry(map, keys, record->expires);
		return written;
	}
	if (!map->def.durable)
	{
		TcOwned owned;

		tc_volatile_own(map, keys, &owned);
		if (owned.old.found)
			tc_volatile_release(&owned);
		else
			tc_volatile_store(&owned, record->value, record->isnull,
							  record->expires);
		return !owned.old.found;
	}
	set_arguments(map, keys, record, args, nulls);
	return execute_put(map, TC_PLAN_PUT_IF_ABSENT, args, nulls, NULL, NULL) > 0;
}

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
				RecordForm form, NewRecord *record)
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
			 bool (*put)(TcMap *, const Datum *, const NewRecord *))
{
	TcMap *map = tc_arg_map_to_write(fcinfo, TC_PUT_MODE);
	Datum keys[INDEX_MAX_KEYS];
	NewRecord record;

	tc_key_arg(fcinfo, 1, map, keys);
	record_argument(fcinfo, map, keys, form, &record);
	return BoolGetDatum(put(map, keys, &record));
}

/* put(relation, key, value, ttl) */
Datum
topcache_put(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_JSONB, put_record);
}

/* put_text(relation, key, value, ttl) */
Datum
topcache_put_text(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_TEXT, put_record);
}

/* put_msgpack(relation, key, data, ttl) */
Datum
topcache_put_msgpack(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_MSGPACK, put_record);
}

/* put_if_absent(relation, key, value, ttl) */
Datum
topcache_put_if_absent(PG_FUNCTION_ARGS)
{
	return put_argument(fcinfo, RECORD_JSONB, put_absent_record);
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
	NewRecord record;
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
		if (put_record(map, tc_key_arg_at(&keys, i), &record))
			new_keys++;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(each);
	}
	MemoryContextDelete(each);
	PG_RETURN_INT64(new_keys);
}

/* ----- replace ----- */

/* Are two values of the map equal, by their type's own operator? */
static bool
values_equal(const TcMap *map, Datum a, Datum b)
{
	TypeCacheEntry *type =
		lookup_type_cache(map->layout.value->type, TYPECACHE_EQ_OPR_FINFO);

	if (!OidIsValid(type->eq_opr_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an equality operator for type %s",
						format_type_be(map->layout.value->type))));
	return DatumGetBool(FunctionCall2Coll(&type->eq_opr_finfo,
										  map->layout.value->collation, a, b));
}

static bool
replace_volatile(TcMap *map, const Datum *keys, Datum expected, Datum value)
{
	TcOwned owned;

	tc_volatile_own(map, keys, &owned);
	if (!owned.old.found || owned.old.isnull ||
		!values_equal(map, owned.old.value, expected))
	{
		tc_volatile_release(&owned);
		return false;
	}
	tc_volatile_store(&owned, value, false, owned.old_expires);
	return true;
}

/* Replace a row that still is what its jsonb form was. */
static bool
replace_row(FunctionCallInfo fcinfo, TcMap *map, const Datum *keys)
{
	NewRecord record = {0};

	tc_row_arg_from_jsonb(map, keys, PG_GETARG_JSONB_P(3), &record.columns);
	return write_row(map, TC_PLAN_REPLACE, keys, &record, PG_GETARG_DATUM(2),
					 NULL);
}

/* replace(relation, key, expected, value) */
Datum
topcache_replace(PG_FUNCTION_ARGS)
{
	TcMap *map = tc_arg_map_to_write(fcinfo, ACL_SELECT | ACL_UPDATE);
	Datum args[TC_MAX_ARGS];
	Datum keys[INDEX_MAX_KEYS];
	Datum expected;
	Datum value;

	tc_key_arg(fcinfo, 1, map, keys);
	tc_arg_require(fcinfo, 2, "expected");
	tc_arg_require(fcinfo, 3, "value");
	if (map->layout.value == NULL)
		PG_RETURN_BOOL(replace_row(fcinfo, map, keys));
	expected = tc_value_arg_from_jsonb(map, PG_GETARG_JSONB_P(2));
	value = tc_value_arg_from_jsonb(map, PG_GETARG_JSONB_P(3));
	if (!map->def.durable)
		PG_RETURN_BOOL(replace_volatile(map, keys, expected, value));
	memcpy(args, keys, map->layout.nkeys * sizeof(Datum));
	args[map->layout.nkeys] = expected;
	args[map->layout.nkeys + 1] = value;
	PG_RETURN_BOOL(execute_put(map, TC_PLAN_REPLACE, args, NULL, NULL, NULL) >
				   0);
}

/* ----- incr ----- */

/* Through text, so that only what looks like an integer is one. */
static int64
value_as_number(TcMap *map, const TcValue *value)
{
	text *string = DatumGetTextPP(tc_result_text(map, value));

	return DatumGetInt64(
		DirectFunctionCall1(int8in, CStringGetDatum(text_to_cstring(string))));
}

static int64
incr_volatile(TcMap *map, const Datum *keys, const NewRecord *by)
{
	TcOwned owned;
	TcValue value = {.found = true};
	int64 sum = 0;

	tc_volatile_own(map, keys, &owned);
	if (owned.old.found && !owned.old.isnull)
		sum = value_as_number(map, &owned.old);
	sum = DatumGetInt64(
		DirectFunctionCall2(int8pl, Int64GetDatum(sum), by->value));
	value.value =
		tc_value_arg_from_text(map,
							   cstring_to_text(psprintf(INT64_FORMAT, sum)));
	sum = value_as_number(map, &value);
	tc_volatile_store(&owned, value.value, false,
					  owned.old.found ? owned.old_expires : by->expires);
	return sum;
}

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
	Datum args[TC_MAX_ARGS];
	char nulls[TC_MAX_ARGS];
	Datum keys[INDEX_MAX_KEYS];
	Datum volatile sum = Int64GetDatum(0);
	NewRecord by = {0};
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
		if (!map->def.durable)
			sum = Int64GetDatum(incr_volatile(map, keys, &by));
		else
		{
			Datum result = Int64GetDatum(0);

			set_arguments(map, keys, &by, args, nulls);
			(void) execute_put(map, TC_PLAN_INCR, args, nulls, &result, NULL);
			sum = result;
		}
	}
	PG_CATCH();
	{
		name_key_in_error(map, key, caller);
	}
	PG_END_TRY();
	PG_RETURN_DATUM(sum);
}
