/*
 * dirty.h
 *	  Which records are dirty.
 */
#ifndef TC_DIRTY_H
#define TC_DIRTY_H

#include "segment/memory/ref.h"

/* A dirty record. */
typedef struct TcDirty
{
	uint32 hash;
	TransactionId xmin;		/* of the newest version */
	TransactionId ended_by; /* who is deleting it, or invalid */
	bool committed;			/* known already: waits for the flush */
	bool never_evicted;
} TcDirty;

/*
 * Dirty records of a shard, those first that have waited longest since they
 * were last returned: up to max of them.  For settling what no callback has
 * reached.
 */
extern int tc_dirty_list(uint16 map, int shard, TcDirty *dirty, int max);

#endif /* TC_DIRTY_H */
