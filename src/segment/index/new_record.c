/*-------------------------------------------------------------------------
 *
 * new_record.c
 *	  Lays a version of a record out in the arena.
 *
 * Structure: as shared_record.h shows.  Data that does not fit one chunk well
 * goes on in a list of pieces, so that no allocation is ever larger than a
 * page and free memory never has to be contiguous.
 *
 * Concurrency: a version is written before anyone can find it and its data
 * never changes after.
 *
 * Failure: when a later piece finds no memory the earlier ones are freed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/settings.h"
#include "segment/index/new_record.h"
#include "segment/index/reclaim.h"
#include "segment/memory/arena.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* The header cannot hold more; no record of an allowed size needs it. */
#define MOST_COST 0xFFFFFF

/* Write data into a list of pieces whose first link is *link. */
static bool
write_pieces(TcRef *link, uint32 hash, const char *data, uint32 length)
{
	*link = TC_NO_REF;
	while (length > 0)
	{
		uint32 chunk = tc_arena_best_piece(length + TC_PIECE_HEADER_BYTES);
		uint32 here = Min(length, chunk - TC_PIECE_HEADER_BYTES);
		TcRef ref = tc_reclaim_alloc(here + TC_PIECE_HEADER_BYTES);
		TcSharedPiece *piece;

		if (ref == TC_NO_REF)
			return false;
		piece = (TcSharedPiece *) tc_ref_address(ref);
		piece->hash = hash;
		piece->next = TC_NO_REF;
		piece->here_bytes = here;
		piece->flags = TC_REC_IS_PIECE;
		memcpy(piece + 1, data, here);
		pg_atomic_fetch_add_u64(&tc_seg.head->header_bytes,
								TC_PIECE_HEADER_BYTES);
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
	if (!image->committed || image->never_evicted)
		flags |= TC_REC_DIRTY;
	if (image->negative)
		flags |= TC_REC_NEGATIVE;
	if (image->nulls)
		flags |= TC_REC_NULLS;
	if (image->never_evicted)
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
	rec->map = image->probe->entry.number;
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
	whole = tc_record_data_offset(*flags) + image->data_bytes;
	if (tc_arena_best_piece(whole) == whole)
		return image->data_bytes;
	*flags |= TC_REC_PIECES;
	whole += sizeof(TcSharedPieces);
	return Min(image->data_bytes,
			   tc_arena_best_piece(whole) - tc_record_data_offset(*flags));
}

bool
tc_new_record_has_chunks(const TcImage *image)
{
	uint32 flags;
	uint32 done = plan_chunk(image, &flags);

	if (!tc_arena_has_chunk(tc_record_data_offset(flags) + done))
		return false;
	while (done < image->data_bytes)
	{
		uint32 chunk = tc_arena_best_piece(image->data_bytes - done +
										   TC_PIECE_HEADER_BYTES);

		if (!tc_arena_has_chunk(chunk))
			return false;
		done += chunk - TC_PIECE_HEADER_BYTES;
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
	ref = tc_reclaim_alloc(tc_record_data_offset(flags) + here);
	if (ref == TC_NO_REF)
		return TC_NO_REF;

	write_header(tc_record_at(ref), image, flags);
	memcpy((char *) tc_ref_address(ref) + tc_record_data_offset(flags),
		   image->data, here);
	pg_atomic_fetch_add_u64(&tc_seg.head->header_bytes,
							tc_record_data_offset(flags));
	pg_atomic_fetch_add_u64(&tc_seg.head->data_bytes, here);
	if (flags & TC_REC_PIECES)
	{
		TcSharedPieces *pieces = tc_record_pieces(ref, flags);

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
