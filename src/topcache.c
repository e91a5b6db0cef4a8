/*-------------------------------------------------------------------------
 *
 * topcache.c
 *	  Where the library is loaded.
 *
 * Structure: one call per module.  With shared_preload_libraries the segment
 * is requested and the worker registered; without, the functions work on the
 * tables alone.
 *
 * Concurrency and failure: see the modules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/settings.h"
#include "cache/cache_limits.h"
#include "cache/forget.h"
#include "cache/settle.h"
#include "ddl/ddl.h"
#include "fdw/fdw_plan.h"
#include "plan/cursor.h"
#include "plan/join_batch.h"
#include "plan/record_join_plan.h"
#include "plan/record_scan_plan.h"
#include "segment/startup.h"
#include "sql/get_many_scan.h"
#include "table/map.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	tc_settings_init();
	tc_startup_init();
	tc_map_init();
	tc_settle_init();
	tc_forget_init();
	tc_cache_limits_init();
	tc_ddl_init();
	tc_get_many_scan_init();
	tc_fdw_plan_init();
	tc_record_scan_plan_init();
	tc_record_join_plan_init();
	tc_join_batch_init();
	tc_cursor_init();
	tc_worker_init();
}
