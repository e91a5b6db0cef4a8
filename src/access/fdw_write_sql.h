/*
 * fdw_write_sql.h
 *	  Writes to a foreign table as SQL on its backing table.
 */
#ifndef TC_FDW_WRITE_SQL_H
#define TC_FDW_WRITE_SQL_H

#include "nodes/bitmapset.h"
#include "nodes/nodes.h"

#include "access/fdw_table.h"

/* What is written, and how. */
typedef struct TcWriteForm
{
	const TcForeignTable *table;
	CmdType operation;
	bool do_nothing; /* ON CONFLICT */
	List *columns;	 /* attributes that are set, in the order of parameters */
} TcWriteForm;

/*
 * The columns that a statement sets.  What an INSERT does not name is left
 * to the backing table's defaults, unless the foreign table has its own, or
 * all columns are asked for.  Metadata that is named is an error.
 */
extern List *tc_columns_to_set(Relation rel, const TcForeignTable *table,
							   Bitmapset *named, bool all);

/*
 * The statement that writes so many rows, which only an INSERT can be more
 * than one of.  Its parameters are the key as it was, but for an INSERT, then
 * the columns that are set, row by row.  A single row's statement returns the columns shown.
 */
extern char *tc_write_sql(const TcWriteForm *form, int rows);

#endif /* TC_FDW_WRITE_SQL_H */
