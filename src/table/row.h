/*
 * row.h
 *	  Rows as arrays of columns, seen by the layout of their records.
 */
#ifndef TC_ROW_H
#define TC_ROW_H

#include "datatype/timestamp.h"

#include "table/row_layout.h"

/*
 * How large a record of the row would be, at least, without fetching what is
 * out of line.
 */
extern Size tc_row_size(const TcRowLayout *layout, const TcRow *row);

/* Is a column of a record out of line or compressed? */
extern bool tc_row_has_toasted(const TcRowLayout *layout, const TcRow *row);

/*
 * A copy of a row in the current memory context, with nothing toasted: of
 * the columns that a record has.
 */
extern void tc_row_copy(const TcRowLayout *layout, const TcRow *row,
						Datum *values, bool *nulls);

/*
 * Make a row of keys and one value, in arrays of layout->natts entries; for a
 * layout with a value column.
 */
extern void tc_row_make(const TcRowLayout *layout, const Datum *keys,
						Datum value, bool isnull, Datum *values, bool *nulls);

/*
 * When a row expires; PG_INT64_MAX: never.  The infinite times are others than
 * that, so that the second function gives what the column had.
 */
extern TimestampTz tc_row_expires(const TcRowLayout *layout, const TcRow *row);
extern Datum tc_row_expires_column(TimestampTz expires, bool *isnull);

#endif /* TC_ROW_H */
