/*
 * fdw_truncate.h
 *	  TRUNCATE of foreign tables.
 */
#ifndef TC_FDW_TRUNCATE_H
#define TC_FDW_TRUNCATE_H

#include "nodes/parsenodes.h"

/* Truncate foreign tables, which are open. */
extern void tc_fdw_truncate(List *rels, DropBehavior behavior,
							bool restart_identity);

#endif /* TC_FDW_TRUNCATE_H */
