/*
 * keyindex.h
 *	  The index that makes a table's columns a key.
 */
#ifndef TC_KEYINDEX_H
#define TC_KEYINDEX_H

#include "heap/shape.h"

/*
 * The unique index over exactly these columns, in this order, which admits
 * no exception; InvalidOid if there is none.  equality receives the function
 * that compares each column.
 */
extern Oid tc_key_index(Relation rel, int nkeys, const TcColumn *keys,
						Oid *equality);

/*
 * The same for a column: can its values be told apart by their bytes?  A
 * type whose equal values may look different can't be a key.
 */
extern bool tc_key_type_usable(const TcColumn *column);

#endif /* TC_KEYINDEX_H */
