/*-------------------------------------------------------------------------
 *
 * startup.c
 *	  Makes the segment: sizes it, lays it out, and finds it in a process.
 *
 * Structure: the segment is one piece of shared memory of exactly
 * topcache.size.  At its front lie the structures whose size follows from
 * the settings (head, map entries, write_seqs, the ghost, page descriptors and
 * bitmaps, the directory of the index); the rest is the arena, a row of pages.
 * Locks and the hash table of maps are PostgreSQL's own and lie beside it.
 *
 * Concurrency: the postmaster makes the segment before it starts any other
 * process, under AddinShmemInitLock.  Processes inherit the pointers, or
 * find them the same way where there is no fork.
 *
 * Failure: after a crash of any backend the postmaster throws shared memory
 * away and start-up runs again in the same process; nothing here relies on a
 * static being zero.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "segment/evict/ghost.h"
#include "segment/evict/policy.h"
#include "segment/index/index.h"
#include "segment/maps/limits.h"
#include "segment/memory/arena.h"
#include "segment/memory/huge.h"
#include "segment/memory/shared.h"
#include "segment/stats/progress.h"
#include "segment/stats/removal.h"
#include "segment/startup.h"
#include "segment/stats/sample.h"

/* Names of the lock tranches, as pg_stat_activity shows them. */
#define INDEX_TRANCHE "TopCacheIndex"
#define ARENA_TRANCHE "TopCacheArena"
#define MAPS_TRANCHE  "TopCacheMaps"
#define SHARD_TRANCHE "TopCacheRecency"

/* Relations that have a map entry, and as many that are suspended. */
#define MAP_ENTRIES (tc_max_maps * 2)

/* One write_seq for so many bytes of the segment. */
#define BYTES_PER_WRITE_SEQ 8192
#define MIN_WRITE_SEQS		1024

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

/* Offsets of the parts in the segment, as the settings give them. */
typedef struct Layout
{
	uint32 page_bytes;
	uint32 page_words;
	uint32 npages;
	uint32 nwrite_seqs;
	Size maps;
	Size bodies;
	Size write_seqs;
	Size ghosts;
	Size removals;
	Size samples;
	Size pages;
	Size bitmaps;
	Size directory;
	Size arena;
} Layout;

/*
 * Page size for a segment.  Larger pages round chunks less, and leave more
 * room in the one page that each size class is filling: both shares stay
 * small when pages grow with about the square root of the segment.
 */
static uint32
choose_page_bytes(Size size_bytes)
{
	uint32 page_bytes = 8192;

	while (page_bytes < 65536 && (Size) page_bytes * page_bytes <= size_bytes)
		page_bytes *= 2;
	return page_bytes;
}

/* Lay a part out behind the others, cache-aligned; returns where. */
static Size
lay_out(Size *end, Size bytes)
{
	Size start = *end;

	*end = CACHELINEALIGN(start + bytes);
	return start;
}

static inline Size
configured_bytes(void)
{
	return (Size) tc_size_mb * 1024 * 1024;
}

/* Compute where everything goes in a segment of some size. */
static void
compute_layout(Layout *layout, Size size_bytes)
{
	Size end = 0;
	uint32 most_pages;

	layout->page_bytes = choose_page_bytes(size_bytes);
	layout->page_words = layout->page_bytes / TC_MIN_CHUNK_BYTES / 64;
	layout->nwrite_seqs = MIN_WRITE_SEQS;
	while ((Size) layout->nwrite_seqs * BYTES_PER_WRITE_SEQ < size_bytes)
		layout->nwrite_seqs *= 2;
	most_pages = size_bytes / layout->page_bytes;

	lay_out(&end, sizeof(TcSharedSegment));
	layout->maps = lay_out(&end, tc_max_maps * sizeof(TcSharedMapEntry));
	layout->bodies = lay_out(&end, tc_max_maps * sizeof(uint32));
	layout->write_seqs =
		lay_out(&end, layout->nwrite_seqs * sizeof(pg_atomic_uint32));
	layout->ghosts =
		lay_out(&end, tc_policy_has_ghost() ? tc_ghost_bytes(size_bytes) : 0);
	layout->removals = lay_out(&end, tc_removal_bytes(size_bytes));
	layout->samples = lay_out(&end, tc_sample_bytes(size_bytes));
	layout->pages = lay_out(&end, most_pages * sizeof(TcSharedPage));
	layout->bitmaps =
		lay_out(&end, (Size) most_pages * layout->page_words * sizeof(uint64));
	layout->directory = lay_out(&end, most_pages * sizeof(uint32));
	layout->arena = TYPEALIGN(layout->page_bytes, end);
	layout->npages = layout->arena >= size_bytes
		? 0
		: (size_bytes - layout->arena) / layout->page_bytes;
}

/* Hook: ask for memory and locks. */
static void
request_segment(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();

	RequestAddinShmemSpace(configured_bytes() + PG_CACHE_LINE_SIZE);
	RequestAddinShmemSpace(
		hash_estimate_size(MAP_ENTRIES, sizeof(TcSharedRelationEntry)));
	RequestNamedLWLockTranche(INDEX_TRANCHE, TC_PARTITIONS + 1);
	RequestNamedLWLockTranche(ARENA_TRANCHE, TC_MAX_CLASSES + 1);
	RequestNamedLWLockTranche(MAPS_TRANCHE, 1);
	RequestNamedLWLockTranche(SHARD_TRANCHE, 1);
}

/* Set this process's pointers to the parts. */
static void
locate_parts(char *base, const Layout *layout)
{
	tc_seg.head = (TcSharedSegment *) base;
	tc_seg.maps = (TcSharedMapEntry *) (base + layout->maps);
	tc_seg.bodies = (uint32 *) (base + layout->bodies);
	tc_seg.write_seqs = (pg_atomic_uint32 *) (base + layout->write_seqs);
	tc_seg.ghosts = (pg_atomic_uint32 *) (base + layout->ghosts);
	tc_seg.removals = (volatile uint16 *) (base + layout->removals);
	tc_seg.samples = (pg_atomic_uint64 *) (base + layout->samples);
	tc_seg.pages = (TcSharedPage *) (base + layout->pages);
	tc_seg.bitmaps = (uint64 *) (base + layout->bitmaps);
	tc_seg.directory = (uint32 *) (base + layout->directory);
	tc_seg.arena = base + layout->arena;
	tc_seg.arena_bytes = (uint64) layout->npages * layout->page_bytes;
	tc_seg.bucket_shift =
		pg_leftmost_one_pos32(layout->page_bytes / sizeof(TcSharedBucket));
	tc_seg.bodies_per_page = layout->page_bytes / sizeof(TcSharedMapBody);
	tc_seg.index_locks = GetNamedLWLockTranche(INDEX_TRANCHE);
	tc_seg.class_locks = GetNamedLWLockTranche(ARENA_TRANCHE);
	tc_seg.map_lock = GetNamedLWLockTranche(MAPS_TRANCHE);
	tc_seg.shard_locks = GetNamedLWLockTranche(SHARD_TRANCHE);
}

/* Give a new segment its first contents. */
static void
fill_segment(const Layout *layout)
{
	TcSharedSegment *head = tc_seg.head;

	memset(head, 0, layout->arena);
	head->size_bytes = configured_bytes();
	head->arena_offset = layout->arena;
	head->page_bytes = layout->page_bytes;
	head->page_words = layout->page_words;
	head->npages = layout->npages;
	head->nwrite_seqs = layout->nwrite_seqs;
	head->max_maps = tc_max_maps;
	head->started_us = GetCurrentTimestamp();

	pg_atomic_init_u32(&head->nrecords, 0);
	pg_atomic_init_u32(&head->bucket_era, 0);
	pg_atomic_init_u32(&head->directory_era, 0);
	pg_atomic_init_u64(&head->used_bytes, 0);
	pg_atomic_init_u64(&head->data_bytes, 0);
	pg_atomic_init_u64(&head->header_bytes, 0);
	pg_atomic_init_u64(&head->overflow_bytes, 0);
	pg_atomic_init_u32(&head->index_pages, 0);
	for (int i = 0; i < TC_WANTED; i++)
		pg_atomic_init_u32(&head->wanted[i], 0);
	pg_atomic_init_u32(&head->body_pages, 0);
	pg_atomic_init_u32(&head->huge_tried, 0);
	pg_atomic_init_u32(&head->huge_moved, 0);
	pg_atomic_init_u32(&head->looked_database, InvalidOid);
	pg_atomic_init_u32(&head->looked_result, 0);
	for (uint32 i = 0; i < head->nwrite_seqs; i++)
		pg_atomic_init_u32(&tc_seg.write_seqs[i], 0);

	head->free_map = TC_NO_MAP_ENTRY;
	pg_atomic_init_u32(&head->maps_retired, 0);
	for (uint32 i = 0; i < head->max_maps; i++)
	{
		pg_atomic_init_u32(&tc_seg.maps[i].generation, 1);
		pg_atomic_init_u32(&tc_seg.maps[i].state, TC_MAP_FREE);
		tc_limits_create(i);
		tc_seg.bodies[i] = TC_NO_PAGE;
	}
	for (int i = 0; i < TC_QUEUES; i++)
		pg_atomic_init_u64(&head->queue_bytes[i], 0);
	tc_ghost_create(tc_policy_has_ghost());
	tc_removal_create();
	tc_sample_create();
	tc_progress_create();
	tc_arena_create();
	tc_index_create();
}

/* Hook: make the segment, or find it. */
static void
start_segment(void)
{
	Layout layout;
	HASHCTL info;
	char *base;
	bool found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();

	compute_layout(&layout, configured_bytes());
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);

	base = ShmemInitStruct("topcache segment",
						   configured_bytes() + PG_CACHE_LINE_SIZE, &found);
	base = tc_huge_map((char *) CACHELINEALIGN(base), configured_bytes());

	info.keysize = sizeof(TcSharedRelationKey);
	info.entrysize = sizeof(TcSharedRelationEntry);
	tc_seg.map_table =
		ShmemInitHash("topcache maps", MAP_ENTRIES, MAP_ENTRIES, &info,
					  HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
	locate_parts(base, &layout);
	if (!found)
		fill_segment(&layout);

	LWLockRelease(AddinShmemInitLock);
}

void
tc_startup_init(void)
{
	Layout layout;

	if (!process_shared_preload_libraries_in_progress)
		return;

	compute_layout(&layout, configured_bytes());
	if (layout.npages < 64)
		ereport(
			ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("\"topcache.size\" is too small for \"topcache.max_maps\""),
			 errhint(
				 "Raise \"topcache.size\" or lower \"topcache.max_maps\".")));

	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_segment;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_segment;
}

uint64
tc_startup_arena_bytes(uint64 size_bytes)
{
	Layout layout;

	compute_layout(&layout, size_bytes);
	return (uint64) layout.npages * layout.page_bytes;
}
