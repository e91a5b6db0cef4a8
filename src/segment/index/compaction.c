/*-------------------------------------------------------------------------
 *
 * compaction.c
 *	  Empties a sparse page by moving what is on it.
 *
 * Structure: the allocator picks a page whose chunks fit into the free
 * chunks of its class's other pages.  Each chunk in use is moved: it is the
 * newest version of a key (named by the index and by its neighbours in a
 * list), an older version (named by the version over it), or a further piece
 * of a version (named by the piece before it).  From the hash in the chunk
 * the index leads to whatever names it.
 *
 * Concurrency: a chunk is moved under its partition's exclusive lock and
 * within a change of its bucket, so readers without a lock notice.  The hash
 * is read before the lock is taken, so it may be that of a chunk freed or
 * not yet in the index; then nothing that names the chunk is found, and the
 * page is left as it is.  While the page is isolated nobody allocates from
 * it, and it stays in its class.
 *
 * Failure: a chunk that cannot be moved ends the attempt; chunks that have
 * been moved already are none the worse for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/queues.h"
#include "segment/evict/wheel.h"
#include "segment/index/chain.h"
#include "segment/index/compaction.h"
#include "segment/index/index.h"
#include "segment/memory/arena.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

/* The link in a version's list of pieces that names the chunk, or NULL. */
static TcRef *
piece_link_locked(TcRef version, TcRef chunk)
{
	TcSharedRecord *rec = tc_record_at(version);
	TcRef *link;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	if (!(rec->flags & TC_REC_PIECES))
		return NULL;
	link = &tc_record_pieces(version, rec->flags)->next;
	while (*link != TC_NO_REF)
	{
		if (*link == chunk)
			return link;
		link = &((TcSharedPiece *) tc_ref_address(*link))->next;
	}
	return NULL;
}

/*
 * Find what names the chunk among the versions of a key.  *newest says that
 * it is the index, which then is not a link to be written here.
 */
static TcRef *
find_link_locked(TcRef newest_ref, TcRef chunk, bool *newest)
{
	TcRef ref = newest_ref;

	Assert(
		LWLockHeldByMeInMode(tc_partition_lock(tc_record_at(newest_ref)->hash),
							 LW_EXCLUSIVE));
	*newest = ref == chunk;
	if (*newest)
		return NULL;
	while (ref != TC_NO_REF)
	{
		TcSharedRecord *rec = tc_record_at(ref);
		TcRef *link = piece_link_locked(ref, chunk);
		TcRef older = tc_record_older(rec);

		if (link != NULL)
			return link;
		if (older == chunk)
			return &rec->older;
		ref = older;
	}
	return NULL;
}

/*
 * Let a link name a chunk by its new address.  Who moves a record between
 * queues counts its pieces under the shard's lock alone.
 */
static void
relink_locked(TcRef *link, TcRef to, const TcIndexPlace *place)
{
	TcSharedShard *shard =
		tc_shard_of(tc_record_at(place->ref)->map, place->hash);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	*link = to;
	LWLockRelease(&shard->lock);
}

/* Move a chunk to a new place; false when nothing names it any more. */
static bool
move_chunk(TcRef from, TcRef to, uint32 hash)
{
	LWLock *lock = tc_partition_lock(hash);
	TcIndexPlace place;
	bool moved = false;

	LWLockAcquire(lock, LW_EXCLUSIVE);
	tc_index_begin_locked(&place, hash);
	while (!moved && tc_index_next_locked(&place))
	{
		bool newest;
		TcRef *link = find_link_locked(place.ref, from, &newest);

		if (link == NULL && !newest)
			continue;
		Assert(tc_arena_ref_bytes(to) == tc_arena_ref_bytes(from));
		tc_bucket_begin_change_locked(place.first);
		memcpy(tc_ref_address(to), tc_ref_address(from),
			   tc_arena_ref_bytes(from));
		if (newest)
		{
			tc_queues_relocate(from, to);
			tc_wheel_relocate(from, to);
			tc_index_exchange_locked(&place, to);
		}
		else
			relink_locked(link, to, &place);
		tc_bucket_end_change_locked(place.first);
		tc_chain_check_locked(place.ref);
		moved = true;
	}
	LWLockRelease(lock);
	return moved;
}

bool
tc_compaction_free_page(void)
{
	uint32 page = tc_arena_isolate_page();
	uint32 position = 0;
	bool emptied = true;
	TcRef from;

	Assert(!tc_segment_holds_lock());
	if (page == TC_NO_PAGE)
		return false;
	while (emptied && (from = tc_arena_next_used(page, &position)) != TC_NO_REF)
	{
		/* hash lies first in a version and in a piece alike */
		uint32 hash = *(volatile uint32 *) tc_ref_address(from);
		TcRef to = tc_arena_alloc(tc_arena_ref_bytes(from));

		emptied = to != TC_NO_REF && move_chunk(from, to, hash);
		if (emptied)
			tc_arena_free(from);
		else if (to != TC_NO_REF)
			tc_arena_free(to);
	}
	tc_arena_release_page(page);
	return emptied;
}
