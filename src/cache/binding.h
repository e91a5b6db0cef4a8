/*
 * binding.h
 *	  Connects a map with its place in the segment.
 */
#ifndef TC_BINDING_H
#define TC_BINDING_H

#include "segment/memory/image.h"
#include "table/map.h"

/*
 * Make sure that the map has an entry that is current.  False when the map
 * can't be cached now: no segment, suspended, or no free entry.
 */
extern bool tc_binding_acquire(TcMap *map);

/* The same for a volatile map, which has no table: an error when it can't. */
extern void tc_binding_require(TcMap *map);

/* Are there records of the relation that do not fit what the map is now? */
extern bool tc_binding_records_outdated(const TcMap *map);

/* The entry of a map that was acquired. */
extern const TcMapEntry *tc_binding_entry(const TcMap *map);

/* Prepare to look for a key, given by its bytes, in such a map. */
extern void tc_binding_probe(TcProbe *probe, const TcMap *map,
							 const TcBytes *key);

/* The same for a key; its bytes go where the probe will look for them. */
static inline void
tc_binding_probe_key(TcProbe *probe, const TcMap *map, const Datum *keys,
					 TcBytes *bytes)
{
	tc_row_layout_form_key(&map->layout, keys, bytes);
	tc_binding_probe(probe, map, bytes);
}

#endif /* TC_BINDING_H */
