/*
 * record.h
 *	  One version of a record in the arena: made, read, freed.
 *
 * For files of the segment floor.
 */
#ifndef TC_RECORD_H
#define TC_RECORD_H

#include "segment/memory/image.h"
#include "segment/memory/shared.h"

/*
 * Write a version into the arena, making room if need be; it is not in the
 * index yet.  TC_NO_REF when there is no room.  No lock held.
 */
extern TcRef tc_new_record(const TcImage *image);

/* Would it find chunks that need no new page?  A hint. */
extern bool tc_new_record_has_chunks(const TcImage *image);

/* Free a version that nobody can find any more. */
extern void tc_record_free(TcRef ref);

/*
 * What a version takes in the arena.  Its partition or its shard is locked, or
 * nobody can find it.
 */
extern uint32 tc_record_bytes(TcRef ref);

/*
 * Copy the first length bytes of a version's data.  rec may be a copy of the
 * header.  Without the partition's lock the chunk may be anything: false
 * when it turns out to be, and the caller's look at the sequence number
 * decides otherwise.
 */
extern bool tc_record_read(TcRef ref, const TcSharedRecord *rec, char *data,
						   uint32 length);

/* Does the version's data begin with this key?  Locked or not, as above. */
extern bool tc_record_has_key(TcRef ref, const TcSharedRecord *rec,
							  const TcProbe *probe);

#ifdef USE_ASSERT_CHECKING
/* The chunks of a version are large enough and hold all of its data. */
extern void tc_record_check(TcRef ref);
#endif

/* When the record ends, or INT64_MAX. */
extern int64 tc_record_expires(TcRef ref, const TcSharedRecord *rec);

#endif /* TC_RECORD_H */
