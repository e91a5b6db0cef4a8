/*
 * fdw_query.h
 *	  Queries of the table behind a foreign table, made without text.
 */
#ifndef TC_FDW_QUERY_H
#define TC_FDW_QUERY_H

#include "nodes/parsenodes.h"

#include "fdw/fdw_form.h"

typedef struct TcFdwQuery
{
	Query *query; /* neither rewritten nor planned */
	int nparams;
	Oid *types; /* of the parameters */
} TcFdwQuery;

/*
 * Make the query of a form, in the current memory context.  Locks the table
 * as the query does, until the end of the transaction.
 */
extern void tc_fdw_query_make(const TcStatementForm *form, TcFdwQuery *made);

#endif /* TC_FDW_QUERY_H */
