/*-------------------------------------------------------------------------
 *
 * record.c
 *	  Reads versions of records in the arena, and frees them.
 *
 * Concurrency: the data of a version never changes.  It is read either under
 * the partition's lock or without any; then every length and ref read from
 * the arena is checked to stay within it, and the caller validates the result
 * by the bucket's sequence number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/memory/arena.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* Free a list of pieces. */
static void
free_pieces(TcRef ref)
{
	while (ref != TC_NO_REF)
	{
		TcSharedPiece *piece = (TcSharedPiece *) tc_ref_address(ref);
		TcRef next = piece->next;

		pg_atomic_fetch_sub_u64(&tc_seg.head->header_bytes,
								TC_PIECE_HEADER_BYTES);
		pg_atomic_fetch_sub_u64(&tc_seg.head->data_bytes, piece->here_bytes);
		tc_arena_free(ref);
		ref = next;
	}
}

void
tc_record_free(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	uint32 here = rec->length_bytes;

	if (rec->flags & TC_REC_PIECES)
	{
		here = tc_record_pieces(ref, rec->flags)->here_bytes;
		free_pieces(tc_record_pieces(ref, rec->flags)->next);
	}
	pg_atomic_fetch_sub_u64(&tc_seg.head->header_bytes,
							tc_record_data_offset(rec->flags));
	pg_atomic_fetch_sub_u64(&tc_seg.head->data_bytes, here);
	tc_arena_free(ref);
}

uint32
tc_record_bytes(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	uint32 bytes = tc_arena_ref_bytes(ref);

	if (rec->flags & TC_REC_PIECES)
	{
		TcRef next = tc_record_pieces(ref, rec->flags)->next;

		while (next != TC_NO_REF)
		{
			bytes += tc_arena_ref_bytes(next);
			next = ((TcSharedPiece *) tc_ref_address(next))->next;
		}
	}
	return bytes;
}

/* Read on in the pieces of a version; see tc_record_read. */
static bool
read_pieces(TcRef ref, char *data, uint32 length)
{
	while (length > 0)
	{
		TcSharedPiece piece;
		uint32 here;

		if (!tc_ref_plausible(ref, sizeof(piece)))
			return false;
		memcpy(&piece, tc_ref_address(ref), sizeof(piece));
		here = Min(piece.here_bytes, length);
		if (here == 0 || !tc_ref_plausible(ref, sizeof(piece) + here))
			return false;
		memcpy(data, (char *) tc_ref_address(ref) + sizeof(piece), here);
		data += here;
		length -= here;
		ref = piece.next;
	}
	return true;
}

bool
tc_record_read(TcRef ref, const TcSharedRecord *rec, char *data, uint32 length)
{
	uint32 offset = tc_record_data_offset(rec->flags);
	uint32 here = length;
	TcSharedPieces pieces = {TC_NO_REF, 0};

	if (length > rec->length_bytes || !tc_ref_plausible(ref, offset))
		return false;
	if (rec->flags & TC_REC_PIECES)
	{
		pieces = *tc_record_pieces(ref, rec->flags);
		here = Min(pieces.here_bytes, length);
	}
	if (!tc_ref_plausible(ref, offset + here))
		return false;
	memcpy(data, (char *) tc_ref_address(ref) + offset, here);
	return here == length ||
		read_pieces(pieces.next, data + here, length - here);
}

/* Compare a key that goes on in pieces, bit by bit through a small window. */
static bool
has_long_key(TcRef ref, const TcSharedRecord *rec, const TcProbe *probe,
			 uint32 here)
{
	uint32 offset = tc_record_data_offset(rec->flags);
	uint32 done = here;
	TcRef next = tc_record_pieces(ref, rec->flags)->next;

	if (memcmp((char *) tc_ref_address(ref) + offset, probe->key, here) != 0)
		return false;
	while (done < probe->key_bytes)
	{
		TcSharedPiece piece;

		if (!tc_ref_plausible(next, sizeof(piece)))
			return false;
		memcpy(&piece, tc_ref_address(next), sizeof(piece));
		here = Min(piece.here_bytes, probe->key_bytes - done);
		if (here == 0 || !tc_ref_plausible(next, sizeof(piece) + here) ||
			memcmp((char *) tc_ref_address(next) + sizeof(piece),
				   probe->key + done, here) != 0)
			return false;
		done += here;
		next = piece.next;
	}
	return true;
}

bool
tc_record_has_key(TcRef ref, const TcSharedRecord *rec, const TcProbe *probe)
{
	uint32 offset = tc_record_data_offset(rec->flags);
	uint32 here = probe->key_bytes;

	if (rec->hash != probe->hash || rec->map != probe->entry.number ||
		rec->length_bytes < probe->key_bytes || !tc_ref_plausible(ref, offset))
		return false;
	if (rec->flags & TC_REC_PIECES)
		here = Min(here, tc_record_pieces(ref, rec->flags)->here_bytes);
	if (!tc_ref_plausible(ref, offset + here))
		return false;
	if (here < probe->key_bytes)
		return has_long_key(ref, rec, probe, here);
	return memcmp((char *) tc_ref_address(ref) + offset, probe->key, here) == 0;
}

int64
tc_record_expires(TcRef ref, const TcSharedRecord *rec)
{
	int64 expires = PG_INT64_MAX;

	if ((rec->flags & TC_REC_EXPIRES) &&
		tc_ref_plausible(ref, sizeof(TcSharedRecord) + sizeof(int64)))
		memcpy(&expires, tc_record_at(ref) + 1, sizeof(int64));
	return expires;
}

#ifdef USE_ASSERT_CHECKING

void
tc_record_check(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	uint32 bytes = tc_arena_ref_bytes(ref);
	uint32 here = rec->length_bytes;
	uint32 length = 0;
	TcRef next = TC_NO_REF;

	Assert(tc_ref_plausible(ref, bytes));
	if (rec->flags & TC_REC_PIECES)
	{
		here = tc_record_pieces(ref, rec->flags)->here_bytes;
		next = tc_record_pieces(ref, rec->flags)->next;
	}
	Assert(tc_record_data_offset(rec->flags) + here <= bytes);
	length = here;
	while (next != TC_NO_REF)
	{
		TcSharedPiece *piece = (TcSharedPiece *) tc_ref_address(next);

		Assert(tc_ref_plausible(next, tc_arena_ref_bytes(next)));
		Assert(piece->hash == rec->hash && piece->flags == TC_REC_IS_PIECE);
		Assert(piece->here_bytes > 0);
		Assert(TC_PIECE_HEADER_BYTES + piece->here_bytes <=
			   tc_arena_ref_bytes(next));
		length += piece->here_bytes;
		next = piece->next;
	}
	Assert(length == rec->length_bytes);
}

#endif
