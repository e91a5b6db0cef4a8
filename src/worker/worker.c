/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  The background worker.
 *
 * Structure: one process, started with the server.  Every topcache.tick, or
 * when somebody finds the segment above the high water mark, it makes a
 * round: settles what no callback has reached, freezes old versions, drops
 * the records of retired maps and those that are over their map's limits,
 * lets the index shrink, evicts down to the low water mark, and starts a
 * process for a database in which rows have expired.
 *
 * It is connected to no database: it needs no catalog but the one that all
 * databases share, and holds no snapshot for long.  The connection to none
 * is what makes it show in pg_stat_activity.
 *
 * Concurrency: it is one more user of the segment; everything it does is
 * done by backends as well, and waits for nobody's transaction.
 *
 * Failure: when it dies the postmaster starts it again.  A segment without
 * it works: backends evict and settle for themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "base/pg_compat.h"
#include "base/settings.h"
#include "cache/cache_limits.h"
#include "cache/freeze.h"
#include "cache/settle.h"
#include "cache/suspension.h"
#include "segment/index/evict.h"
#include "segment/index/reclaim.h"
#include "segment/check.h"
#include "segment/maps/map_retire.h"
#include "segment/maps/map_table.h"
#include "segment/memory/huge.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/segment.h"
#include "segment/stats/sample.h"
#include "worker/purge_launcher.h"
#include "worker/warm_up_launcher.h"
#include "worker/worker.h"

/* Seconds after which the postmaster starts the worker again. */
#define RESTART_S 1

/* Most of each kind of work in one round, so that a round is short. */
#define SETTLE_PER_SHARD 4096
#define DRAIN_PER_ROUND	 100000
#define SHRINK_PER_ROUND 4096

/* Evictions between two looks at interrupts. */
#define EVICT_BATCH 1000

PGDLLEXPORT void tc_worker_main(Datum arg);

/* Dirty records stop eviction: said once, until it works again. */
static bool blocked = false;

/* Records that can't be evicted, over all maps. */
static int64
dirty_records(void)
{
	int64 dirty = 0;

	for (uint32 map = 0; map < tc_map_entry_count(); map++)
	{
		TcMapUse use;

		if (!tc_map_entry_has_body(map))
			continue;
		tc_map_table_use(map, &use);
		dirty += use.dirty_records;
	}
	return dirty;
}

static void
report_blocked(double used_percent, int64 evicted)
{
	if (blocked)
		return;
	blocked = true;
	ereport(
		LOG,
		(errmsg(
			 "topcache: dirty records keep eviction from reaching the low water mark"),
		 errdetail(
			 "Target is %d%% of the segment, %.1f%% is in use; %lld records were evicted, %lld are dirty.",
			 tc_low_water_percent, used_percent, (long long) evicted,
			 (long long) dirty_records())));
}

/* Evict from above the high water mark to below the low one. */
static void
evict_to_low_water(void)
{
	int low = Min(tc_low_water_percent, tc_high_water_percent);
	int64 evicted = 0;

	if (tc_segment_used_percent() <= low)
		blocked = false;
	if (tc_segment_used_percent() <= tc_high_water_percent)
		return;
	while (tc_segment_used_percent() > low)
	{
		if (!tc_evict_one(TC_ANY_MAP, TC_REMOVED_FOR_WORKER))
		{
			report_blocked(tc_segment_used_percent(), evicted);
			return;
		}
		if (++evicted % EVICT_BATCH == 0)
			CHECK_FOR_INTERRUPTS();
	}
	blocked = false;
}

/* One round of everything. */
static void
make_round(void)
{
	tc_settle_leftovers(SETTLE_PER_SHARD);
	tc_suspension_resume_leftovers();
	tc_freeze_step();
	tc_map_retire_drain(DRAIN_PER_ROUND);
	tc_cache_limits_step();
	tc_sample_adapt();
	tc_huge_step();
	tc_reclaim_shrink_index(SHRINK_PER_ROUND);
	evict_to_low_water();
	tc_purge_launcher_step();
	tc_warm_up_launcher_step();
	tc_check_step();
}

/* The latch is not ours to be set any more. */
static void
worker_exiting(int code, Datum arg)
{
	tc_segment_set_worker_latch(NULL);
}

/* Sleep until the next round is due or somebody calls. */
static void
wait_for_work(uint32 wait_event)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 tc_tick_ms, wait_event);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

void
tc_worker_main(Datum arg)
{
	uint32 wait_event;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	wait_event = tc_wait_event("TopCacheWorkerMain");

	tc_segment_set_worker_latch(MyLatch);
	before_shmem_exit(worker_exiting, (Datum) 0);
	pgstat_report_appname("topcache worker");
	pgstat_report_activity(STATE_IDLE, NULL);

	while (!ShutdownRequestPending)
	{
		make_round();
		wait_for_work(wait_event);
	}

	tc_warm_up_launcher_shutdown();

	/* a worker that returns 0 is not started again */
	proc_exit(1);
}

void
tc_worker_init(void)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress)
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags =
		BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = RESTART_S;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "topcache");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "tc_worker_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "topcache worker");
	snprintf(worker.bgw_type, BGW_MAXLEN, "topcache worker");
	RegisterBackgroundWorker(&worker);
}
