/*-------------------------------------------------------------------------
 *
 * arena.c
 *	  Hands out chunks of the segment and takes them back.
 *
 * Structure: the arena is a row of pages.  A page is free, or holds chunks
 * of one size class, or is a page of the index or of map bodies.  The sizes
 * of the classes are fractions of a page (a half, a third, ...), as close
 * together as MIN_CLASS_STEP allows, so that little is lost to rounding and
 * nearly nothing at the end of a page.  A bitmap beside the page tells which
 * chunks are in use; chunks themselves have no allocator header.
 *
 * A class keeps its pages in lists by how full they are.  Allocation takes
 * from the fullest that has room, so that the emptiest drain; when a class
 * has a whole page's worth of free chunks spread over its pages, the
 * emptiest page can be emptied into the others and moves, through the pool,
 * to whatever class needs it.  (Who may move a chunk is known above: see
 * compaction.c.)  Free memory that no class can use is therefore less than one
 * page per class, after any history of sizes.  Every operation takes
 * constant time.
 *
 * Concurrency: a class's pages, their bitmaps included, belong to the
 * class's lock; the pool's list to the pool's lock, which is taken inside a
 * class's lock.  A page's "use" changes only under the pool's lock by whoever
 * owns the page at that moment.  tc_arena_free may read it without a lock:
 * the caller owns a chunk on the page, which pins its use.
 *
 * Failure: running out is a return value; nothing is raised.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "segment/memory/arena.h"
#include "segment/memory/arena_check.h"
#include "segment/memory/shared.h"

/* A class is at least this much larger than the one before, in percent. */
#define MIN_CLASS_STEP 2

/*
 * A record is split when its chunk would be left with more than this part of
 * it, as far as it is worth the header of another piece.
 */
#define WELL_FITTING 32
#define SPLIT_BYTES	 512

static inline TcSharedClass *
class_at(uint32 number)
{
	return &tc_seg.head->class[number];
}

/* For assertions: the lock of a class in hand. */
#define lock_of_class(class) tc_class_lock((class) - tc_seg.head->class)

static inline uint64 *
page_bitmap(uint32 page)
{
	return tc_seg.bitmaps + (uint64) page * tc_seg.head->page_words;
}

static inline uint32
page_of(TcRef ref)
{
	return (uint32) ((uint64) ref * TC_UNIT_BYTES / tc_seg.head->page_bytes);
}

static inline TcRef
chunk_ref(uint32 page, uint32 chunk, uint32 chunk_bytes)
{
	return (TcRef) (((uint64) page * tc_seg.head->page_bytes +
					 (uint64) chunk * chunk_bytes) /
					TC_UNIT_BYTES);
}

/* Choose the sizes of the classes, largest first, then turn them round. */
static void
create_classes(TcSharedSegment *head)
{
	uint32 sizes[TC_MAX_CLASSES];
	uint32 n = 0;
	uint32 last = 0;

	for (uint32 chunks = 1; n < TC_MAX_CLASSES - 1; chunks++)
	{
		uint32 bytes =
			head->page_bytes / chunks / TC_UNIT_BYTES * TC_UNIT_BYTES;

		if (bytes < TC_MIN_RECORD_BYTES)
			break;
		if (last != 0 &&
			bytes + Max(TC_UNIT_BYTES, bytes * MIN_CLASS_STEP / 100) > last)
			continue;
		sizes[n++] = last = bytes;
	}
	if (last != TC_MIN_RECORD_BYTES && n < TC_MAX_CLASSES - 1)
		sizes[n++] = TC_MIN_RECORD_BYTES;

	head->nclasses = n;
	for (uint32 i = 0; i <= n; i++)
	{
		TcSharedClass *class = class_at(i);

		/* the class after the last one is that of overflow buckets */
		class->chunk_bytes = i < n ? sizes[n - 1 - i] : TC_MIN_CHUNK_BYTES;
		class->page_chunks = head->page_bytes / class->chunk_bytes;
		for (int level = 0; level < TC_FULLNESS_LEVELS; level++)
			class->level_head[level] = TC_NO_PAGE;
	}
}

void
tc_arena_create(void)
{
	TcSharedSegment *head = tc_seg.head;

	create_classes(head);
	head->free_page = TC_NO_PAGE;
	for (uint32 page = head->npages; page-- > 0;)
	{
		tc_seg.pages[page].use = TC_PAGE_FREE;
		tc_seg.pages[page].next = head->free_page;
		head->free_page = page;
	}
	head->free_pages = head->npages;

	/*
	 * Address 0 means "none".  It is the first byte of page 0, which the
	 * index takes for its first buckets and never gives back.
	 */
}

/* The smallest class whose chunks have so many bytes. */
static uint32
class_for(uint32 bytes)
{
	uint32 low = 0;
	uint32 high = tc_seg.head->nclasses - 1;

	Assert(bytes <= class_at(high)->chunk_bytes);
	while (low < high)
	{
		uint32 middle = (low + high) / 2;

		if (class_at(middle)->chunk_bytes >= bytes)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint32
tc_arena_ref_bytes(TcRef ref)
{
	return class_at(tc_seg.pages[page_of(ref)].use)->chunk_bytes;
}

uint32
tc_arena_best_piece(uint32 bytes)
{
	uint32 number;
	uint32 chunk;

	if (bytes >= tc_seg.head->page_bytes)
		return tc_seg.head->page_bytes;
	number = class_for(bytes);
	chunk = class_at(number)->chunk_bytes;
	if (chunk - bytes <= bytes / WELL_FITTING || bytes < SPLIT_BYTES)
		return bytes;
	return class_at(number - 1)->chunk_bytes;
}

/* ----- pool ----- */

uint32
tc_arena_take_page(uint16 use)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 page;

	LWLockAcquire(tc_pool_lock(), LW_EXCLUSIVE);
	page = head->free_page;
	if (page != TC_NO_PAGE)
	{
		Assert(head->free_pages > 0 && tc_seg.pages[page].use == TC_PAGE_FREE);
		head->free_page = tc_seg.pages[page].next;
		head->free_pages--;
		tc_seg.pages[page].use = use;
	}
	LWLockRelease(tc_pool_lock());
	return page;
}

void
tc_arena_return_page(uint32 page)
{
	TcSharedSegment *head = tc_seg.head;

	LWLockAcquire(tc_pool_lock(), LW_EXCLUSIVE);
	Assert(page != 0); /* which the index never gives back */
	Assert(page < head->npages && tc_seg.pages[page].use != TC_PAGE_FREE);
	tc_seg.pages[page].use = TC_PAGE_FREE;
	tc_seg.pages[page].next = head->free_page;
	head->free_page = page;
	head->free_pages++;
	LWLockRelease(tc_pool_lock());
}

/* ----- lists of a class's pages ----- */

static void
unlink_page_locked(TcSharedClass *class, uint32 page)
{
	TcSharedPage *desc = &tc_seg.pages[page];

	Assert(LWLockHeldByMeInMode(lock_of_class(class), LW_EXCLUSIVE));
	if (desc->level >= TC_FULLNESS_LEVELS)
		return;
	if (desc->prev != TC_NO_PAGE)
		tc_seg.pages[desc->prev].next = desc->next;
	else
		class->level_head[desc->level] = desc->next;
	if (desc->next != TC_NO_PAGE)
		tc_seg.pages[desc->next].prev = desc->prev;
	desc->level = TC_FULLNESS_LEVELS;
}

/* Put a page on the list for how full it is; a full one is on none. */
static void
link_page_locked(TcSharedClass *class, uint32 page)
{
	TcSharedPage *desc = &tc_seg.pages[page];
	uint16 level =
		(uint32) desc->used_chunks * TC_FULLNESS_LEVELS / class->page_chunks;

	Assert(LWLockHeldByMeInMode(lock_of_class(class), LW_EXCLUSIVE));
	desc->level = level;
	if (level >= TC_FULLNESS_LEVELS)
		return;
	desc->prev = TC_NO_PAGE;
	desc->next = class->level_head[level];
	if (desc->next != TC_NO_PAGE)
		tc_seg.pages[desc->next].prev = page;
	class->level_head[level] = page;
}

/* Move a page to the right list after a chunk came or went. */
static void
relink_page_locked(TcSharedClass *class, uint32 page)
{
	TcSharedPage *desc = &tc_seg.pages[page];

	Assert(LWLockHeldByMeInMode(lock_of_class(class), LW_EXCLUSIVE));
	if ((uint32) desc->used_chunks * TC_FULLNESS_LEVELS / class->page_chunks ==
		desc->level)
		return;
	unlink_page_locked(class, page);
	link_page_locked(class, page);
}

/* The fullest page of a class that has room, taking a new one if need be. */
static uint32
page_with_room_locked(uint32 number)
{
	TcSharedClass *class = class_at(number);
	uint32 page;

	Assert(LWLockHeldByMeInMode(tc_class_lock(number), LW_EXCLUSIVE));
	for (int level = TC_FULLNESS_LEVELS - 1; level >= 0; level--)
	{
		if (class->level_head[level] != TC_NO_PAGE)
			return class->level_head[level];
	}

	page = tc_arena_take_page(number);
	if (page == TC_NO_PAGE)
		return TC_NO_PAGE;
	memset(page_bitmap(page), 0, tc_seg.head->page_words * sizeof(uint64));
	tc_seg.pages[page].used_chunks = 0;
	class->pages++;
	class->free_chunks += class->page_chunks;
	link_page_locked(class, page);
	return page;
}

/* Mark the first free chunk of a page as used and return its number. */
static uint32
take_chunk_locked(uint32 page)
{
	uint64 *bitmap = page_bitmap(page);
	uint32 word = 0;
	uint32 bit;

	Assert(LWLockHeldByMeInMode(tc_class_lock(tc_seg.pages[page].use),
								LW_EXCLUSIVE));
	while (bitmap[word] == PG_UINT64_MAX)
		word++;
	bit = pg_rightmost_one_pos64(~bitmap[word]);
	bitmap[word] |= UINT64CONST(1) << bit;
	tc_seg.pages[page].used_chunks++;
	return word * 64 + bit;
}

static TcRef
alloc_from_class(uint32 number)
{
	TcSharedClass *class = class_at(number);
	TcRef ref = TC_NO_REF;
	uint32 page;

	LWLockAcquire(tc_class_lock(number), LW_EXCLUSIVE);
	page = page_with_room_locked(number);
	if (page != TC_NO_PAGE)
	{
		ref = chunk_ref(page, take_chunk_locked(page), class->chunk_bytes);
		class->free_chunks--;
		relink_page_locked(class, page);
		tc_arena_check_page_locked(page);
	}
	LWLockRelease(tc_class_lock(number));
	return ref;
}

TcRef
tc_arena_alloc(uint32 bytes)
{
	uint32 number = class_for(bytes);
	TcRef ref = alloc_from_class(number);

	if (ref != TC_NO_REF)
		pg_atomic_fetch_add_u64(&tc_seg.head->used_bytes,
								class_at(number)->chunk_bytes);
	return ref;
}

bool
tc_arena_has_chunk(uint32 bytes)
{
	return class_at(class_for(bytes))->free_chunks > 0;
}

TcRef
tc_arena_alloc_overflow(void)
{
	TcRef ref = alloc_from_class(tc_seg.head->nclasses);

	if (ref != TC_NO_REF)
		pg_atomic_fetch_add_u64(&tc_seg.head->overflow_bytes,
								TC_MIN_CHUNK_BYTES);
	return ref;
}

/* Find the right place for a page that lost a chunk: a list or the pool. */
static void
settle_page_locked(TcSharedClass *class, uint32 page)
{
	Assert(LWLockHeldByMeInMode(lock_of_class(class), LW_EXCLUSIVE));
	if (tc_seg.pages[page].used_chunks > 0)
	{
		relink_page_locked(class, page);
		tc_arena_check_page_locked(page);
		return;
	}
	unlink_page_locked(class, page);
	class->pages--;
	class->free_chunks -= class->page_chunks;
	tc_arena_return_page(page);
}

void
tc_arena_free(TcRef ref)
{
	uint32 page = page_of(ref);
	TcSharedPage *desc = &tc_seg.pages[page];
	uint32 number = desc->use;
	TcSharedClass *class = class_at(number);
	uint32 chunk = (uint32) (((uint64) ref * TC_UNIT_BYTES) %
							 tc_seg.head->page_bytes / class->chunk_bytes);

	if (number == tc_seg.head->nclasses)
		pg_atomic_fetch_sub_u64(&tc_seg.head->overflow_bytes,
								class->chunk_bytes);
	else
		pg_atomic_fetch_sub_u64(&tc_seg.head->used_bytes, class->chunk_bytes);

	LWLockAcquire(tc_class_lock(number), LW_EXCLUSIVE);
	Assert(page_bitmap(page)[chunk / 64] & (UINT64CONST(1) << (chunk % 64)));
#ifdef CLOBBER_FREED_MEMORY
	memset(tc_ref_address(ref), 0x7F, class->chunk_bytes);
#endif
	page_bitmap(page)[chunk / 64] &= ~(UINT64CONST(1) << (chunk % 64));
	desc->used_chunks--;
	class->free_chunks++;
	if (desc->level != TC_PAGE_ISOLATED)
		settle_page_locked(class, page);
	LWLockRelease(tc_class_lock(number));
}

/* ----- emptying pages ----- */

/* The class with most pages' worth of free chunks, if it has one. */
static int
roomiest_class(void)
{
	int best = -1;
	uint32 best_pages = 0;

	for (uint32 i = 0; i < tc_seg.head->nclasses; i++)
	{
		TcSharedClass *class = class_at(i);
		uint32 pages = class->free_chunks / class->page_chunks;

		/* read without the lock: a hint, checked again under it */
		if (pages > best_pages)
		{
			best = i;
			best_pages = pages;
		}
	}
	return best;
}

uint32
tc_arena_isolate_page(void)
{
	int number = roomiest_class();
	TcSharedClass *class;
	uint32 page = TC_NO_PAGE;

	if (number < 0)
		return TC_NO_PAGE;
	class = class_at(number);
	LWLockAcquire(tc_class_lock(number), LW_EXCLUSIVE);
	if (class->free_chunks >= class->page_chunks)
	{
		for (int level = 0; level < TC_FULLNESS_LEVELS; level++)
		{
			page = class->level_head[level];
			if (page != TC_NO_PAGE)
				break;
		}
	}
	if (page != TC_NO_PAGE)
	{
		unlink_page_locked(class, page);
		tc_seg.pages[page].level = TC_PAGE_ISOLATED;
		tc_arena_check_page_locked(page);
	}
	LWLockRelease(tc_class_lock(number));
	return page;
}

TcRef
tc_arena_next_used(uint32 page, uint32 *position)
{
	uint32 number = tc_seg.pages[page].use;
	TcSharedClass *class = class_at(number);
	uint64 *bitmap = page_bitmap(page);

	/* chunks freed meanwhile may still be seen: the mover finds no owner */
	while (*position < class->page_chunks)
	{
		uint32 chunk = (*position)++;

		if (bitmap[chunk / 64] & (UINT64CONST(1) << (chunk % 64)))
			return chunk_ref(page, chunk, class->chunk_bytes);
	}
	return TC_NO_REF;
}

void
tc_arena_release_page(uint32 page)
{
	uint32 number = tc_seg.pages[page].use;

	/* the isolation has kept the page in its class */
	LWLockAcquire(tc_class_lock(number), LW_EXCLUSIVE);
	Assert(tc_seg.pages[page].level == TC_PAGE_ISOLATED);
	settle_page_locked(class_at(number), page);
	if (tc_seg.pages[page].use == number)
		tc_arena_check_page_locked(page);
	LWLockRelease(tc_class_lock(number));
}

void
tc_arena_memory_use(TcMemoryUse *use)
{
	TcSharedSegment *head = tc_seg.head;
	uint64 page_bytes = head->page_bytes;

	use->size_bytes = head->size_bytes;
	use->data_bytes = pg_atomic_read_u64(&head->data_bytes);
	use->header_bytes = pg_atomic_read_u64(&head->header_bytes);
	use->index_bytes = page_bytes * pg_atomic_read_u32(&head->index_pages) +
		pg_atomic_read_u64(&head->overflow_bytes);
	use->fixed_bytes = head->size_bytes - page_bytes * head->npages +
		page_bytes * pg_atomic_read_u32(&head->body_pages);
	use->free_bytes = page_bytes * head->free_pages;

	/* what rounding loses in chunks, and at the ends of pages */
	use->slack_bytes = pg_atomic_read_u64(&head->used_bytes) - use->data_bytes -
		use->header_bytes;
	for (uint32 i = 0; i <= head->nclasses; i++)
	{
		TcSharedClass *class = class_at(i);

		LWLockAcquire(tc_class_lock(i), LW_SHARED);
		use->free_bytes += (uint64) class->free_chunks * class->chunk_bytes;
		use->slack_bytes += (uint64) class->pages *
			(head->page_bytes - class->page_chunks * class->chunk_bytes);
		LWLockRelease(tc_class_lock(i));
	}
}
