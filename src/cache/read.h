/*
 * read.h
 *	  The one read path: from a key to its record, wherever it is.
 */
#ifndef TC_READ_H
#define TC_READ_H

#include "utils/snapshot.h"

#include "cache/bypass.h"
#include "cache/value.h"
#include "segment/index/lookup.h"
#include "table/map.h"
#include "table/table_read.h"

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
	bool by_sql;	   /* the table is read by a statement */
	TimestampTz now;   /* what has expired is judged by this */
	uint64 clock_us;   /* recency of what is read */
	bool reuses_space; /* a record's data replaces that of the last one */
	char *space;
	Size space_bytes;
	TcTableReader *table;  /* made when first needed */
	MemoryContext context; /* of table and space */
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
 * Is there a record in the segment, of whatever version?  Not for a user to
 * know whose policies may hide the row.
 */
extern bool tc_read_resident(TcMap *map, const Datum *keys);

/* ----- the steps of a read, for read_ahead.c ----- */

/*
 * Answer a read whose lookup has begun, with whatever it takes.  True after
 * a hit: the access is to be recorded, and that has been prepared.
 */
extern bool tc_read_finish(TcReader *reader, const Datum *keys,
						   TcLookup *lookup, TcValue *value);

/* Answer a read past the cache. */
extern void tc_read_past(TcReader *reader, const Datum *keys, TcValue *value);

#endif /* TC_READ_H */
