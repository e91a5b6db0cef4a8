/*
 * table_read.h
 *	  Reads rows of a backing table by key.
 */
#ifndef TC_TABLE_READ_H
#define TC_TABLE_READ_H

#include "executor/tuptable.h"
#include "utils/snapshot.h"

#include "table/map.h"

/* Several reads of one table under one snapshot. */
typedef struct TcTableReader TcTableReader;

/*
 * A row as it was found.  It points into the reader and is good until its
 * next use.
 */
typedef struct TcTableRow
{
	TcRow row;
	TimestampTz expires; /* PG_INT64_MAX: never */

	/* For keeping it in the cache, when it has been confirmed: */
	bool newest;		/* nobody has changed or is changing it */
	TransactionId xmin; /* Frozen when every snapshot sees it */
} TcTableRow;

/*
 * Begin and end; the table is locked already.  What the reader keeps between
 * its calls is in the given context.
 */
extern TcTableReader *tc_table_read_begin(const TcMap *map, Snapshot snapshot,
										  MemoryContext context);
extern void tc_table_read_end(TcTableReader *reader);

/* Read the row of a key; false when the snapshot sees none. */
extern bool tc_table_read_key(TcTableReader *reader, const Datum *keys,
							  TcTableRow *row);

/*
 * After a row was found: the next one of the same key.  A key is unique among
 * the rows that are not ended, but an old snapshot may see one that is, and
 * beside it what its own transaction has put in its place.
 */
extern bool tc_table_read_another(TcTableReader *reader, TcTableRow *row);

/*
 * After tc_table_read_key found a row: the tuple, in the reader's slot until
 * the next read.
 */
extern TupleTableSlot *tc_table_read_tuple(TcTableReader *reader);

/*
 * After tc_table_read_key found a row: say what may be kept of it.  Not during
 * recovery.
 */
extern void tc_table_read_confirm(TcTableReader *reader, TcTableRow *row);

/*
 * After tc_table_read_key found nothing: who has made the key absent?  Frozen
 * when no snapshot can see a row; InvalidTransactionId when that cannot be
 * told, or somebody is inserting one.
 */
extern TransactionId tc_table_read_absent_since(TcTableReader *reader,
												const Datum *keys);

/* For other ways to a row: take it out of a slot, judge whether to keep it. */
extern void tc_table_read_take(const TcRowLayout *layout, TupleTableSlot *slot,
							   TcTableRow *row);
extern void tc_table_read_judge(Relation rel, TupleTableSlot *slot,
								TcTableRow *row);

#endif /* TC_TABLE_READ_H */
