/*-------------------------------------------------------------------------
 *
 * needed_columns.c
 *	  Columns of a relation that a query needs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "optimizer/optimizer.h"

#include "query/needed_columns.h"

Bitmapset *
tc_needed_columns(RelOptInfo *rel)
{
	Bitmapset *needed = NULL;
	ListCell *cell;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &needed);
	foreach (cell, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause,
					   rel->relid, &needed);
	foreach (cell, rel->joininfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause,
					   rel->relid, &needed);
	return needed;
}
