/*
 * table_sql.h
 *	  Changes rows of a backing table, as SQL and as the calling user.
 */
#ifndef TC_TABLE_SQL_H
#define TC_TABLE_SQL_H

#include "lib/stringinfo.h"

#include "table/map.h"

/*
 * Run one of a map's prepared statements, in the caller's transaction, with
 * every constraint, trigger and privilege that it meets.  args are the key
 * columns, then what the kind wants; an args entry with its nulls entry set
 * to 'n' is NULL.  Returns the number of rows; *result is the first column
 * of the first one, for kinds that return something passed by value.
 *
 *	TC_PLAN_PUT				value, expires_at		-> boolean: a new key
 *	TC_PLAN_PUT_IF_ABSENT	value, expires_at		-> (rows)
 *	TC_PLAN_REPLACE			expected, value			-> (rows)
 *	TC_PLAN_INCR			bigint, expires_at		-> bigint: the sum
 *	TC_PLAN_REMOVE									-> boolean: not expired
 *	TC_PLAN_TOUCH			expires_at				-> (rows)
 *	TC_PLAN_CLEAR			(no key)				-> (rows)
 */
extern uint64 tc_table_sql_execute(TcMap *map, TcPlanKind kind, Datum *args,
								   const char *nulls, Datum *result);

/*
 * Open a cursor over all records that are not expired, under the active
 * snapshot.  To be closed by SPI_cursor_close; SPI is connected.
 */
extern Portal tc_table_sql_scan(TcMap *map);

/*
 * Take the columns of a tuple of that cursor, by attribute number less one;
 * false when the key is NULL, so that there is no record.
 */
extern bool tc_table_sql_take_row(const TcMap *map, HeapTuple tuple,
								  TupleDesc desc, Datum *values, bool *nulls);

/*
 * Read a record by a statement, as the calling user and under the policies
 * that apply, with the active snapshot; false when there is none, or it has
 * expired.  Columns are by attribute number less one, in the current memory
 * context.
 */
extern bool tc_table_sql_select(TcMap *map, const Datum *keys, Datum *values,
								bool *nulls);

/* Pieces of statements: the key's columns, and "m" having a given key. */
extern void tc_table_sql_append_keys(StringInfo sql, const TcMap *map);
extern void tc_table_sql_append_key_condition(StringInfo sql, const TcMap *map,
											  bool live);

/* Arguments of a statement: one per key column, then at most two. */
#define TC_MAX_ARGS (INDEX_MAX_KEYS + 2)

#endif /* TC_TABLE_SQL_H */
