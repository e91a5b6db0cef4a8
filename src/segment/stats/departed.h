/*
 * departed.h
 *	  Remembers why records left the segment, for those who miss them.
 */
#ifndef TC_DEPARTED_H
#define TC_DEPARTED_H

#include "segment/memory/ref.h"

/* Why a record leaves; each that is counted has a counter of its own. */
typedef enum TcDeparture
{
	TC_LEAVES_UNNOTED,	   /* nobody will miss it */
	TC_LEAVES_FOR_BACKEND, /* evicted: a backend needed room */
	TC_LEAVES_FOR_WORKER,  /* evicted: the worker keeps room free */
	TC_LEAVES_FOR_BUDGET,  /* evicted: its map cost too much */
	TC_LEAVES_BY_COMMAND,  /* evicted: evict() and its like */
	TC_LEAVES_IDLE,		   /* evicted: not used for too long */
	TC_LEAVES_EXPIRED,	   /* its time was over */
	TC_LEAVES_INVALIDATED, /* what it says is in doubt */
	TC_NDEPARTURES
} TcDeparture;

/* Bytes of the table, in a segment of some size; make it. */
extern Size tc_departed_bytes(Size size_bytes);
extern void tc_departed_create(void);

/* A record has left; any number of locks may be held. */
extern void tc_departed_note(uint16 map, uint32 hash, TcDeparture why);

/* The counter for a miss of a hash: by why its record left, if it is known. */
extern TcCounter tc_departed_miss(uint32 hash);

#endif /* TC_DEPARTED_H */
