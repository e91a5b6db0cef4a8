/*
 * transparent.h
 *	  Finds out whether a relation of a query may be read from the cache.
 */
#ifndef TC_TRANSPARENT_H
#define TC_TRANSPARENT_H

#include "nodes/pathnodes.h"

#include "table/map.h"

/*
 * The map of a relation of the query that may be read from the cache as the
 * relation is, or NULL.
 */
extern TcMap *tc_transparent_map(PlannerInfo *root, RelOptInfo *rel);

#endif /* TC_TRANSPARENT_H */
