/*
 * plain_table.h
 *	  Tables to which a put does no more than to write a row.
 */
#ifndef TC_PLAIN_TABLE_H
#define TC_PLAIN_TABLE_H

#include "utils/relcache.h"

#include "table/row_layout.h"

/*
 * Would a statement that puts a value do no more to the table than to write
 * a row and its index entries?  For the table of a map that is not suspended.
 */
extern bool tc_plain_table(Relation rel, const TcRowLayout *layout);

#endif /* TC_PLAIN_TABLE_H */
