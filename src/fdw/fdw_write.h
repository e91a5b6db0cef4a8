/*
 * fdw_write.h
 *	  Writes rows through a foreign table.
 */
#ifndef TC_FDW_WRITE_H
#define TC_FDW_WRITE_H

#include "nodes/execnodes.h"

#include "fdw/fdw_statement.h"
#include "fdw/fdw_written.h"

/* Writing to one foreign table, for the time of a statement. */
typedef struct TcFdwWrite
{
	TcStatementForm form;
	TcForeignTable *table;
	Relation backing;					/* of a durable map, kept open */
	AttrNumber old_key[INDEX_MAX_KEYS]; /* in the scan's rows */
	TcStatement *one;					/* writes a row */
	TcStatement *batch; /* inserts batch_rows rows; made when needed */
	int batch_rows;
	TcWrittenRows *written; /* by an UPDATE with a join; else NULL */
	MemoryContext context;	/* of all that */
} TcFdwWrite;

/* Plan the statement for so many rows. */
extern TcStatement *tc_fdw_write_plan(TcFdwWrite *work, int rows);

/* Write one row; NULL when nothing was done. */
extern TupleTableSlot *tc_fdw_write_one(EState *estate, ResultRelInfo *info,
										TupleTableSlot *slot,
										TupleTableSlot *scanned);

/*
 * Insert many rows: by one statement where there are as many as it takes, and
 * one by one at the end.
 */
extern TupleTableSlot **tc_fdw_write_batch(EState *estate, ResultRelInfo *info,
										   TupleTableSlot **slots,
										   TupleTableSlot **planned,
										   int *nslots);

/*
 * How many rows may be inserted together.  One at a time where somebody looks
 * at each of them as it goes, where rules make other rows of them, where there
 * is nothing to set, and where the map has no table.
 */
extern int tc_fdw_write_batch_size(ResultRelInfo *info);

#endif /* TC_FDW_WRITE_H */
