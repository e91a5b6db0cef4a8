/*-------------------------------------------------------------------------
 *
 * warm_up_launcher.c
 *	  When what was resident is written down, and loaded again.
 *
 * Structure: after a start, and after a standby has been promoted, one
 * process after the other is started for the databases in the file.  Only
 * when they are done is the file written anew, every
 * topcache.autowarm_interval and when the server is shut down; so a server
 * that is stopped while it warms up begins again with the same file.
 *
 * Concurrency: the background worker alone is here.
 *
 * Failure: where no process can be started it is tried in the next round.  A
 * worker that has died goes on as after a start: what is resident already is
 * passed over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "worker/warm_up_file.h"
#include "worker/warm_up_launcher.h"
#include "worker/warm_up_process.h"

typedef enum Phase
{
	PHASE_START, /* nothing has been done */
	PHASE_LOAD,	 /* databases are loaded */
	PHASE_WRITE	 /* the file is kept up to date */
} Phase;

static Phase phase = PHASE_START;
static List *databases = NIL; /* still to be loaded */
static BackgroundWorkerHandle *under_way = NULL;
static TimestampTz written_at = 0;

/* Find out which databases are in the file. */
static void
read_databases(void)
{
	TcWarmUpFile *file = tc_warm_up_file_open(true);
	MemoryContext previous;
	const TcWarmUpMap *maps;
	int n;

	if (file == NULL)
		return;
	previous = MemoryContextSwitchTo(TopMemoryContext);
	maps = tc_warm_up_file_maps(file, &n);
	for (int i = 0; i < n; i++)
	{
		if (OidIsValid(maps[i].database))
			databases = list_append_unique_oid(databases, maps[i].database);
	}
	MemoryContextSwitchTo(previous);
	tc_warm_up_file_close(file);
}

/* Is a database being loaded? */
static bool
is_under_way(void)
{
	pid_t pid;

	if (under_way == NULL)
		return false;
	if (GetBackgroundWorkerPid(under_way, &pid) != BGWH_STOPPED)
		return true;
	pfree(under_way);
	under_way = NULL;
	return false;
}

/* Load the next database; false when all are done. */
static bool
load_next(void)
{
	MemoryContext previous;

	if (is_under_way())
		return true;
	if (databases == NIL || !tc_warm_keys_may_fill())
		return false;
	previous = MemoryContextSwitchTo(TopMemoryContext);
	under_way = tc_warm_up_process_start(linitial_oid(databases));
	if (under_way != NULL)
		databases = list_delete_first(databases);
	MemoryContextSwitchTo(previous);
	return true;
}

static void
write_file(void)
{
	MemoryContext context =
		AllocSetContextCreate(TopMemoryContext, "topcache warm-up file",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(context);

	(void) tc_warm_up_file_write();
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(context);
	written_at = GetCurrentTimestamp();
}

void
tc_warm_up_launcher_step(void)
{
	if (!tc_autowarm || RecoveryInProgress())
		return;
	if (phase == PHASE_START)
	{
		read_databases();
		phase = PHASE_LOAD;
	}
	if (phase == PHASE_LOAD && !load_next())
	{
		phase = PHASE_WRITE;
		written_at = GetCurrentTimestamp();
	}
	if (phase == PHASE_WRITE && tc_autowarm_interval_s > 0 &&
		TimestampDifferenceExceeds(written_at, GetCurrentTimestamp(),
								   tc_autowarm_interval_s * 1000))
		write_file();
}

void
tc_warm_up_launcher_shutdown(void)
{
	if (tc_autowarm && phase == PHASE_WRITE && !RecoveryInProgress())
		write_file();
}
