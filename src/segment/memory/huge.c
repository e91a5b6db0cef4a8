/*-------------------------------------------------------------------------
 *
 * huge.c
 *	  Moves the segment to huge pages, where the kernel can do so.
 *
 * A read of a record that is in no cache of the processor looks up two
 * addresses anywhere in the segment, and with pages of 4 kB that translation
 * costs as much as the memory behind it.  huge_pages = on would help, but
 * needs pages that were reserved for the server; most servers have none.
 * Since Linux 6.1 a process may ask for a range of shared memory to be moved
 * to a huge page at once, whatever the system's policy is (MADV_COLLAPSE).
 *
 * Structure: a huge page needs an address that is as far from a multiple of
 * its size as its place in the shared memory is, which PostgreSQL's mapping
 * has only by chance.  So the postmaster maps the segment a second time, at
 * an address that does, and that is the one that all processes use.  The
 * worker then moves it, extent by extent in the order of addresses, as far
 * as pages of the arena have been in use and somewhat ahead: the page pool
 * gives out fresh pages in that order.  What has not been used stays as it
 * is and takes no memory.
 *
 * Concurrency: both mappings are of the same memory, so it does not matter
 * who uses which.  The kernel moves an extent while others read and write
 * it; they wait for a page fault.  Only the worker moves; the numbers that
 * it leaves for others are atomics.
 *
 * Failure: where anything is missing, the segment is used as it is.  Where
 * the kernel has no huge page to give, it is asked again later, less and
 * less often.  When the postmaster makes new shared memory after a crash, it
 * gives the memory behind the old mapping back itself, since a process that
 * outlives the crash (the log's) has inherited the mapping.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/pg_shmem.h"
#include "utils/timestamp.h"

#include "segment/memory/huge.h"
#include "segment/memory/shared.h"

#define HUGE_PAGE_BYTES ((Size) 2 * 1024 * 1024)

/* What the kernel's headers may be too old to know. */
#define ADVICE_COLLAPSE 25

/* So much more than is in use is moved: a part of that, and an extent. */
#define AHEAD_FRACTION 16

/* Most extents in one step: some 300 ms. */
#define EXTENTS_PER_STEP 128

/* How often an extent that others keep busy is tried. */
#define MAX_ATTEMPTS 3

/* Pause after the kernel had no huge page: doubles from the one to the other. */
#define MIN_PAUSE_S 1
#define MAX_PAUSE_S 600

/* The second mapping, or NULL; inherited from the postmaster. */
static char *mapped = NULL;
static Size mapped_bytes = 0;

/* In the worker: when to go on, and how long the next pause is. */
static TimestampTz not_before = 0;
static int pause_s = MIN_PAUSE_S;

#if defined(__linux__) && !defined(EXEC_BACKEND)

/*
 * Distance of an address from the start of the shared memory object that it
 * belongs to; false when that is not to be found out.
 */
static bool
find_place(const char *address, uint64 *place)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[1024];
	bool found = false;

	if (maps == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long start;
		unsigned long end;
		unsigned long offset;
		char mode[5];

		if (sscanf(line, "%lx-%lx %4s %lx", &start, &end, mode, &offset) != 4)
			continue;
		if ((uintptr_t) address < start || (uintptr_t) address >= end)
			continue;
		found = mode[3] == 's';
		*place = offset + ((uintptr_t) address - start);
	}
	fclose(maps);
	return found;
}

/*
 * Map what lies at start, a page's, a second time, at an address that is as
 * far from a multiple of a huge page as place is.
 */
static char *
map_again(char *start, Size bytes, uint64 place)
{
	Size reserved_bytes = bytes + 2 * HUGE_PAGE_BYTES;
	char *reserved = mmap(NULL, reserved_bytes, PROT_NONE,
						  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *wanted;
	char *end;

	if (reserved == MAP_FAILED)
		return NULL;
	wanted =
		(char *) TYPEALIGN(HUGE_PAGE_BYTES, reserved) + place % HUGE_PAGE_BYTES;
	if (mremap(start, 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, wanted) ==
		MAP_FAILED)
	{
		munmap(reserved, reserved_bytes);
		return NULL;
	}
	end = wanted + bytes;
	if (wanted > reserved)
		munmap(reserved, wanted - reserved);
	munmap(end, reserved + reserved_bytes - end);

	/* a core file has it from the first mapping */
	(void) madvise(wanted, bytes, MADV_DONTDUMP);
	return wanted;
}

/* The shared memory goes. */
static void
unmap(int code, Datum arg)
{
	if (mapped == NULL)
		return;

	/* after a crash, when nobody else is left that would use it */
	if (!proc_exit_inprogress)
		(void) madvise(mapped, mapped_bytes, MADV_REMOVE);
	munmap(mapped, mapped_bytes);
	mapped = NULL;
}

char *
tc_huge_map(char *start, Size bytes)
{
	Size page_bytes = sysconf(_SC_PAGESIZE);
	char *page = (char *) TYPEALIGN_DOWN(page_bytes, start);
	uint64 place;

	Assert(!IsUnderPostmaster);
	mapped = NULL;
	if (huge_pages == HUGE_PAGES_OFF || !find_place(page, &place))
		return start;
	mapped_bytes = TYPEALIGN(page_bytes, start + bytes - page);
	mapped = map_again(page, mapped_bytes, place);
	if (mapped == NULL)
		return start;
	on_shmem_exit(unmap, (Datum) 0);
	return mapped + (start - page);
}

/* Ask the kernel for it: 0, or an errno. */
static int
collapse(char *extent)
{
	/* the kernel wants something there to move */
	(void) *(volatile char *) extent;
	return madvise(extent, HUGE_PAGE_BYTES, ADVICE_COLLAPSE) == 0 ? 0 : errno;
}

#else

char *
tc_huge_map(char *start, Size bytes)
{
	return start;
}

static int
collapse(char *extent)
{
	return EINVAL;
}

#endif

/* Move an extent: 0, or the errno of why not. */
static int
move_extent(char *extent)
{
	int problem = EAGAIN;

	for (int i = 0; i < MAX_ATTEMPTS && problem == EAGAIN; i++)
		problem = collapse(extent);
	return problem;
}

/* How many extents there are to be moved, from the first one on. */
static uint32
wanted_extents(void)
{
	TcSharedSegment *head = tc_seg.head;
	char *first = (char *) TYPEALIGN(HUGE_PAGE_BYTES, mapped);

	/* read without the lock: what this step does not see, the next one does */
	uint64 used_bytes =
		(uint64) (head->npages - head->free_pages) * head->page_bytes;
	char *end = tc_seg.arena + used_bytes + used_bytes / AHEAD_FRACTION +
		HUGE_PAGE_BYTES;

	end = Min(end, mapped + mapped_bytes);
	return end > first ? (end - first) / HUGE_PAGE_BYTES : 0;
}

/* The kernel has no huge page: leave it alone for a while. */
static void
pause_moving(void)
{
	not_before =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pause_s * 1000);
	pause_s = Min(pause_s * 2, MAX_PAUSE_S);
}

/* Move the next extent; false when the kernel can't just now. */
static bool
move_next(uint32 number)
{
	TcSharedSegment *head = tc_seg.head;
	char *first = (char *) TYPEALIGN(HUGE_PAGE_BYTES, mapped);
	int problem = move_extent(first + number * HUGE_PAGE_BYTES);

	if (problem == ENOMEM || problem == EBUSY)
		return false;
	pg_atomic_fetch_add_u32(&head->huge_tried, 1);
	if (problem == 0)
		pg_atomic_fetch_add_u32(&head->huge_moved, 1);
	return true;
}

void
tc_huge_step(void)
{
	uint32 from;
	uint32 end;

	if (mapped == NULL || GetCurrentTimestamp() < not_before)
		return;
	from = pg_atomic_read_u32(&tc_seg.head->huge_tried);
	end = Min(wanted_extents(), from + EXTENTS_PER_STEP);
	for (uint32 number = from; number < end; number++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!move_next(number))
		{
			pause_moving();
			return;
		}
		pause_s = MIN_PAUSE_S;
	}
}

void
tc_huge_use(uint64 *moved_bytes, uint64 *pending_bytes)
{
	uint32 tried = pg_atomic_read_u32(&tc_seg.head->huge_tried);
	uint32 wanted = mapped == NULL ? 0 : wanted_extents();

	*moved_bytes =
		pg_atomic_read_u32(&tc_seg.head->huge_moved) * HUGE_PAGE_BYTES;
	*pending_bytes = wanted > tried ? (wanted - tried) * HUGE_PAGE_BYTES : 0;
}
