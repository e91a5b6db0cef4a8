/*
 * table_sql_row.h
 *	  Writes whole rows to a backing table, as SQL and as the calling user.
 */
#ifndef TC_TABLE_SQL_ROW_H
#define TC_TABLE_SQL_ROW_H

#include "table/map.h"

/*
 * A row to be written, by attribute number less one.  Columns that are not
 * among the given ones become what the table's defaults say.
 */
typedef struct TcNewColumns
{
	const Datum *values;
	const bool *nulls;
	Bitmapset *given; /* attribute numbers; key columns do not count */
} TcNewColumns;

/*
 * Write a row under a key.  TC_PLAN_PUT puts it in place of whatever is
 * there, *is_new says whether nothing was, but in a volatile map only in
 * place of a row; TC_PLAN_PUT_IF_ABSENT only where
 * nothing is; TC_PLAN_REPLACE only where the row, as to_jsonb() shows it, is
 * the expected one.  Returns the number of rows written.  Errors are the
 * table's own.
 */
extern uint64 tc_table_sql_row_write(TcMap *map, TcPlanKind kind,
									 const Datum *keys,
									 const TcNewColumns *columns,
									 Datum expected, bool *is_new);

/* Can a statement set the column?  Not where the table computes it. */
extern bool tc_table_sql_row_settable(const TcMap *map, AttrNumber number);

#endif /* TC_TABLE_SQL_ROW_H */
