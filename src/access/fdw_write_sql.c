/*-------------------------------------------------------------------------
 *
 * fdw_write_sql.c
 *	  Writes to a foreign table as SQL on its backing table.
 *
 * Concurrency: none; only text is made.
 *
 * Failure: columns that cannot be set are errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "lib/stringinfo.h"
#include "utils/rel.h"

#include "access/fdw_write_sql.h"
#include "heap/heapwrite.h"

/* A column can only be set when the backing table has it. */
static void
require_settable(Relation rel, const TcForeignColumn *column, int number)
{
	if (column->kind == TC_FOREIGN_META)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of foreign table \"%s\" cannot be set",
						NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)
									->attname),
						RelationGetRelationName(rel)),
				 errdetail("It shows metadata of the record.")));
}

List *
tc_columns_to_set(Relation rel, const TcForeignTable *table, Bitmapset *named,
				  bool all)
{
	List *columns = NIL;

	for (int i = 0; i < table->natts; i++)
	{
		const TcForeignColumn *column = &table->column[i];
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		bool is_named =
			bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, named);

		if (is_named)
			require_settable(rel, column, i + 1);
		if (column->kind != TC_FOREIGN_COLUMN || att->attgenerated != '\0')
			continue;
		if (is_named || att->atthasdef || all)
			columns = lappend_int(columns, i + 1);
	}
	return columns;
}

static void
append_returning(StringInfo sql, const TcForeignTable *table)
{
	const char *comma = " RETURNING ";

	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind != TC_FOREIGN_COLUMN)
			continue;
		appendStringInfo(sql, "%sm.%s", comma, table->column[i].name);
		comma = ", ";
	}
}

/* Parameters from the first given on, as one row. */
static void
append_row(StringInfo sql, int first, int n)
{
	for (int i = 0; i < n; i++)
		appendStringInfo(sql, "%s$%d", i == 0 ? "(" : ", ", first + i);
	appendStringInfoString(sql, ")");
}

static void
append_insert(StringInfo sql, const TcWriteForm *form, int rows)
{
	const TcForeignTable *table = form->table;
	int ncolumns = list_length(form->columns);
	ListCell *cell;

	appendStringInfo(sql, "INSERT INTO %s AS m ", tc_map_sql_name(table->map));
	if (form->columns == NIL)
		appendStringInfoString(sql, "DEFAULT VALUES");
	else
	{
		foreach (cell, form->columns)
			appendStringInfo(sql, "%s%s",
							 foreach_current_index(cell) == 0 ? "(" : ", ",
							 table->column[lfirst_int(cell) - 1].name);
		appendStringInfoString(sql, ") VALUES ");
		for (int row = 0; row < rows; row++)
		{
			if (row > 0)
				appendStringInfoString(sql, ", ");
			append_row(sql, row * ncolumns + 1, ncolumns);
		}
	}
	if (form->do_nothing)
		appendStringInfoString(sql, " ON CONFLICT DO NOTHING");
}

/* Parameters are the key as it was, then the columns that are set. */
static void
append_update(StringInfo sql, const TcWriteForm *form)
{
	const TcForeignTable *table = form->table;
	ListCell *cell;

	appendStringInfo(sql, "UPDATE %s AS m SET ", tc_map_sql_name(table->map));
	foreach (cell, form->columns)
		appendStringInfo(sql, "%s%s = $%d",
						 foreach_current_index(cell) == 0 ? "" : ", ",
						 table->column[lfirst_int(cell) - 1].name,
						 table->key.n + foreach_current_index(cell) + 1);
	appendStringInfoString(sql, " WHERE ");
	tc_heap_append_key_condition(sql, table->map, true);
}

char *
tc_write_sql(const TcWriteForm *form, int rows)
{
	StringInfoData sql;

	initStringInfo(&sql);
	switch (form->operation)
	{
		case CMD_INSERT:
			append_insert(&sql, form, rows);
			break;
		case CMD_UPDATE:
			append_update(&sql, form);
			break;
		default:
			appendStringInfo(&sql, "DELETE FROM %s AS m WHERE ",
							 tc_map_sql_name(form->table->map));
			tc_heap_append_key_condition(&sql, form->table->map, true);
			break;
	}
	if (rows == 1)
		append_returning(&sql, form->table);
	return sql.data;
}
