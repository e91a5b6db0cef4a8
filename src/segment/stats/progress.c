/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  How far loads have come, for others to see.
 *
 * Structure: a few places; a process takes one by putting its id there.
 *
 * Concurrency: a place is taken by an atomic exchange and then belongs to
 * that process.
 *
 * Failure: a load that ends by an error gives its place back at the end of
 * the transaction, and a process at its exit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "segment/memory/shared.h"
#include "segment/stats/progress.h"

static TcSharedProgress *my_place = NULL;
static bool registered = false;

void
tc_progress_create(void)
{
	for (int i = 0; i < TC_PROGRESS_PLACES; i++)
	{
		TcSharedProgress *place = &tc_seg.head->progress[i];

		pg_atomic_init_u32(&place->pid, 0);
		pg_atomic_init_u64(&place->done, 0);
		pg_atomic_init_u64(&place->loaded, 0);
		pg_atomic_init_u64(&place->total, 0);
	}
}

static void
process_exits(int code, Datum arg)
{
	tc_progress_end();
}

/* A load belongs to a statement; the warm-up's goes over many transactions. */
static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT && my_place != NULL &&
		my_place->what == TC_LOADING_HYDRATE)
		tc_progress_end();
}

static TcSharedProgress *
take_place(void)
{
	for (int i = 0; i < TC_PROGRESS_PLACES; i++)
	{
		TcSharedProgress *place = &tc_seg.head->progress[i];
		uint32 nobody = 0;

		if (pg_atomic_compare_exchange_u32(&place->pid, &nobody, MyProcPid))
			return place;
	}
	return NULL;
}

void
tc_progress_begin(TcLoading what, Oid relation, int64 total)
{
	if (!registered)
	{
		before_shmem_exit(process_exits, (Datum) 0);
		RegisterXactCallback(transaction_ended, NULL);
		registered = true;
	}
	if (my_place == NULL)
		my_place = take_place();
	if (my_place == NULL)
		return;
	my_place->database = MyDatabaseId;
	my_place->relation = relation;
	my_place->what = what;
	my_place->started = GetCurrentTimestamp();
	pg_atomic_write_u64(&my_place->done, 0);
	pg_atomic_write_u64(&my_place->loaded, 0);
	pg_atomic_write_u64(&my_place->total, total);
}

void
tc_progress_tell(Oid relation, int64 done, int64 loaded)
{
	if (my_place == NULL)
		return;
	Assert(pg_atomic_read_u32(&my_place->pid) == (uint32) MyProcPid);
	my_place->relation = relation;
	pg_atomic_write_u64(&my_place->done, done);
	pg_atomic_write_u64(&my_place->loaded, loaded);
}

void
tc_progress_end(void)
{
	if (my_place != NULL)
		pg_atomic_write_u32(&my_place->pid, 0);
	my_place = NULL;
}

int
tc_progress_places(void)
{
	return TC_PROGRESS_PLACES;
}

bool
tc_progress_read(int place, TcProgress *progress)
{
	TcSharedProgress *shared = &tc_seg.head->progress[place];

	progress->pid = pg_atomic_read_u32(&shared->pid);
	progress->database = shared->database;
	progress->relation = shared->relation;
	progress->what = shared->what;
	progress->started = shared->started;
	progress->done = pg_atomic_read_u64(&shared->done);
	progress->loaded = pg_atomic_read_u64(&shared->loaded);
	progress->total = pg_atomic_read_u64(&shared->total);
	return progress->pid != 0 &&
		pg_atomic_read_u32(&shared->pid) == (uint32) progress->pid;
}
