/*
 * versions.h
 *	  Writing: the versions of a key, newest first.
 *
 * Every function takes the partition's lock itself; none raises errors or
 * looks at the commit log.
 */
#ifndef TC_VERSIONS_H
#define TC_VERSIONS_H

#include "segment/memory/image.h"
#include "segment/stats/removal.h"

/* Outcome of an attempt to put a version into the segment. */
typedef enum TcPushResult
{
	TC_PUSH_DONE,	   /* it is the newest version now */
	TC_PUSH_ABSENT,	   /* no record, and none was wanted */
	TC_PUSH_NO_MEMORY, /* dropped whatever there was */
	TC_PUSH_UNSETTLED, /* *other wrote the newest version, and ... */
					   /* ... its fate is unknown: settle it first */
	TC_PUSH_STALE	   /* the map entry has changed hands: nothing done */
} TcPushResult;

/*
 * Push a new version over what is there.  With install, also where there is
 * no record.  mine tells whether a transaction id belongs to the caller's
 * transaction; it is called under a lock and must only look at memory.
 */
extern TcPushResult tc_versions_push(const TcImage *image, bool install,
									 bool (*mine)(TransactionId xid),
									 TransactionId *other);

/* Outcome of ending a record in place. */
typedef enum TcEndResult
{
	TC_END_DONE, /* xid ends it, or did so before */
	TC_END_ABSENT,
	TC_END_UNSETTLED, /* *other has written or ended it: settle that first */
	TC_END_STALE	  /* the map entry has changed hands */
} TcEndResult;

/*
 * Delete a record without a table behind it, and without taking memory: the
 * newest version is marked as ended by xid, until xid is settled.  *version is
 * what it was.
 */
extern TcEndResult tc_versions_end(const TcProbe *probe, TransactionId xid,
								   bool (*mine)(TransactionId xid),
								   TransactionId *other, TcVersion *version);

/* Does the key have a record?  What is not resident need not be made. */
extern bool tc_versions_resident(const TcProbe *probe);

/* Outcome of a fill. */
typedef enum TcFillResult
{
	TC_FILL_STORED,
	TC_FILL_PRESENT, /* somebody else has stored it */
	TC_FILL_LOST,	 /* a writer came in between, or a new map entry */
	TC_FILL_NO_MEMORY
} TcFillResult;

/*
 * Store what was read from the table, unless the key's write_seq has moved
 * from what it was before the table was read.
 */
extern TcFillResult tc_versions_fill(const TcImage *image, uint32 seq);

/* Drop a record with all its versions; true when there was one. */
extern bool tc_versions_drop(const TcProbe *probe);

/* Drop a record if it is clean; true when it was dropped. */
extern bool tc_versions_evict(const TcProbe *probe, TcRemovalReason why);

/* Drop the record at an address if it belongs to a map that is retired. */
extern void tc_versions_drop_retired(uint32 hash, TcRef ref);

#endif /* TC_VERSIONS_H */
