/*
 * bulk.h
 *	  Notices statements that bring in more than they will use again.
 */
#ifndef TC_BULK_H
#define TC_BULK_H

#include "segment/memory/ref.h"

/*
 * A fill of so many bytes is about to happen; is it one of a bulk read?
 */
extern bool tc_bulk_fill(const TcMapEntry *entry, uint32 bytes);

/* Is the statement known to read in bulk, by what it has filled? */
extern bool tc_bulk_reading(const TcMapEntry *entry);

/* A record of so many bytes was found in the segment. */
extern void tc_bulk_hit(const TcMapEntry *entry, uint32 bytes);

#endif /* TC_BULK_H */
