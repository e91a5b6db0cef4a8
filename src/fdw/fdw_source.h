/*
 * fdw_source.h
 *	  Where the rows of a scan of a foreign table come from.
 */
#ifndef TC_FDW_SOURCE_H
#define TC_FDW_SOURCE_H

#include "nodes/execnodes.h"

#include "fdw/fdw_plan.h"
#include "fdw/fdw_statement.h"
#include "query/key_scan.h"

/* A scan of a foreign table under way. */
typedef struct TcFdwScan
{
	TcForeignMode mode;
	TcForeignTable *table;
	TcForeignLocking locking;
	TcStatementForm form; /* of a statement, and the rights that it takes */
	List *expressions;	  /* of ExprState: keys */
	bool shows_meta;
	bool shows_sizes;
	bool started;
	MemoryContext run; /* of the statement under way */

	TcKeyScan lookups;		 /* also of a volatile map's records */
	MemoryContext row;		 /* of the one at hand */
	bool by_statement;		 /* the keys are looked up so */
	TcStatement *plan;		 /* made when first needed */
	struct QueryDesc *query; /* under way */

	Relation backing; /* NULL for a volatile map */

	/* rows of the table that are locked one by one */
	TupleTableSlot *locked;
	ItemPointerData place; /* of the row at hand */
	LockClauseStrength strength;
} TcFdwScan;

/* Begin to read, by the scan's mode. */
extern void tc_fdw_source_start(ForeignScanState *node, TcFdwScan *work);

/*
 * Put the next row into the slot, without metadata; false when there is none.
 */
extern bool tc_fdw_source_next(ForeignScanState *node, TcFdwScan *work,
							   TupleTableSlot *slot);

/* Fill in what is known of the record, apart from its columns. */
extern void tc_fdw_source_show_meta(const TcFdwScan *work,
									TupleTableSlot *slot);

/* Forget what was read; the reader of look-ups stays. */
extern void tc_fdw_source_reset(TcFdwScan *work);

#endif /* TC_FDW_SOURCE_H */
