/*
 * key_index.h
 *	  The index that makes a table's columns a key.
 */
#ifndef TC_KEY_INDEX_H
#define TC_KEY_INDEX_H

#include "table/row_layout.h"

/* How a map's key is looked up in an index. */
typedef struct TcKeyIndex
{
	Oid index;					  /* InvalidOid: there is none */
	TransactionId complete_since; /* older snapshots see rows without it */
	Oid equality[INDEX_MAX_KEYS]; /* function that compares each column */
	int key[INDEX_MAX_KEYS];	  /* which key column it is */
} TcKeyIndex;

/*
 * Find the unique index over exactly these columns, in whatever order, that
 * admits no exception; false if there is none.
 */
extern bool tc_key_index_find(Relation rel, int nkeys, const TcColumn *keys,
							  TcKeyIndex *found);

/*
 * Does the index lead to every row that the snapshots of this transaction
 * see?  One that was made over rows changed just before may not.
 */
extern bool tc_key_index_complete(const TcKeyIndex *found);

/*
 * Can the column be part of a key?  Where equal values of it may have
 * different bytes its functions are set, in the current memory context.
 */
extern bool tc_key_index_prepare_column(TcColumn *column);

#endif /* TC_KEY_INDEX_H */
