/*
 * fdw_statement.h
 *	  Statements on the table behind a foreign table, made without text.
 */
#ifndef TC_FDW_STATEMENT_H
#define TC_FDW_STATEMENT_H

#include "nodes/lockoptions.h"
#include "nodes/params.h"
#include "utils/snapshot.h"

#include "fdw/fdw_table.h"

/*
 * What a statement does.  Columns are attributes of the foreign table; what
 * it reads comes, and what it sets is given, in their order.
 */
typedef struct TcStatementForm
{
	const TcForeignTable *table;
	CmdType operation;
	Oid user;				 /* whose rights count; InvalidOid: current one */
	AclMode rights;			 /* that are asked for */
	List *used;				 /* columns on which SELECT is asked for */
	List *columns;			 /* that are read, or set */
	List *returned;			 /* of a write */
	bool by_key;			 /* of rows with the key that is given */
	bool with_place;		 /* reads ctid behind the columns */
	LockClauseStrength lock; /* of rows that are read, or LCS_NONE */
	LockWaitPolicy wait;	 /* where another holds such a lock */
	bool do_nothing;		 /* ON CONFLICT */
	int rows;				 /* that are inserted */
} TcStatementForm;

typedef struct TcStatement TcStatement;

/* An error unless the user has the rights. */
extern void tc_fdw_statement_check(const TcStatementForm *form);

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
