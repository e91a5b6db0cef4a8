/*-------------------------------------------------------------------------
 *
 * warm_up_process.c
 *	  The process that loads one database's records after a start.
 *
 * Structure: it reads the keys of the database from the file, those used last
 * first, and loads them a batch per transaction, so that no snapshot is held
 * for long; a batch has keys of one map.  After each batch it rests for as
 * long as the batch took, which leaves at least half of what it uses to
 * users.  It ends when the segment is as full as eviction leaves it.
 *
 * Concurrency: that of fills; users load what they need meanwhile.
 *
 * Failure: a batch that fails is logged, and its map is given up.  A process
 * that is ended, by pg_terminate_backend() for one, is not started again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "segment/memory/segment.h"
#include "segment/stats/progress.h"
#include "table/owner.h"
#include "worker/process.h"
#include "worker/warm_up_file.h"
#include "worker/warm_up_process.h"

/* Keys of a transaction, and the longest rest after one. */
#define BATCH_KEYS	 500
#define LONG_REST_MS 1000

PGDLLEXPORT void tc_warm_up_process_main(Datum arg);

/* What is to be loaded. */
typedef struct Load
{
	TcWarmUpFile *file;
	const TcWarmUpMap *maps;
	bool *given_up; /* by map */
	TcWarmKey *keys;
	uint32 *map;
	int64 n;
	int64 next;
	int64 loaded;
} Load;

/* How many of the next keys are of the same map. */
static int
batch_size(const Load *load)
{
	int n = 1;

	while (n < BATCH_KEYS && load->next + n < load->n &&
		   load->map[load->next + n] == load->map[load->next])
		n++;
	return n;
}

/* Load the next keys, if the map still has the layout that they are of. */
static void
load_keys(Load *load, int n)
{
	uint32 number = load->map[load->next];
	TcMap *map = tc_map_lookup(load->maps[number].relation);

	if (map != NULL && map->layout.fingerprint == load->maps[number].layout)
		load->loaded += tc_warm_keys(map, load->keys + load->next, n);
	else
		load->given_up[number] = true;
}

/* The same in a transaction, as the owner of the table. */
static void
load_batch(Load *load, int n)
{
	uint32 number = load->map[load->next];
	TcOwnerBefore before;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	LockRelationOid(load->maps[number].relation, AccessShareLock);
	if (tc_owner_become(load->maps[number].relation, &before))
	{
		load_keys(load, n);
		tc_owner_leave(&before);
	}
	else
		load->given_up[number] = true;
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* The same; an error is logged, and ends the loading of the map. */
static void
try_batch(Load *load, int n)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		load_batch(load, n);
	}
	PG_CATCH();
	{
		tc_process_log_error(context, "loading records",
							 load->maps[load->map[load->next]].relation);
		load->given_up[load->map[load->next]] = true;
	}
	PG_END_TRY();
}

/* Let others have their turn: for as long as work took since a time. */
static void
rest(instr_time begun)
{
	instr_time took;
	long ms;

	INSTR_TIME_SET_CURRENT(took);
	INSTR_TIME_SUBTRACT(took, begun);
	ms = Min((long) INSTR_TIME_GET_MILLISEC(took), LONG_REST_MS);
	if (ms > 0)
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms,
						 tc_wait_event("TopCacheWarmUp"));
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

static void
load_all(Load *load)
{
	while (load->next < load->n && tc_warm_keys_may_fill())
	{
		int n = batch_size(load);
		instr_time begun;

		INSTR_TIME_SET_CURRENT(begun);
		if (!load->given_up[load->map[load->next]])
			try_batch(load, n);
		load->next += n;
		tc_progress_tell(load->maps[load->map[load->next - 1]].relation,
						 load->next, load->loaded);
		rest(begun);
	}
}

void
tc_warm_up_process_main(Datum arg)
{
	Oid database = DatumGetObjectId(arg);
	Load load = {0};
	int nmaps;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	if (!tc_segment_ready())
		proc_exit(0);
	pgstat_report_activity(STATE_RUNNING, "loading what was resident before");
	load.file = tc_warm_up_file_open(false);
	if (load.file == NULL)
		proc_exit(0);
	load.maps = tc_warm_up_file_maps(load.file, &nmaps);
	load.given_up = palloc0(Max(nmaps, 1) * sizeof(bool));
	load.n = tc_warm_up_file_keys(load.file, database, &load.keys, &load.map);
	tc_progress_begin(TC_LOADING_WARM_UP, InvalidOid, load.n);
	load_all(&load);
	ereport(LOG,
			(errmsg("topcache: loaded " INT64_FORMAT " records that were "
					"resident before",
					load.loaded)));
	proc_exit(0);
}

BackgroundWorkerHandle *
tc_warm_up_process_start(Oid database)
{
	return tc_process_start("tc_warm_up_process_main",
							"topcache warm-up worker", database);
}
