/*-------------------------------------------------------------------------
 *
 * table_sql.c
 *	  Writes to backing tables through prepared statements.
 *
 * Structure: each kind of write is one SQL statement, put together from the
 * names of the map's relation and columns and prepared once per backend and
 * map.  PostgreSQL plans, checks and executes it like the user's own; the
 * table's row trigger then brings the cache up to date.
 *
 * A record that has expired is absent: statements overwrite it where they
 * would insert, and leave it alone where they would change it.
 *
 * Concurrency: that of the statements.  Two writers of one key are two
 * updates of one row.
 *
 * Failure: errors are the table's own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "table/relation_name.h"
#include "table/row.h"
#include "table/table_sql.h"

/* Operators and types by their full names, whatever the search_path is. */
#define EQUALS "OPERATOR(pg_catalog.=)"
#define NOW	   "pg_catalog.statement_timestamp()"

/* ----- pieces of statements ----- */

/* "a, b" */
void
tc_table_sql_append_keys(StringInfo sql, const TcMap *map)
{
	for (int i = 0; i < map->layout.nkeys; i++)
		appendStringInfo(sql, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(NameStr(map->layout.keys[i].name)));
}

/* The type's own "=", by its full name. */
static char *
equality_name(Oid type)
{
	Oid operator= lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char *name;

	/* without one the statement fails as the user's own would */
	if (!HeapTupleIsValid(tuple))
		return EQUALS;
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * "m.a".  Enums have an operator for two values of one type alone, which a
 * domain over one does not find.
 */
static char *
key_operand(const TcColumn *column)
{
	const char *name = quote_identifier(NameStr(column->name));

	if (column->type == column->base_type || !type_is_enum(column->base_type))
		return psprintf("m.%s", name);
	return psprintf("CAST(m.%s AS %s)", name,
					format_type_be_qualified(column->base_type));
}

/* "m.a = $1 AND m.b = $2", and not expired */
void
tc_table_sql_append_key_condition(StringInfo sql, const TcMap *map, bool live)
{
	for (int i = 0; i < map->layout.nkeys; i++)
		appendStringInfo(sql, "%s%s %s $%d", i > 0 ? " AND " : "",
						 key_operand(&map->layout.keys[i]),
						 equality_name(map->layout.keys[i].type), i + 1);
	if (live && map->layout.expires != 0)
		appendStringInfoString(sql,
							   " AND (m.expires_at IS NULL OR "
							   "m.expires_at OPERATOR(pg_catalog.>) " NOW ")");
}

static const char *
value_name(const TcMap *map)
{
	return quote_identifier(NameStr(map->layout.value->name));
}

/* "INSERT INTO t AS m (a, b, v, expires_at) VALUES ($1, $2, ..., " */
static void
append_insert(StringInfo sql, const TcMap *map, const char *value,
			  const char *expires)
{
	appendStringInfo(sql, "INSERT INTO %s AS m (",
					 tc_relation_name(map->relation));
	tc_table_sql_append_keys(sql, map);
	appendStringInfo(sql, ", %s%s) VALUES (", value_name(map),
					 map->layout.expires != 0 ? ", expires_at" : "");
	for (int i = 0; i < map->layout.nkeys; i++)
		appendStringInfo(sql, "$%d, ", i + 1);
	appendStringInfo(sql, "%s%s%s) ON CONFLICT (", value,
					 map->layout.expires != 0 ? ", " : "",
					 map->layout.expires != 0 ? expires : "");
	tc_table_sql_append_keys(sql, map);
	appendStringInfoString(sql, ") ");
}

/* "DO UPDATE SET v = EXCLUDED.v, expires_at = EXCLUDED.expires_at" */
static void
append_take_excluded(StringInfo sql, const TcMap *map)
{
	appendStringInfo(sql, "DO UPDATE SET %s = EXCLUDED.%s", value_name(map),
					 value_name(map));
	if (map->layout.expires != 0)
		appendStringInfoString(sql, ", expires_at = EXCLUDED.expires_at");
}

/* A number as a value of the map's type, and back. */
static char *
number_as_value(const TcMap *map, const char *number)
{
	if (map->layout.value->base_type == JSONBOID)
		return psprintf("pg_catalog.to_jsonb(%s)", number);
	return psprintf("CAST(CAST(%s AS pg_catalog.text) AS %s)", number,
					format_type_extended(map->layout.value->type,
										 map->layout.value->typmod,
										 FORMAT_TYPE_FORCE_QUALIFY |
											 FORMAT_TYPE_TYPEMOD_GIVEN));
}

/* Through text, so that only what looks like an integer is one. */
static char *
value_as_number(const TcMap *map)
{
	return psprintf("CAST(CAST(m.%s AS pg_catalog.text) AS pg_catalog.int8)",
					value_name(map));
}

/* ----- statements ----- */

static void
build_put(StringInfo sql, const TcMap *map, const char *value,
		  const char *expires)
{
	append_insert(sql, map, value, expires);
	append_take_excluded(sql, map);
	appendStringInfoString(sql,
						   " RETURNING (m.xmax " EQUALS
						   " '0'::pg_catalog.xid)");
}

static void
build_put_if_absent(StringInfo sql, const TcMap *map, const char *value,
					const char *expires)
{
	append_insert(sql, map, value, expires);
	if (map->layout.expires == 0)
	{
		appendStringInfoString(sql, "DO NOTHING");
		return;
	}
	append_take_excluded(sql, map);
	appendStringInfoString(sql,
						   " WHERE m.expires_at "
						   "OPERATOR(pg_catalog.<=) " NOW);
}

static void
build_replace(StringInfo sql, const TcMap *map, const char *expected,
			  const char *value)
{
	appendStringInfo(sql, "UPDATE %s AS m SET %s = %s WHERE ",
					 tc_relation_name(map->relation), value_name(map), value);
	tc_table_sql_append_key_condition(sql, map, true);
	appendStringInfo(sql, " AND m.%s %s %s", value_name(map),
					 equality_name(map->layout.value->type), expected);
}

static void
build_incr(StringInfo sql, const TcMap *map, const char *by,
		   const char *expires)
{
	char *sum =
		psprintf("%s OPERATOR(pg_catalog.+) %s", value_as_number(map), by);

	append_insert(sql, map, number_as_value(map, by), expires);
	if (map->layout.expires == 0)
		appendStringInfo(sql, "DO UPDATE SET %s = %s", value_name(map),
						 number_as_value(map, sum));
	else
		appendStringInfo(sql,
						 "DO UPDATE SET %s = CASE WHEN m.expires_at "
						 "OPERATOR(pg_catalog.<=) " NOW
						 " THEN %s ELSE %s END, expires_at = CASE WHEN "
						 "m.expires_at OPERATOR(pg_catalog.<=) " NOW
						 " THEN EXCLUDED.expires_at ELSE m.expires_at END",
						 value_name(map), number_as_value(map, by),
						 number_as_value(map, sum));
	appendStringInfo(sql, " RETURNING %s", value_as_number(map));
}

static void
build_remove(StringInfo sql, const TcMap *map)
{
	appendStringInfo(sql, "DELETE FROM %s AS m WHERE ",
					 tc_relation_name(map->relation));
	tc_table_sql_append_key_condition(sql, map, false);
	if (map->layout.expires != 0)
		appendStringInfoString(sql,
							   " RETURNING (m.expires_at IS NULL OR "
							   "m.expires_at OPERATOR(pg_catalog.>) " NOW ")");
}

static void
build_touch(StringInfo sql, const TcMap *map, const char *expires)
{
	appendStringInfo(sql, "UPDATE %s AS m SET expires_at = %s WHERE ",
					 tc_relation_name(map->relation), expires);
	tc_table_sql_append_key_condition(sql, map, true);
}

/* "SELECT " key columns and the others FROM t AS m" */
static void
append_select(StringInfo sql, const TcMap *map)
{
	const TcRowLayout *layout = &map->layout;

	appendStringInfoString(sql, "SELECT ");
	tc_table_sql_append_keys(sql, map);
	for (int i = layout->nhashed; i < layout->nstored; i++)
		appendStringInfo(sql, ", m.%s",
						 quote_identifier(NameStr(layout->stored[i].name)));
	appendStringInfo(sql, " FROM %s AS m", tc_relation_name(map->relation));
}

static void
build_scan(StringInfo sql, const TcMap *map)
{
	append_select(sql, map);
	if (map->layout.expires != 0)
		appendStringInfoString(sql,
							   " WHERE m.expires_at IS NULL OR "
							   "m.expires_at OPERATOR(pg_catalog.>) " NOW);
}

/* Put a statement together. */
static char *
build_statement(const TcMap *map, TcPlanKind kind)
{
	StringInfoData sql;
	char first[16];
	char second[16];

	snprintf(first, sizeof(first), "$%d", map->layout.nkeys + 1);
	snprintf(second, sizeof(second), "$%d", map->layout.nkeys + 2);
	initStringInfo(&sql);
	switch (kind)
	{
		case TC_PLAN_PUT:
			build_put(&sql, map, first, second);
			break;
		case TC_PLAN_PUT_IF_ABSENT:
			build_put_if_absent(&sql, map, first, second);
			break;
		case TC_PLAN_REPLACE:
			build_replace(&sql, map, first, second);
			break;
		case TC_PLAN_INCR:
			build_incr(&sql, map, first, second);
			break;
		case TC_PLAN_REMOVE:
			build_remove(&sql, map);
			break;
		case TC_PLAN_TOUCH:
			build_touch(&sql, map, first);
			break;
		case TC_PLAN_CLEAR:
			appendStringInfo(&sql, "DELETE FROM %s",
							 tc_relation_name(map->relation));
			break;
		case TC_PLAN_SCAN:
			build_scan(&sql, map);
			break;
		case TC_PLAN_SELECT:
			append_select(&sql, map);
			appendStringInfoString(&sql, " WHERE ");
			tc_table_sql_append_key_condition(&sql, map, true);
			break;
		case TC_NPLANS:
			pg_unreachable();
	}
	return sql.data;
}

/* The types of a statement's parameters; returns how many there are. */
static int
parameter_types(const TcMap *map, TcPlanKind kind, Oid *types)
{
	int n = 0;

	if (kind == TC_PLAN_CLEAR || kind == TC_PLAN_SCAN)
		return 0;
	for (; n < map->layout.nkeys; n++)
		types[n] = map->layout.keys[n].base_type;
	switch (kind)
	{
		case TC_PLAN_PUT:
		case TC_PLAN_PUT_IF_ABSENT:
			types[n++] = map->layout.value->base_type;
			types[n++] = TIMESTAMPTZOID;
			break;
		case TC_PLAN_REPLACE:
			types[n++] = map->layout.value->base_type;
			types[n++] = map->layout.value->base_type;
			break;
		case TC_PLAN_INCR:
			types[n++] = INT8OID;
			types[n++] = TIMESTAMPTZOID;
			break;
		case TC_PLAN_TOUCH:
			types[n++] = TIMESTAMPTZOID;
			break;
		default:
			break;
	}
	return n;
}

/* The prepared statement of a kind; SPI is connected. */
static SPIPlanPtr
get_plan(TcMap *map, TcPlanKind kind)
{
	Oid types[TC_MAX_ARGS];
	SPIPlanPtr plan;
	char *sql;

	if (map->plans[kind] != NULL)
		return map->plans[kind];
	sql = build_statement(map, kind);
	plan = SPI_prepare(sql, parameter_types(map, kind, types), types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	map->plans[kind] = plan;
	return plan;
}

uint64
tc_table_sql_execute(TcMap *map, TcPlanKind kind, Datum *args,
					 const char *nulls, Datum *result)
{
	uint64 rows;
	int code;

	SPI_connect();
	code = SPI_execute_plan(get_plan(map, kind), args, nulls, false, 0);
	if (code < 0)
		elog(ERROR, "could not write to relation \"%s\": %s", map->name,
			 SPI_result_code_string(code));
	rows = SPI_processed;
	if (result != NULL && rows > 0 && SPI_tuptable != NULL)
	{
		bool isnull;

		*result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
								&isnull);
	}
	SPI_finish();
	return rows;
}

Portal
tc_table_sql_scan(TcMap *map)
{
	return SPI_cursor_open(NULL, get_plan(map, TC_PLAN_SCAN), NULL, NULL, true);
}

bool
tc_table_sql_take_row(const TcMap *map, HeapTuple tuple, TupleDesc desc,
					  Datum *values, bool *nulls)
{
	const TcRowLayout *layout = &map->layout;
	int column = 0;

	memset(nulls, true, layout->natts * sizeof(bool));
	for (int i = 0; i < layout->nkeys; i++)
	{
		int att = layout->keys[i].number - 1;

		values[att] = SPI_getbinval(tuple, desc, ++column, &nulls[att]);
		if (nulls[att])
			return false;
	}
	for (int i = layout->nhashed; i < layout->nstored; i++)
	{
		int att = layout->stored[i].number - 1;

		values[att] = SPI_getbinval(tuple, desc, ++column, &nulls[att]);
	}
	return true;
}

bool
tc_table_sql_select(TcMap *map, const Datum *keys, Datum *values, bool *nulls)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum args[TC_MAX_ARGS];
	bool found;

	memcpy(args, keys, map->layout.nkeys * sizeof(Datum));
	SPI_connect();
	if (SPI_execute_plan(get_plan(map, TC_PLAN_SELECT), args, NULL, true, 1) !=
		SPI_OK_SELECT)
		elog(ERROR, "could not read relation \"%s\"", map->name);
	found = SPI_processed > 0;
	if (found)
	{
		Datum *in_spi = palloc(map->layout.natts * sizeof(Datum));
		bool *in_spi_nulls = palloc(map->layout.natts * sizeof(bool));
		TcRow row = {in_spi, in_spi_nulls};
		MemoryContext inner;

		found =
			tc_table_sql_take_row(map, SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, in_spi, in_spi_nulls);
		inner = MemoryContextSwitchTo(caller);
		if (found)
			tc_row_copy(&map->layout, &row, values, nulls);
		MemoryContextSwitchTo(inner);
	}
	SPI_finish();
	return found;
}
