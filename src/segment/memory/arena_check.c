/*-------------------------------------------------------------------------
 *
 * arena_check.c
 *	  What holds for the pages of the arena, as assertions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "segment/memory/arena_check.h"
#include "segment/memory/shared.h"

#ifdef USE_ASSERT_CHECKING

/* The chunks in use that a page's bitmap names; none lies behind its end. */
static uint32
count_used(uint32 page, uint32 page_chunks)
{
	uint64 *bitmap = tc_seg.bitmaps + (uint64) page * tc_seg.head->page_words;
	uint32 used = 0;

	for (uint32 word = 0; word < tc_seg.head->page_words; word++)
		used += pg_popcount64(bitmap[word]);
	for (uint32 chunk = page_chunks; chunk < tc_seg.head->page_words * 64;
		 chunk++)
		Assert(!(bitmap[chunk / 64] & (UINT64CONST(1) << (chunk % 64))));
	return used;
}

void
tc_arena_check_page_locked(uint32 page)
{
	TcSharedPage *desc = &tc_seg.pages[page];
	TcSharedClass *class = &tc_seg.head->class[desc->use];

	Assert(LWLockHeldByMe(tc_class_lock(desc->use)));
	Assert(page < tc_seg.head->npages);
	Assert(desc->use <= tc_seg.head->nclasses);
	Assert(desc->used_chunks == count_used(page, class->page_chunks));
	Assert(class->pages > 0);
	Assert(class->free_chunks <=
		   (uint64) class->pages * class->page_chunks - desc->used_chunks);
	if (desc->level == TC_PAGE_ISOLATED)
		return;

	/* on the list for how full it is, or on none */
	Assert(desc->level ==
		   (uint32) desc->used_chunks * TC_FULLNESS_LEVELS /
			   class->page_chunks);
	if (desc->level == TC_FULLNESS_LEVELS)
		return;
	Assert(desc->used_chunks > 0);
	if (desc->prev == TC_NO_PAGE)
		Assert(class->level_head[desc->level] == page);
	else
		Assert(tc_seg.pages[desc->prev].next == page &&
			   tc_seg.pages[desc->prev].level == desc->level);
	if (desc->next != TC_NO_PAGE)
		Assert(tc_seg.pages[desc->next].prev == page &&
			   tc_seg.pages[desc->next].level == desc->level);
}

/*
 * A page enters and leaves a class under the class's lock, so those that are
 * said to be in it are.
 */
static void
check_class_locked(uint32 number)
{
	TcSharedClass *class = &tc_seg.head->class[number];
	uint32 pages = 0;
	uint32 used = 0;
	uint32 listed = 0;
	uint32 on_lists = 0;

	Assert(LWLockHeldByMe(tc_class_lock(number)));
	for (uint32 page = 0; page < tc_seg.head->npages; page++)
	{
		if (tc_seg.pages[page].use != number)
			continue;
		tc_arena_check_page_locked(page);
		pages++;
		used += tc_seg.pages[page].used_chunks;
		if (tc_seg.pages[page].level < TC_FULLNESS_LEVELS)
			listed++;
	}
	Assert(class->pages == pages);
	Assert(class->free_chunks == pages * class->page_chunks - used);
	for (int level = 0; level < TC_FULLNESS_LEVELS; level++)
	{
		for (uint32 page = class->level_head[level]; page != TC_NO_PAGE;
			 page = tc_seg.pages[page].next)
		{
			Assert(tc_seg.pages[page].use == number);
			Assert(++on_lists <= listed);
		}
	}
	Assert(on_lists == listed);
}

void
tc_arena_check_class(uint32 number)
{
	LWLockAcquire(tc_class_lock(number), LW_SHARED);
	check_class_locked(number);
	LWLockRelease(tc_class_lock(number));
}

void
tc_arena_check_pool(void)
{
	uint32 free = 0;

	LWLockAcquire(tc_pool_lock(), LW_SHARED);
	for (uint32 page = tc_seg.head->free_page; page != TC_NO_PAGE;
		 page = tc_seg.pages[page].next)
	{
		Assert(page < tc_seg.head->npages);
		Assert(tc_seg.pages[page].use == TC_PAGE_FREE);
		Assert(++free <= tc_seg.head->free_pages);
	}
	Assert(free == tc_seg.head->free_pages);
	LWLockRelease(tc_pool_lock());
}

#endif /* USE_ASSERT_CHECKING */
