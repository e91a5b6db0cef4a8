/*-------------------------------------------------------------------------
 *
 * session.c
 *	  Brings private counts into the segment when a session ends.
 *
 * Structure: the first use of a map registers a callback for the end of the
 * process.
 *
 * Concurrency: the callback runs before the process gives up shared memory.
 *
 * Failure: a session that is killed loses its last counts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"

#include "cache/session.h"
#include "segment/index/lookup.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"

/* The process that has registered its callback; a fork inherits statics. */
static int registered_pid = 0;

static void
session_ends(int code, Datum arg)
{
	if (!tc_segment_ready())
		return;
	tc_counters_flush(true);
	tc_lookup_flush_hits();
}

void
tc_session_begin(void)
{
	if (registered_pid == MyProcPid)
		return;
	registered_pid = MyProcPid;
	before_shmem_exit(session_ends, (Datum) 0);
}
