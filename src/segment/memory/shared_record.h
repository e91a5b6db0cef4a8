/*
 * shared_record.h
 *	  A record in shared memory.
 *
 * Only files of the segment floor may include this header.
 */
#ifndef TC_SHARED_RECORD_H
#define TC_SHARED_RECORD_H

#include "segment/memory/ref.h"

/* Bits of TcSharedRecord.flags. */
#define TC_REC_COMMITTED	 0x01 /* xmin is known to be committed */
#define TC_REC_DIRTY		 0x02 /* on the dirty list, in no queue */
#define TC_REC_NEGATIVE		 0x04 /* no row under this key */
#define TC_REC_PIECES		 0x08 /* data goes on in further chunks */
#define TC_REC_IS_PIECE		 0x10 /* this chunk is such a further chunk */
#define TC_REC_ENDED		 0x10 /* not a piece: ended_by is deleting it */
#define TC_REC_EXPIRES		 0x20 /* a TcSharedExpiry precedes data */
#define TC_REC_NULLS		 0x40 /* a null bitmap follows the data */
#define TC_REC_NEVER_EVICTED 0x80 /* no table behind it: stays dirty */

/*
 * A key with two versions, the older one in two chunks:
 *
 *	  entry of the index
 *	    |
 *	    v      40 bytes         16                8
 *	  +----------------+----------------+----------------+------------------+
 *	  | TcSharedRecord | TcSharedExpiry | TcSharedPieces | data: key, row,  |
 *	  | newest, dirty  | if EXPIRES     | if PIECES      | nulls if NULLS   |
 *	  +------|---------+----------------+----------------+------------------+
 *	         | older
 *	         v
 *	  +----------------+----------------+------------------+
 *	  | TcSharedRecord | TcSharedPieces | data             |
 *	  +----------------+------|---------+------------------+
 *	                          | next
 *	                          v  16 bytes
 *	                   +---------------+--------------------+
 *	                   | TcSharedPiece | data, where the    |
 *	                   | IS_PIECE      | other chunk ended  |
 *	                   +------|--------+--------------------+
 *	                          v
 *	                        the next piece, or none
 *
 * prev and next of the newest version link it into a list of its shard, those
 * of its expiry into a list of its map's wheel.
 */

/*
 * One version of a record; data follows.  The newest version of a key is in
 * the index, older ones are linked to it.
 *
 * Written once, before the version can be found: hash, map, xmin, length,
 * cost, born, data.  Changed under the partition lock with the bucket's
 * sequence number odd: flags, older, next of a piece.  Changed under the
 * shard lock alone: prev, next, last_access, hits, queue, reads, placed, bulk;
 * a reader without a lock may see any value of these, and uses none for more
 * than a hint.
 */
typedef struct TcSharedRecord
{
	uint32 hash;
	TransactionId xmin;		/* the (sub)transaction that wrote it */
	uint32 length_bytes:24; /* of data */
	uint32 flags:8;
	uint32 cost:24;
	uint32 queue:1;	 /* clean: TC_QUEUE_..., */
	uint32 reads:2;	 /* read so often since it came there */
	uint32 placed:1; /* queue is that of the version before */
	uint32 bulk:1;	 /* filled by a reader in bulk */
	uint32 warm:1;	 /* filled by the warm-up: older than what is there */
	uint32 unused:2;
	TcRef prev; /* neighbours in the shard's list */
	TcRef next;
	union
	{
		uint32 last_access_low; /* clean: place in the order, us, low part */
		TcRef older;			/* dirty: the version before this one */
	};
	uint16 last_access_high;
	uint16 map; /* number of its entry */
	uint32 hits;
	union
	{
		uint32 born_s;			/* seconds since the segment was made */
		TransactionId ended_by; /* with TC_REC_ENDED */
	};
} TcSharedRecord;

StaticAssertDecl(sizeof(TcSharedRecord) == 40,
				 "the record header is part of the memory budget");

/*
 * Follows the header of a record with TC_REC_EXPIRES.  The time is written
 * once, the links change under the lock of the map's wheel.
 */
typedef struct TcSharedExpiry
{
	int64 expires; /* TimestampTz */
	TcRef prev;	   /* neighbours in a list of the wheel */
	TcRef next;
} TcSharedExpiry;

StaticAssertDecl(sizeof(TcSharedExpiry) == 16,
				 "what follows a record's header is aligned as it is");

/* Follows that, or the header, of a record with TC_REC_PIECES. */
typedef struct TcSharedPieces
{
	TcRef next;		   /* the first further piece */
	uint32 here_bytes; /* how much of the data is in this chunk */
} TcSharedPieces;

/*
 * A further piece of a record's data.  hash and flags lie where a record has
 * them, so that either can be told from the chunk alone.
 */
typedef struct TcSharedPiece
{
	uint32 hash; /* of the record it belongs to */
	TcRef next;
	uint32 here_bytes:24;
	uint32 flags:8; /* TC_REC_IS_PIECE */
	uint32 unused;
} TcSharedPiece;

StaticAssertDecl(sizeof(TcSharedPieces) == 8 && sizeof(TcSharedPiece) == 16,
				 "data is aligned in every chunk");
StaticAssertDecl(offsetof(TcSharedPiece, hash) ==
					 offsetof(TcSharedRecord, hash),
				 "hash must be in one place");

#endif /* TC_SHARED_RECORD_H */
