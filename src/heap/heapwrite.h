/*
 * heapwrite.h
 *	  Changes rows of a backing table, as SQL and as the calling user.
 */
#ifndef TC_HEAPWRITE_H
#define TC_HEAPWRITE_H

#include "heap/map.h"

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
extern uint64 tc_heap_execute(TcMap *map, TcPlanKind kind, Datum *args,
							  const char *nulls, Datum *result);

/*
 * Open a cursor over all records, columns key... and value, that are not
 * expired, under the active snapshot.  To be closed by SPI_cursor_close; SPI
 * is connected.
 */
extern Portal tc_heap_scan(TcMap *map);

/*
 * Read a record by a statement, as the calling user and under the policies
 * that apply, with the active snapshot; false when there is none, or it has
 * expired.  *value is in the current memory context.
 */
extern bool tc_heap_select(TcMap *map, const Datum *keys, Datum *value,
						   bool *isnull);

/* Arguments of a statement: one per key column, then at most two. */
#define TC_MAX_ARGS (INDEX_MAX_KEYS + 2)

#endif /* TC_HEAPWRITE_H */
