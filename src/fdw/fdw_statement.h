/*
 * fdw_statement.h
 *	  Statements on the table behind a foreign table, made without text.
 */
#ifndef TC_FDW_STATEMENT_H
#define TC_FDW_STATEMENT_H

#include "nodes/params.h"
#include "utils/snapshot.h"

#include "fdw/fdw_form.h"

typedef struct TcStatement TcStatement;

/* Plan a statement; it lives in the current memory context. */
extern TcStatement *tc_fdw_statement_plan(const TcStatementForm *form);

/*
 * Parameters of a statement: the key, if it is by key, then the columns that
 * are set, row by row.
 */
extern ParamListInfo tc_fdw_statement_params(const TcStatement *statement);

/*
 * Begin to read, under the snapshot and as of the command given, in the
 * current memory context; the next row, or NULL; and the end.
 */
extern struct QueryDesc *tc_fdw_statement_open(const TcStatement *statement,
											   Snapshot snapshot,
											   CommandId command,
											   ParamListInfo params);
extern TupleTableSlot *tc_fdw_statement_next(struct QueryDesc *query);
extern void tc_fdw_statement_close(struct QueryDesc *query);

/*
 * Write; returns the number of rows.  The columns returned of a single one go
 * into the slot, by the attributes of the foreign table, in the current memory
 * context.
 */
extern uint64 tc_fdw_statement_run(const TcStatement *statement,
								   ParamListInfo params, TupleTableSlot *slot);

#endif /* TC_FDW_STATEMENT_H */
