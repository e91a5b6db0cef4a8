/*-------------------------------------------------------------------------
 *
 * table_sql_row.c
 *	  Writes whole rows through prepared statements.
 *
 * Structure: a put of a row is an INSERT of the columns that were given.  ON
 * CONFLICT sets every other column that can be set to what the INSERT would
 * have made of it, its default included, so that the new row does not depend
 * on the old one.  A replace is an UPDATE in the same sense, and so is a put
 * of a row of a volatile map, whose foreign table knows no ON CONFLICT DO
 * UPDATE.  The given columns differ from call to call, so the first few
 * statements of a map are kept by their columns.
 *
 * Columns that the table computes can't be set; identity columns that are
 * GENERATED ALWAYS can when the row is new.
 *
 * Concurrency and failure: those of the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "table/relation_name.h"
#include "table/table_sql.h"
#include "table/table_sql_row.h"

/* Statements kept per map. */
#define KEPT_PLANS 16

/* ----- columns ----- */

static Form_pg_attribute
attribute(const TcMap *map, AttrNumber number)
{
	return TupleDescAttr(map->desc, number - 1);
}

bool
tc_table_sql_row_settable(const TcMap *map, AttrNumber number)
{
	return attribute(map, number)->attgenerated == '\0';
}

/* Can a row that is there have the column set? */
static bool
updatable(const TcMap *map, AttrNumber number)
{
	return tc_table_sql_row_settable(map, number) &&
		attribute(map, number)->attidentity != ATTRIBUTE_IDENTITY_ALWAYS;
}

static const char *
column_name(const TcMap *map, AttrNumber number)
{
	return quote_identifier(NameStr(attribute(map, number)->attname));
}

/* ----- statements ----- */

/* "INSERT INTO t AS m (k, a, b) ... VALUES ($1, $2, $3) ON CONFLICT (k) DO " */
static void
append_insert(StringInfo sql, const TcMap *map, Bitmapset *given)
{
	const TcRowLayout *layout = &map->layout;
	int n = layout->nkeys;
	int number = -1;

	appendStringInfo(sql, "INSERT INTO %s AS m (",
					 tc_relation_name(map->relation));
	tc_table_sql_append_keys(sql, map);
	while ((number = bms_next_member(given, number)) >= 0)
	{
		appendStringInfo(sql, ", %s", column_name(map, number));
		n++;
	}
	appendStringInfoString(sql, ") OVERRIDING SYSTEM VALUE VALUES (");
	for (int i = 1; i <= n; i++)
		appendStringInfo(sql, "%s$%d", i > 1 ? ", " : "", i);
	appendStringInfoString(sql, ") ON CONFLICT ");
	if (map->def.durable)
	{
		appendStringInfoString(sql, "(");
		tc_table_sql_append_keys(sql, map);
		appendStringInfoString(sql, ") ");
	}
	appendStringInfoString(sql, "DO ");
}

/* "UPDATE SET a = EXCLUDED.a, ..." */
static void
append_update_all(StringInfo sql, const TcMap *map)
{
	const char *separator = "UPDATE SET ";

	for (AttrNumber number = 1; number <= map->desc->natts; number++)
	{
		if (attribute(map, number)->attisdropped ||
			tc_row_layout_key_column(&map->layout, number) >= 0 ||
			!updatable(map, number))
			continue;
		appendStringInfo(sql, "%s%s = EXCLUDED.%s", separator,
						 column_name(map, number), column_name(map, number));
		separator = ", ";
	}

	/* a table of nothing but its key: leave the row as it is, but name it */
	if (*separator == 'U')
		appendStringInfo(sql, "UPDATE SET %s = m.%s",
						 column_name(map, map->layout.keys[0].number),
						 column_name(map, map->layout.keys[0].number));
}

static void
build_put(StringInfo sql, const TcMap *map, Bitmapset *given)
{
	append_insert(sql, map, given);
	append_update_all(sql, map);
	appendStringInfoString(sql,
						   " RETURNING (m.xmax OPERATOR(pg_catalog.=)"
						   " '0'::pg_catalog.xid)");
}

/* "UPDATE t AS m SET a = $2, b = DEFAULT WHERE k = $1" */
static void
build_update(StringInfo sql, const TcMap *map, Bitmapset *given)
{
	const char *separator = "";
	int parameter = map->layout.nkeys;

	appendStringInfo(sql, "UPDATE %s AS m SET ",
					 tc_relation_name(map->relation));
	for (AttrNumber number = 1; number <= map->desc->natts; number++)
	{
		bool is_given = bms_is_member(number, given);

		parameter += is_given;
		if (attribute(map, number)->attisdropped ||
			tc_row_layout_key_column(&map->layout, number) >= 0 ||
			!updatable(map, number))
			continue;
		appendStringInfo(sql, "%s%s = ", separator, column_name(map, number));
		if (is_given)
			appendStringInfo(sql, "$%d", parameter);
		else
			appendStringInfoString(sql, "DEFAULT");
		separator = ", ";
	}
	if (*separator == '\0')
		appendStringInfo(sql, "%s = m.%s",
						 column_name(map, map->layout.keys[0].number),
						 column_name(map, map->layout.keys[0].number));
	appendStringInfoString(sql, " WHERE ");
	tc_table_sql_append_key_condition(sql, map, false);
}

static void
build_replace(StringInfo sql, const TcMap *map, Bitmapset *given)
{
	build_update(sql, map, given);
	appendStringInfo(sql,
					 " AND pg_catalog.to_jsonb(m.*) OPERATOR(pg_catalog.=) $%d",
					 map->layout.nkeys + bms_num_members(given) + 1);
}

/* The types of the parameters: key, given columns, what was expected. */
static int
parameter_types(const TcMap *map, TcPlanKind kind, Bitmapset *given, Oid *types)
{
	int number = -1;
	int n = 0;

	for (; n < map->layout.nkeys; n++)
		types[n] = map->layout.keys[n].base_type;
	while ((number = bms_next_member(given, number)) >= 0)
		types[n++] = attribute(map, number)->atttypid;
	if (kind == TC_PLAN_REPLACE)
		types[n++] = JSONBOID;
	return n;
}

static SPIPlanPtr
prepare(const TcMap *map, TcPlanKind kind, Bitmapset *given)
{
	int max = map->layout.nkeys + bms_num_members(given) + 1;
	Oid *types = palloc(max * sizeof(Oid));
	StringInfoData sql;
	SPIPlanPtr plan;

	initStringInfo(&sql);
	if (kind == TC_PLAN_REPLACE)
		build_replace(&sql, map, given);
	else if (kind == TC_PLAN_PUT && !map->def.durable)
		build_update(&sql, map, given);
	else if (kind == TC_PLAN_PUT)
		build_put(&sql, map, given);
	else
	{
		append_insert(&sql, map, given);
		appendStringInfoString(&sql, "NOTHING");
	}
	plan =
		SPI_prepare(sql.data, parameter_types(map, kind, given, types), types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql.data,
			 SPI_result_code_string(SPI_result));
	return plan;
}

/* ----- keeping statements ----- */

static void
keep_plan(TcMap *map, TcPlanKind kind, Bitmapset *given, SPIPlanPtr plan)
{
	MemoryContext previous = MemoryContextSwitchTo(map->context);
	TcRowPlan *kept = palloc(sizeof(TcRowPlan));

	SPI_keepplan(plan);
	kept->kind = kind;
	kept->given = bms_copy(given);
	kept->plan = plan;
	map->row_plans = lappend(map->row_plans, kept);
	MemoryContextSwitchTo(previous);
}

/* The statement for these columns; SPI is connected. */
static SPIPlanPtr
get_plan(TcMap *map, TcPlanKind kind, Bitmapset *given)
{
	SPIPlanPtr plan;
	ListCell *cell;

	foreach (cell, map->row_plans)
	{
		TcRowPlan *kept = lfirst(cell);

		if (kept->kind == kind && bms_equal(kept->given, given))
			return kept->plan;
	}
	plan = prepare(map, kind, given);

	/* none is given up for another: it may be running further up the stack */
	if (list_length(map->row_plans) < KEPT_PLANS)
		keep_plan(map, kind, given, plan);
	return plan;
}

/* ----- execution ----- */

uint64
tc_table_sql_row_write(TcMap *map, TcPlanKind kind, const Datum *keys,
					   const TcNewColumns *columns, Datum expected,
					   bool *is_new)
{
	int nkeys = map->layout.nkeys;
	int max = nkeys + bms_num_members(columns->given) + 1;
	Datum *args = palloc(max * sizeof(Datum));
	char *nulls = palloc(max);
	int number = -1;
	int n = nkeys;
	int code;
	uint64 rows;

	memset(nulls, ' ', max);
	memcpy(args, keys, nkeys * sizeof(Datum));
	while ((number = bms_next_member(columns->given, number)) >= 0)
	{
		args[n] = columns->values[number - 1];
		if (columns->nulls[number - 1])
			nulls[n] = 'n';
		n++;
	}
	args[n] = expected;

	SPI_connect();
	code = SPI_execute_plan(get_plan(map, kind, columns->given), args, nulls,
							false, 0);
	if (code < 0)
		elog(ERROR, "could not write to relation \"%s\": %s", map->name,
			 SPI_result_code_string(code));
	rows = SPI_processed;
	if (kind == TC_PLAN_PUT && rows > 0 && map->def.durable)
	{
		bool isnull;

		*is_new =
			DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_finish();
	return rows;
}
