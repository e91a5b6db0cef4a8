/*
 * lookup.h
 *	  Reading: find a key's versions without taking a lock.
 */
#ifndef TC_LOOKUP_H
#define TC_LOOKUP_H

#include "segment/image.h"

/* Outcome of a step of a lookup. */
typedef enum TcLookupResult
{
	TC_LOOKUP_FOUND,  /* version describes what was found */
	TC_LOOKUP_ABSENT, /* there is none, or no older one */
	TC_LOOKUP_CHANGED /* the record changed under the reader */
} TcLookupResult;

/* A lookup under way.  Callers use only version. */
typedef struct TcLookup
{
	const TcProbe *probe;
	TcVersion version;

	/* private */
	void *first; /* bucket that was looked into */
	uint32 seq;	 /* its sequence number then */
	uint32 nbuckets;
	TcRef newest;	  /* the record's newest version */
	TcRef ref;		  /* the version in hand */
	uint64 header[5]; /* copy of its header */
} TcLookup;

/*
 * Find the newest version of a key.  After TC_LOOKUP_CHANGED (which takes
 * constant pressure by writers) the caller turns to the heap.
 */
extern TcLookupResult tc_lookup_newest(TcLookup *lookup, const TcProbe *probe);

/* Go on to the version before the one in hand. */
extern TcLookupResult tc_lookup_older(TcLookup *lookup);

/*
 * Copy the data of the version in hand, version.data_bytes of it.  False
 * when the record has changed since it was found; begin again then.
 */
extern bool tc_lookup_copy(TcLookup *lookup, char *data);

/*
 * Note that the record was used at a time of tc_segment_clock_us().  Writes
 * shared memory at most once per recency resolution and record.
 */
extern void tc_lookup_touch(TcLookup *lookup, uint64 now_us);

/* Start to load what a touch of the record will change, if anything. */
extern void tc_lookup_prefetch_touch(TcLookup *lookup, uint64 now_us);

/* Bring hits that were noted but not yet counted into the records. */
extern void tc_lookup_flush_hits(void);

/*
 * Start to load what a lookup of the key will need: first the bucket, and
 * some keys later the record.
 */
extern void tc_lookup_prefetch_bucket(const TcProbe *probe);
extern void tc_lookup_prefetch_record(const TcProbe *probe);

#endif /* TC_LOOKUP_H */
