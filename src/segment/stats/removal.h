/*
 * removal.h
 *	  Remembers why records were removed, for those who miss them.
 */
#ifndef TC_REMOVAL_H
#define TC_REMOVAL_H

#include "segment/memory/ref.h"

/* Why a record is removed; each that is counted has a counter of its own. */
typedef enum TcRemovalReason
{
	TC_REMOVED_UNNOTED,		/* nobody will miss it */
	TC_REMOVED_FOR_BACKEND, /* evicted: a backend needed memory */
	TC_REMOVED_FOR_WORKER,	/* evicted: the worker keeps memory free */
	TC_REMOVED_FOR_LIMIT,	/* evicted: its map cost too much */
	TC_REMOVED_BY_COMMAND,	/* evicted: evict() and its like */
	TC_REMOVED_IDLE,		/* evicted: not used for too long */
	TC_REMOVED_EXPIRED,		/* its time was over */
	TC_REMOVED_INVALIDATED, /* what it says is in doubt */
	TC_NREMOVAL_REASONS
} TcRemovalReason;

/* Bytes of the table, in a segment of some size; make it. */
extern Size tc_removal_bytes(Size size_bytes);
extern void tc_removal_create(void);

/* A record is removed; any number of locks may be held. */
extern void tc_removal_note(uint16 map, uint32 hash, TcRemovalReason why);

/* The counter for a miss of a hash: why its record was removed, if known. */
extern TcCounter tc_removal_miss(uint32 hash);

#endif /* TC_REMOVAL_H */
