/*
 * read.h
 *	  The one read path: from a key to its record, wherever it is.
 */
#ifndef TC_READ_H
#define TC_READ_H

#include "utils/snapshot.h"

#include "cache/bypass.h"
#include "table/map.h"
#include "table/table_read.h"

/*
 * What a read found, in the memory context of the read: the value, or, of a
 * map that keeps whole rows, the row.
 */
typedef struct TcValue
{
	bool found;
	bool isnull; /* there is a row, its value is NULL */
	Datum value;
	TcRow row;			 /* with nothing toasted */
	TimestampTz expires; /* see tc_row_expires() */
} TcValue;

/* How the reads of one reader were answered. */
typedef struct TcReadCounts
{
	int64 hits;
	int64 misses;
	int64 bypasses;
} TcReadCounts;

/* Reads of one map under one snapshot. */
typedef struct TcReader
{
	TcMap *map;
	Snapshot snapshot;
	bool cached;	 /* the segment may answer */
	TcBypass bypass; /* why it may not */
	TcReadCounts counts;
	bool checked;	   /* privileges and policies were looked at */
	bool existence;	   /* only whether there is a row is asked */
	bool by_sql;	   /* the heap is read through a statement */
	TimestampTz now;   /* what has expired is judged by this */
	uint64 clock_us;   /* recency of what is read */
	bool reuses_space; /* a record's data replaces that of the last one */
	char *space;
	Size space_bytes;
	TcTableReader *heap;   /* made when first needed */
	MemoryContext context; /* of heap and space */
} TcReader;

/*
 * Begin to read: checks that the user may, and whether the cache may answer.
 * The relation is locked (tc_map_open).  Raises the error that a SELECT
 * would raise.  What the reader keeps between its calls is in the given
 * context.
 */
extern void tc_read_begin(TcReader *reader, TcMap *map, Snapshot snapshot,
						  MemoryContext context);

/*
 * The same for a query of plain SQL, whose privileges PostgreSQL has checked
 * and which no policies apply to.  It sees expired rows, as long as they are
 * in the table.
 */
extern void tc_read_begin_checked(TcReader *reader, TcMap *map,
								  Snapshot snapshot, MemoryContext context);

/*
 * The same for a foreign table, which shows no expired rows.  Where the reader
 * says by_sql then, the caller runs the statements.
 */
extern void tc_read_begin_foreign(TcReader *reader, TcMap *map,
								  Snapshot snapshot, MemoryContext context);
extern void tc_read_end(TcReader *reader);

/* Read one record; its memory is the current context's. */
extern void tc_read_one(TcReader *reader, const Datum *keys, TcValue *value);

/*
 * After a record was found, for who shows all rows that a snapshot sees: one
 * more of the key.  There is one where the transaction has put a row in the
 * place of another that its older snapshot still sees.
 */
extern bool tc_read_another(TcReader *reader, TcValue *value);

/*
 * Give a row that was read in some other way the form of a value; the row is
 * not copied.
 */
extern void tc_value_of_row(const TcMap *map, const TcRow *row, TcValue *value);

/*
 * Take a value out of the data of a record, found by a key of so many bytes.
 * It will point into the space, which has room for the columns of a row, if
 * the map keeps rows, and the data behind that.
 */
extern void tc_value_of_data(const TcMap *map, char *space, uint32 key_bytes,
							 bool has_nulls, TcValue *value);
extern Size tc_value_bytes(const TcMap *map);

/*
 * Is there a record in the segment, of whatever version?  Not for a user to
 * know whose policies may hide the row.
 */
extern bool tc_read_resident(TcMap *map, const Datum *keys);

#endif /* TC_READ_H */
