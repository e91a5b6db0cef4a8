/*
 * needed_columns.h
 *	  Columns of a relation that a query needs.
 */
#ifndef TC_NEEDED_COLUMNS_H
#define TC_NEEDED_COLUMNS_H

#include "nodes/pathnodes.h"

/* Those that its target and conditions use, as pull_varattnos has them. */
extern Bitmapset *tc_needed_columns(RelOptInfo *rel);

#endif /* TC_NEEDED_COLUMNS_H */
