/*
 * binding.h
 *	  Connects a map with its place in the segment.
 */
#ifndef TC_BINDING_H
#define TC_BINDING_H

#include "segment/memory/image.h"
#include "table/map.h"

/*
 * Make sure that the map has a slot that is current.  False when the map
 * can't be cached now: no segment, suspended, or no slot to be had.
 */
extern bool tc_binding_acquire(TcMap *map);

/* The same for a map that has no heap to turn to: an error when it can't be. */
extern void tc_binding_require(TcMap *map);

/* Are there records of the relation that do not fit what the map is now? */
extern bool tc_binding_records_outdated(const TcMap *map);

/* The slot of a map that is bound. */
extern const TcMapEntry *tc_binding_entry(const TcMap *map);

/* Look for a key, given by its bytes, in a bound map. */
extern void tc_binding_probe(TcProbe *probe, const TcMap *map,
							 const TcBytes *key);

#endif /* TC_BINDING_H */
