/*-------------------------------------------------------------------------
 *
 * record.c
 *	  Lays versions of records out in the arena and reads them back.
 *
 * Structure: a chunk holds the header, then, where flags say so, the expiry
 * time and the link to further pieces, then the data.  Data that does not
 * fit one chunk well goes on in a list of pieces, so that no allocation is
 * ever larger than a page and free memory never has to be contiguous.
 *
 * Concurrency: a version is written before anyone can find it and its data
 * never changes after.  It is read either under the partition's lock or
 * without any; then every length and ref read from the arena is checked to
 * stay within it, and the caller validates the result by the bucket's
 * sequence number.
 *
 * Failure: when a later piece finds no room the earlier ones are freed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/settings.h"
#include "segment/index/reclaim.h"
#include "segment/memory/arena.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

#define PIECE_HEADER_BYTES sizeof(TcSharedPiece)

/* The header has no room for more; no record of an allowed size needs it. */
#define MOST_COST 0xFFFFFF

/* Where the data of a version begins in its chunk. */
static inline uint32
data_offset(uint32 flags)
{
	return sizeof(TcSharedRecord) +
		((flags & TC_REC_EXPIRES) ? sizeof(TcSharedExpiry) : 0) +
		((flags & TC_REC_PIECES) ? sizeof(TcSharedPieces) : 0);
}

static inline TcSharedPieces *
pieces_of(TcRef ref, uint32 flags)
{
	return (TcSharedPieces *) ((char *) tc_ref_address(ref) +
							   data_offset(flags) - sizeof(TcSharedPieces));
}

/* Free a list of pieces. */
static void
free_pieces(TcRef ref)
{
	while (ref != TC_NO_REF)
	{
		TcSharedPiece *piece = (TcSharedPiece *) tc_ref_address(ref);
		TcRef next = piece->next;

		pg_atomic_fetch_sub_u64(&tc_seg.head->header_bytes, PIECE_HEADER_BYTES);
		pg_atomic_fetch_sub_u64(&tc_seg.head->data_bytes, piece->here_bytes);
		tc_arena_free(ref);
		ref = next;
	}
}

/* Write data into a list of pieces whose first link is *link. */
static bool
write_pieces(TcRef *link, uint32 hash, const char *data, uint32 length)
{
	*link = TC_NO_REF;
	while (length > 0)
	{
		uint32 chunk = tc_arena_best_piece(length + PIECE_HEADER_BYTES);
		uint32 here = Min(length, chunk - PIECE_HEADER_BYTES);
		TcRef ref = tc_reclaim_alloc(here + PIECE_HEADER_BYTES);
		TcSharedPiece *piece;

		if (ref == TC_NO_REF)
			return false;
		piece = (TcSharedPiece *) tc_ref_address(ref);
		piece->hash = hash;
		piece->next = TC_NO_REF;
		piece->here_bytes = here;
		piece->flags = TC_REC_IS_PIECE;
		memcpy(piece + 1, data, here);
		pg_atomic_fetch_add_u64(&tc_seg.head->header_bytes, PIECE_HEADER_BYTES);
		pg_atomic_fetch_add_u64(&tc_seg.head->data_bytes, here);
		*link = ref;
		link = &piece->next;
		data += here;
		length -= here;
	}
	return true;
}

/* The flags a new version starts with, but for TC_REC_PIECES. */
static uint32
initial_flags(const TcImage *image)
{
	uint32 flags = 0;

	if (image->committed)
		flags |= TC_REC_COMMITTED;
	if (!image->committed || image->pinned)
		flags |= TC_REC_DIRTY;
	if (image->negative)
		flags |= TC_REC_NEGATIVE;
	if (image->nulls)
		flags |= TC_REC_NULLS;
	if (image->pinned)
		flags |= TC_REC_NEVER_EVICTED;
	if (image->expires != PG_INT64_MAX)
		flags |= TC_REC_EXPIRES;
	return flags;
}

/* Fill in the header of a new version. */
static void
write_header(TcSharedRecord *rec, const TcImage *image, uint32 flags)
{
	uint64 now_us = tc_segment_clock_us();

	rec->hash = image->probe->hash;
	rec->xmin = image->xmin;
	rec->length_bytes = image->data_bytes;
	rec->flags = flags;
	rec->cost = Min(image->cost, MOST_COST);
	rec->queue = TC_QUEUE_MAIN;
	rec->reads = rec->placed = rec->bulk = rec->unused = 0;
	rec->warm = image->warm_us != 0;
	rec->prev = rec->next = TC_NO_REF;
	if (flags & TC_REC_DIRTY)
		rec->older = TC_NO_REF;
	else
		tc_record_set_last_access(rec,
								  image->warm_us != 0 ? image->warm_us
													  : now_us);
	rec->map = image->probe->slot.number;
	rec->hits = 0;
	rec->born_s = now_us / 1000000;
	if (flags & TC_REC_EXPIRES)
	{
		TcSharedExpiry *expiry = tc_record_expiry(rec);

		expiry->expires = image->expires;
		expiry->prev = expiry->next = TC_NO_REF;
	}
}

/*
 * How much of the data goes into the first chunk; the flags say whether that
 * is all of it.
 */
static uint32
plan_chunk(const TcImage *image, uint32 *flags)
{
	uint32 whole;

	*flags = initial_flags(image);
	whole = data_offset(*flags) + image->data_bytes;
	if (tc_arena_best_piece(whole) == whole)
		return image->data_bytes;
	*flags |= TC_REC_PIECES;
	whole += sizeof(TcSharedPieces);
	return Min(image->data_bytes,
			   tc_arena_best_piece(whole) - data_offset(*flags));
}

bool
tc_new_record_has_chunks(const TcImage *image)
{
	uint32 flags;
	uint32 done = plan_chunk(image, &flags);

	if (!tc_arena_has_chunk(data_offset(flags) + done))
		return false;
	while (done < image->data_bytes)
	{
		uint32 chunk =
			tc_arena_best_piece(image->data_bytes - done + PIECE_HEADER_BYTES);

		if (!tc_arena_has_chunk(chunk))
			return false;
		done += chunk - PIECE_HEADER_BYTES;
	}
	return true;
}

TcRef
tc_new_record(const TcImage *image)
{
	uint32 flags;
	uint32 here = plan_chunk(image, &flags);
	TcRef ref;

	if (image->data_bytes > (uint32) tc_max_record_size_kb * 1024)
		return TC_NO_REF;
	ref = tc_reclaim_alloc(data_offset(flags) + here);
	if (ref == TC_NO_REF)
		return TC_NO_REF;

	write_header(tc_record_at(ref), image, flags);
	memcpy((char *) tc_ref_address(ref) + data_offset(flags), image->data,
		   here);
	pg_atomic_fetch_add_u64(&tc_seg.head->header_bytes, data_offset(flags));
	pg_atomic_fetch_add_u64(&tc_seg.head->data_bytes, here);
	if (flags & TC_REC_PIECES)
	{
		TcSharedPieces *pieces = pieces_of(ref, flags);

		pieces->here_bytes = here;
		if (!write_pieces(&pieces->next, image->probe->hash, image->data + here,
						  image->data_bytes - here))
		{
			tc_record_free(ref);
			return TC_NO_REF;
		}
	}
	return ref;
}

void
tc_record_free(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	uint32 here = rec->length_bytes;

	if (rec->flags & TC_REC_PIECES)
	{
		here = pieces_of(ref, rec->flags)->here_bytes;
		free_pieces(pieces_of(ref, rec->flags)->next);
	}
	pg_atomic_fetch_sub_u64(&tc_seg.head->header_bytes,
							data_offset(rec->flags));
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
		TcRef next = pieces_of(ref, rec->flags)->next;

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
	uint32 offset = data_offset(rec->flags);
	uint32 here = length;
	TcSharedPieces pieces = {TC_NO_REF, 0};

	if (length > rec->length_bytes || !tc_ref_plausible(ref, offset))
		return false;
	if (rec->flags & TC_REC_PIECES)
	{
		pieces = *pieces_of(ref, rec->flags);
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
	uint32 offset = data_offset(rec->flags);
	uint32 done = here;
	TcRef next = pieces_of(ref, rec->flags)->next;

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
	uint32 offset = data_offset(rec->flags);
	uint32 here = probe->key_bytes;

	if (rec->hash != probe->hash || rec->map != probe->slot.number ||
		rec->length_bytes < probe->key_bytes || !tc_ref_plausible(ref, offset))
		return false;
	if (rec->flags & TC_REC_PIECES)
		here = Min(here, pieces_of(ref, rec->flags)->here_bytes);
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
		here = pieces_of(ref, rec->flags)->here_bytes;
		next = pieces_of(ref, rec->flags)->next;
	}
	Assert(data_offset(rec->flags) + here <= bytes);
	length = here;
	while (next != TC_NO_REF)
	{
		TcSharedPiece *piece = (TcSharedPiece *) tc_ref_address(next);

		Assert(tc_ref_plausible(next, tc_arena_ref_bytes(next)));
		Assert(piece->hash == rec->hash && piece->flags == TC_REC_IS_PIECE);
		Assert(piece->here_bytes > 0);
		Assert(PIECE_HEADER_BYTES + piece->here_bytes <=
			   tc_arena_ref_bytes(next));
		length += piece->here_bytes;
		next = piece->next;
	}
	Assert(length == rec->length_bytes);
}

#endif
