/*-------------------------------------------------------------------------
 *
 * put.c
 *	  Writes a record, wherever the records of its map are.
 *
 * Structure: a durable map is written through a statement on its table,
 * whose row trigger installs the record, or, where only the value of a row
 * changes, without one (see table_update.c); a volatile one is written in the
 * segment.
 *
 * Concurrency and failure: those of the statement, or of volatile.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/typcache.h"

#include "cache/volatile.h"
#include "cache/write.h"
#include "query/result.h"
#include "query/value_arg.h"
#include "sql/put.h"
#include "table/row.h"
#include "table/table_sql.h"
#include "table/table_update.h"

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
		  const TcNewRecord *record, Datum expected, bool *is_new)
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
set_arguments(const TcMap *map, const Datum *keys, const TcNewRecord *record,
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
put_row(TcMap *map, const Datum *keys, const TcNewRecord *record)
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
put_volatile_row(TcMap *map, const Datum *keys, const TcNewRecord *record)
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
update_record(TcMap *map, const Datum *keys, const TcNewRecord *record)
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

bool
tc_put_record(TcMap *map, const Datum *keys, const TcNewRecord *record)
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

bool
tc_put_absent_record(TcMap *map, const Datum *keys, const TcNewRecord *record)
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

bool
tc_put_replace(TcMap *map, const Datum *keys, Datum expected,
			   const TcNewRecord *record)
{
	Datum args[TC_MAX_ARGS];

	if (map->layout.value == NULL)
		return write_row(map, TC_PLAN_REPLACE, keys, record, expected, NULL);
	if (!map->def.durable)
		return replace_volatile(map, keys, expected, record->value);
	memcpy(args, keys, map->layout.nkeys * sizeof(Datum));
	args[map->layout.nkeys] = expected;
	args[map->layout.nkeys + 1] = record->value;
	return execute_put(map, TC_PLAN_REPLACE, args, NULL, NULL, NULL) > 0;
}

/* ----- increment ----- */

/* Through text, so that only what looks like an integer is one. */
static int64
value_as_number(TcMap *map, const TcValue *value)
{
	text *string = DatumGetTextPP(tc_result_text(map, value));

	return DatumGetInt64(
		DirectFunctionCall1(int8in, CStringGetDatum(text_to_cstring(string))));
}

static int64
incr_volatile(TcMap *map, const Datum *keys, const TcNewRecord *by)
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

int64
tc_put_increment(TcMap *map, const Datum *keys, const TcNewRecord *by)
{
	Datum args[TC_MAX_ARGS];
	char nulls[TC_MAX_ARGS];
	Datum sum = Int64GetDatum(0);

	if (!map->def.durable)
		return incr_volatile(map, keys, by);
	set_arguments(map, keys, by, args, nulls);
	(void) execute_put(map, TC_PLAN_INCR, args, nulls, &sum, NULL);
	return DatumGetInt64(sum);
}
