/*
 * fdw_form.h
 *	  What a statement on the table behind a foreign table does.
 */
#ifndef TC_FDW_FORM_H
#define TC_FDW_FORM_H

#include "nodes/lockoptions.h"
#include "nodes/nodes.h"
#include "nodes/primnodes.h"

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
	OverridingKind override; /* of an INSERT, for identity columns */
	int rows;				 /* that are inserted */
} TcStatementForm;

#endif /* TC_FDW_FORM_H */
