/*
 * record.h
 *	  One version of a record in the arena: read and freed.
 *
 * For files of the segment floor.
 */
#ifndef TC_RECORD_H
#define TC_RECORD_H

#include "access/transam.h"

#include "segment/memory/image.h"
#include "segment/memory/shared.h"

#define TC_PIECE_HEADER_BYTES sizeof(TcSharedPiece)

/* Where the data of a version begins in its chunk. */
static inline uint32
tc_record_data_offset(uint32 flags)
{
	return sizeof(TcSharedRecord) +
		((flags & TC_REC_EXPIRES) ? sizeof(TcSharedExpiry) : 0) +
		((flags & TC_REC_PIECES) ? sizeof(TcSharedPieces) : 0);
}

/* What a version with TC_REC_PIECES has before its data. */
static inline TcSharedPieces *
tc_record_pieces(TcRef ref, uint32 flags)
{
	return (TcSharedPieces *) ((char *) tc_ref_address(ref) +
							   tc_record_data_offset(flags) -
							   sizeof(TcSharedPieces));
}

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

/* What the header of a version, or a copy of it, says. */
static inline void
tc_record_describe(TcRef ref, const TcSharedRecord *rec, TcVersion *version)
{
	version->xmin = rec->xmin;
	version->ended_by =
		(rec->flags & TC_REC_ENDED) ? rec->ended_by : InvalidTransactionId;
	version->data_bytes = rec->length_bytes;
	version->cost = rec->cost;
	version->expires = (rec->flags & TC_REC_EXPIRES)
		? tc_record_expires(ref, rec)
		: PG_INT64_MAX;
	version->committed = (rec->flags & TC_REC_COMMITTED) != 0;
	version->dirty = (rec->flags & TC_REC_DIRTY) != 0;
	version->negative = (rec->flags & TC_REC_NEGATIVE) != 0;
	version->nulls = (rec->flags & TC_REC_NULLS) != 0;
}

#endif /* TC_RECORD_H */
