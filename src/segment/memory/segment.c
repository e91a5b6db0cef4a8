/*-------------------------------------------------------------------------
 *
 * segment.c
 *	  Where the segment is in this process, its clock, and whom it wakes.
 *
 * Failure: where the library was not preloaded there is no segment.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/latch.h"
#include "utils/timestamp.h"

#include "segment/memory/segment.h"
#include "segment/memory/shared.h"

TcSegment tc_seg;

bool
tc_segment_ready(void)
{
	return tc_seg.head != NULL;
}

void
tc_segment_require(void)
{
	if (!tc_segment_ready())
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("topcache must be loaded via \"shared_preload_libraries\""),
			 errhint(
				 "Add \"topcache\" to \"shared_preload_libraries\" and restart the server.")));
}

uint64
tc_segment_clock_us(void)
{
	int64 now = GetCurrentTimestamp() - tc_seg.head->started_us;

	/* the system's clock may have been set back */
	return now > 0 ? (uint64) now : 0;
}

int64
tc_segment_epoch(void)
{
	return tc_seg.head->started_us;
}

void
tc_segment_set_worker_latch(Latch *latch)
{
	tc_seg.head->worker_latch = latch;
}

/*
 * Wake the worker.  A latch read just before the worker clears it belongs to
 * a process slot, which outlives the process: setting it once too often wakes
 * somebody for nothing, which every user of a latch must stand.
 */
void
tc_segment_wake_worker(void)
{
	Latch *latch = tc_seg.head->worker_latch;

	if (latch != NULL)
		SetLatch(latch);
}

double
tc_segment_used_percent(void)
{
	TcSharedSegment *head = tc_seg.head;
	uint64 used = pg_atomic_read_u64(&head->used_bytes) +
		pg_atomic_read_u64(&head->overflow_bytes) +
		(uint64) head->page_bytes *
			(pg_atomic_read_u32(&head->index_pages) +
			 pg_atomic_read_u32(&head->body_pages));

	return 100.0 * used / ((double) head->npages * head->page_bytes);
}

#ifdef USE_ASSERT_CHECKING

static bool
any_held(LWLockPadded *locks, int n)
{
	return LWLockAnyHeldByMe(&locks[0].lock, n, sizeof(LWLockPadded));
}

bool
tc_segment_holds_lock(void)
{
	return any_held(tc_seg.map_lock, 1) ||
		any_held(tc_seg.index_locks, TC_PARTITIONS + 1) ||
		any_held(tc_seg.class_locks, TC_MAX_CLASSES + 1);
}

#endif
