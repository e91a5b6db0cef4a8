/*
 * hydrate.h
 *	  Loads records ahead of use.
 */
#ifndef TC_HYDRATE_H
#define TC_HYDRATE_H

#include "utils/snapshot.h"

#include "table/map.h"

/*
 * Fill up to max records (all with -1) of a map that are not resident, while
 * the segment is below its high water mark.  Returns how many were stored.
 */
extern int64 tc_hydrate(TcMap *map, Snapshot snapshot, int64 max);

#endif /* TC_HYDRATE_H */
