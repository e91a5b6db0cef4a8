/*
 * cache_limits.h
 *	  From the limits in a map's definition to those that are in force.
 */
#ifndef TC_CACHE_LIMITS_H
#define TC_CACHE_LIMITS_H

#include "utils/timestamp.h"

#include "segment/memory/ref.h"
#include "table/map.h"

/*
 * See to it that an entry has the limits of the map that it was acquired for.
 * False when what is known of the map turned out to be outdated.
 */
extern bool tc_cache_limits_bind(TcMap *map, const TcMapEntry *entry);

/*
 * Limits in the definition of a relation are being changed: they come into
 * force, and the cached records stay, when the transaction commits.
 */
extern void tc_cache_limits_changed(Oid relation);

/* Does a record of the map that is over its time hide a row that is there? */
static inline bool
tc_cache_limits_residency_only(const TcMap *map)
{
	return map->def.durable && map->layout.expires == 0;
}

/*
 * When a record must leave the segment: when its row expires, or when it has
 * been resident for the time to live of a map whose rows do not expire.
 */
extern TimestampTz tc_cache_limits_expiry(const TcMap *map,
										  TimestampTz row_expires);

/* A map got a record: keep it within its budget. */
extern void tc_cache_limits_stored(const TcMapEntry *entry);

/* For the background worker: keep all maps within their limits. */
extern void tc_cache_limits_step(void);

extern void tc_cache_limits_init(void);

#endif /* TC_CACHE_LIMITS_H */
