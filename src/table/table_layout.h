/*
 * table_layout.h
 *	  Finds out what records of a table's rows have in them.
 */
#ifndef TC_TABLE_LAYOUT_H
#define TC_TABLE_LAYOUT_H

#include "utils/relcache.h"

#include "table/row_layout.h"

/* Describe a column of a table. */
extern void tc_table_layout_describe_column(Relation rel, AttrNumber number,
											TcColumn *column);

/* Is a column computed when it is read, so that no tuple has it? */
extern bool tc_table_layout_is_virtual(Relation rel, AttrNumber number);

/*
 * Complete a layout whose keys are known: with the value column given, or
 * with all columns of the table where that is 0.
 */
extern void tc_table_layout_finish(TcRowLayout *layout, Relation rel,
								   AttrNumber value);

#endif /* TC_TABLE_LAYOUT_H */
