/*
 * walk.h
 *	  Going through all records, for views, checks and freezing.
 */
#ifndef TC_WALK_H
#define TC_WALK_H

#include "segment/memory/image.h"

/* A record that a walk came by. */
typedef struct TcWalkRecord
{
	uint16 map;
	uint32 generation; /* of the map's entry */
	TcVersion version; /* the newest one */
	uint64 bytes;	   /* of all versions */
	uint32 hits;
	int64 last_access; /* TimestampTz */
	int64 born;		   /* TimestampTz, to the second */
	char *data;		   /* of the newest version, in the walk's memory */
} TcWalkRecord;

/* A walk under way. */
typedef struct TcWalk
{
	MemoryContext context;
	uint32 class; /* of the index, the next to visit */
	uint32 classes;
	int records;
	int position;
	int capacity;
	TcWalkRecord *record;
	char *buffer; /* holds the data of the class's records */
	Size buffer_bytes;
} TcWalk;

/* Begin; what the walk keeps from one call to the next is in this context. */
extern void tc_walk_init(TcWalk *walk, MemoryContext context);

/*
 * The next record of a map, or of any with NULL; NULL at the end.  A map entry
 * that changes hands yields no more records; where any are asked for, compare
 * map and generation with an entry before looking into the data.  The record
 * is valid until the next call.  A lock is held only while one class is copied;
 * records that come or go meanwhile may or may not be met, others are once.
 */
extern const TcWalkRecord *tc_walk_next(TcWalk *walk, const TcMapEntry *map);

/* What a walk would say of the record of a key, without its data. */
extern bool tc_walk_find(const TcProbe *probe, TcWalkRecord *record);

/* A sweep under way, to mark old versions as frozen; zeroed to begin with. */
typedef struct TcWalkFreeze
{
	uint32 parts; /* that the index had at the beginning */
	uint32 part;  /* the next one */
} TcWalkFreeze;

/*
 * Mark committed versions whose maker precedes the horizon, in up to max
 * parts of the index; false when that was the last one.
 */
extern bool tc_walk_freeze(TcWalkFreeze *sweep, TransactionId horizon,
						   uint32 max);

#endif /* TC_WALK_H */
