/*
 * lookup.h
 *	  Reading: find a key's versions without taking a lock.
 */
#ifndef TC_LOOKUP_H
#define TC_LOOKUP_H

#include "segment/memory/image.h"

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
	void *first; /* bucket that is looked into */
	uint32 seq;	 /* its sequence number at the beginning */
	uint32 nbuckets;
	uint32 era;
	const void *entries; /* of its chain, those in hand; NULL: not begun */
	int nentries;
	uint32 fitting;	  /* bits: entries that may be it, not yet looked at */
	TcRef newest;	  /* the record's newest version */
	TcRef ref;		  /* the version in hand */
	uint64 header[5]; /* copy of its header */
	bool due;		  /* the access will move the record */
} TcLookup;

/* Begin to look for a key, and to load what the next step needs. */
extern void tc_lookup_begin(TcLookup *lookup, const TcProbe *probe);

/*
 * Go a step towards the record, if there is any to go before its own memory
 * is needed, and begin to load what comes after that.  Who looks for several
 * keys does this once or twice for each, some keys ahead of finding them.
 */
extern void tc_lookup_approach(TcLookup *lookup);

/*
 * Find the newest version of the key; again, if this was called before.
 * After TC_LOOKUP_CHANGED (which takes constant pressure by writers) the
 * caller falls back to the table.
 */
extern TcLookupResult tc_lookup_newest(TcLookup *lookup);

/* Go on to the version before the one in hand. */
extern TcLookupResult tc_lookup_older(TcLookup *lookup);

/*
 * Copy the data of the version in hand, version.data_bytes of it.  False
 * when the record has changed since it was found; begin again then.
 */
extern bool tc_lookup_copy(TcLookup *lookup, char *data);

/*
 * Note that the record was used at a time of tc_segment_clock_us(); first
 * prepare, which begins to load what that will change, if anything.  Writes
 * shared memory at most once per recency resolution and record.
 */
extern void tc_lookup_prepare_access(TcLookup *lookup, uint64 now_us);
extern void tc_lookup_note_access(TcLookup *lookup, uint64 now_us);

/* Bring hits that were noted but not yet counted into the records. */
extern void tc_lookup_flush_hits(void);

#endif /* TC_LOOKUP_H */
