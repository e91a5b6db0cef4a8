/*
 * fdw_sql.h
 *	  Conditions on a foreign table as SQL on its backing table.
 */
#ifndef TC_FDW_SQL_H
#define TC_FDW_SQL_H

#include "lib/stringinfo.h"
#include "nodes/pathnodes.h"

#include "access/fdw_table.h"

/* Can the backing table judge this condition, with the same outcome? */
extern bool tc_can_push(PlannerInfo *root, RelOptInfo *rel,
						const TcForeignTable *table, RestrictInfo *rinfo);

/*
 * The statement that reads the table: columns of the foreign table, which
 * *columns names by their attribute numbers, under conditions.  Parameters
 * in these are added to *params and numbered in that order.
 */
extern char *tc_foreign_sql(RelOptInfo *rel, const TcForeignTable *table,
							List *columns, List *conditions, int order_by,
							bool descending, bool for_update, List **params);

#endif /* TC_FDW_SQL_H */
