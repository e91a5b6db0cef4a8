/*
 * warm_keys.h
 *	  Loads records by the bytes of their keys.
 */
#ifndef TC_WARM_KEYS_H
#define TC_WARM_KEYS_H

#include "table/map.h"

/* A key as a record's data begins with it, and when it was used. */
typedef struct TcWarmKey
{
	const char *data; /* aligned as a record's */
	uint32 bytes;
	uint64 recency_us; /* on the segment's clock, of before */
} TcWarmKey;

/*
 * Load the rows of some keys of a map, those used last first, under the active
 * snapshot.  Returns how many were loaded; keys without a row, and those that
 * are resident, are passed over.  Stops where the segment is as full as the
 * worker leaves it.
 */
extern int64 tc_warm_keys(TcMap *map, const TcWarmKey *keys, int n);

/* Is there space for more? */
extern bool tc_warm_keys_may_fill(void);

#endif /* TC_WARM_KEYS_H */
