/*
 * map_entry.h
 *	  What can be told of a map's entry without a lock.
 */
#ifndef TC_MAP_ENTRY_H
#define TC_MAP_ENTRY_H

#include "segment/memory/ref.h"

/* Entries below this number have been used. */
extern uint32 tc_map_entry_count(void);

/* Has an entry a body?  False past the end, too. */
extern bool tc_map_entry_has_body(uint16 number);

/* Is an entry still the map's? */
extern bool tc_map_entry_is_current(const TcMapEntry *entry);

#endif /* TC_MAP_ENTRY_H */
