/*-------------------------------------------------------------------------
 *
 * reclaim.c
 *	  Takes memory from a segment that may be full.
 *
 * Structure: the backend that needs a chunk takes one from its size class or
 * from the page pool.  Where both are empty it empties a sparse page if some
 * class can spare one, else evicts the clean record of the whole segment that
 * the policy chooses, and tries again.  Each eviction adds a free chunk
 * somewhere, so after at most a page's worth of them per class a page can be
 * emptied: the work per allocation is constant on average.
 *
 * Concurrency: no lock is held between the steps.  Another backend may take
 * what was freed; then the loop goes round again.
 *
 * Failure: when no clean record is left, TC_NO_REF.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/settings.h"
#include "segment/index/compaction.h"
#include "segment/index/evict.h"
#include "segment/index/index_size.h"
#include "segment/index/reclaim.h"
#include "segment/memory/arena.h"
#include "segment/memory/segment.h"
#include "segment/memory/shared.h"

/* Buckets added to the index per insertion while it is behind. */
#define GROWTH_STEPS 2

/* Pages that records which are never evicted leave free: a share of all. */
#define SPARE_SHARE		128
#define MIN_SPARE_PAGES 4

/* Overflow buckets below which memory for more is freed. */
#define OVERFLOW_RESERVE 16

/* Free a page or a record; false when there is nothing to be freed. */
static bool
free_something(void)
{
	return tc_compaction_free_page() ||
		tc_evict_one(TC_ANY_MAP, TC_REMOVED_FOR_BACKEND);
}

TcRef
tc_reclaim_alloc(uint32 bytes)
{
	TcRef ref;

	Assert(!tc_segment_holds_lock());
	if (tc_segment_used_percent() > tc_high_water_percent)
		tc_segment_wake_worker();
	while ((ref = tc_arena_alloc(bytes)) == TC_NO_REF)
	{
		/* what somebody else has freed meanwhile is as good */
		if (!free_something())
			return tc_arena_alloc(bytes);
	}
	return ref;
}

uint32
tc_reclaim_page(uint16 use)
{
	uint32 page;

	Assert(!tc_segment_holds_lock());
	while ((page = tc_arena_take_page(use)) == TC_NO_PAGE && free_something())
		;
	return page;
}

bool
tc_reclaim_spare_pages(void)
{
	uint32 spare = Max(MIN_SPARE_PAGES, tc_seg.head->npages / SPARE_SHARE);

	Assert(!tc_segment_holds_lock());

	/* read without the pool's lock: how many there are is a hint anyway */
	while (tc_seg.head->free_pages < spare)
	{
		if (!free_something())
			return false;
	}
	return true;
}

/*
 * Keep a few overflow buckets in reserve: they are taken under a partition's
 * lock, where nothing can be freed.
 */
static void
reserve_overflow(void)
{
	uint32 page;

	/* read without a lock: whoever is wrong about it tries again */
	if (tc_seg.head->class[tc_seg.head->nclasses].free_chunks >=
			OVERFLOW_RESERVE ||
		tc_seg.head->free_pages > 0)
		return;
	page = tc_reclaim_page(TC_PAGE_INDEX);
	if (page != TC_NO_PAGE)
		tc_arena_return_page(page);
}

void
tc_reclaim_grow_index(void)
{
	Assert(!tc_segment_holds_lock());
	reserve_overflow();
	for (int i = 0; i < GROWTH_STEPS && tc_index_size_wants_growth(); i++)
	{
		uint32 page = TC_NO_PAGE;
		bool grown;

		if (tc_index_size_growth_needs_page())
			page = tc_reclaim_page(TC_PAGE_INDEX);
		grown = tc_index_size_grow(&page);
		if (page != TC_NO_PAGE)
			tc_arena_return_page(page);
		if (!grown)
			break;
	}
}

void
tc_reclaim_shrink_index(int max)
{
	for (int i = 0; i < max && tc_index_size_wants_shrinking(); i++)
	{
		if (!tc_index_size_shrink())
			break;
	}
}
