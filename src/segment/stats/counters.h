/*
 * counters.h
 *	  What happened to each map, counted cheaply.
 */
#ifndef TC_COUNTERS_H
#define TC_COUNTERS_H

#include "segment/memory/ref.h"

/* Prepare the counters of a map's body that has just been made. */
struct TcSharedMapBody;
extern void tc_counters_create(struct TcSharedMapBody *body);

/* Count something for a map.  Private until the next flush. */
extern void tc_counters_add(const TcMapEntry *entry, TcCounter counter,
							int64 n);

/*
 * Bring what this backend has counted into shared memory: at once with
 * force, else not more often than every FLUSH_INTERVAL.
 */
extern void tc_counters_flush(bool force);

/* Read and reset a map's counters. */
extern int64 tc_counters_read(uint16 map, TcCounter counter);
extern int64 tc_counters_since(uint16 map);
extern void tc_counters_reset(uint16 map);

#endif /* TC_COUNTERS_H */
