/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  Definition of the settings under "topcache.".
 *
 * Structure: one variable per setting, defined once when the library is
 * loaded.  Units are in the variables' names; PostgreSQL converts whatever
 * unit the user wrote into that one.
 *
 * Concurrency: settings are private to a process.
 *
 * Failure: a value out of range is refused by PostgreSQL itself, with the
 * range in the message.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/plancache.h"

#include "base/settings.h"

int tc_size_mb = 128;
int tc_policy = TC_POLICY_LRU;
int tc_max_maps = 1024;
int tc_max_record_size_kb = 1024;
int tc_high_water_percent = 95;
int tc_low_water_percent = 90;
int tc_tick_ms = 1000;
int tc_recency_resolution_ms = 100;
int tc_max_msgpack_depth = 256;
bool tc_autowarm = true;
int tc_autowarm_interval_s = 300;
bool tc_enabled = true;
bool tc_transparent_scan = true;

static const struct config_enum_entry policies[] = {{"lru", TC_POLICY_LRU,
													 false},
													{"s3fifo", TC_POLICY_S3FIFO,
													 false},
													{NULL, 0, false}};

/*
 * Settings that size the segment.  They exist only where the segment can
 * still be requested: in a library loaded at server start.
 */
static void
define_segment_settings(void)
{
	DefineCustomIntVariable("topcache.size",
							"Size of the shared memory segment.", NULL,
							&tc_size_mb, 128, TC_MIN_SIZE_MB, TC_MAX_SIZE_MB,
							PGC_POSTMASTER, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("topcache.max_maps",
							"Number of maps that can be cached at a time.",
							"Maps beyond it are read from the table.",
							&tc_max_maps, 1024, 1, 32768, PGC_POSTMASTER, 0,
							NULL, NULL, NULL);
	DefineCustomEnumVariable("topcache.policy",
							 "Which record is evicted when space is needed.",
							 "\"lru\": the least recently used one. "
							 "\"s3fifo\": one that was not read again since "
							 "it came, where possible.",
							 &tc_policy, TC_POLICY_LRU, policies,
							 PGC_POSTMASTER, 0, NULL, NULL, NULL);
}

/* Settings that govern which records stay. */
static void
define_residency_settings(void)
{
	DefineCustomIntVariable("topcache.max_record_size",
							"Largest record that is kept in the segment.",
							"Larger ones are read from the table.",
							&tc_max_record_size_kb, 1024, 1, TC_MAX_RECORD_KB,
							PGC_SIGHUP, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("topcache.high_water",
							"Percentage of the segment in use at which the "
							"background worker begins to evict.",
							NULL, &tc_high_water_percent, 95, 1, 100,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("topcache.low_water",
							"Percentage of the segment in use at which the "
							"background worker stops evicting.",
							NULL, &tc_low_water_percent, 90, 0, 100, PGC_SIGHUP,
							0, NULL, NULL, NULL);
	DefineCustomIntVariable("topcache.tick",
							"Time between two rounds of the background "
							"worker.",
							NULL, &tc_tick_ms, 1000, 10, 3600 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("topcache.recency_resolution",
							"Time within which repeated reads of a record "
							"count as one for its place in the eviction "
							"order.",
							"0 makes the order exact.",
							&tc_recency_resolution_ms, 100, 0, 60 * 1000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
}

/* Settings of what is done after a start. */
static void
define_warm_up_settings(void)
{
	DefineCustomBoolVariable("topcache.autowarm",
							 "Loads after a start what was resident before.",
							 "The background worker writes the keys of all "
							 "records to a file for that.",
							 &tc_autowarm, true, PGC_SIGHUP, 0, NULL, NULL,
							 NULL);
	DefineCustomIntVariable("topcache.autowarm_interval",
							"Time between two times that the keys of all "
							"records are written to a file.",
							"0: only when the server is shut down.",
							&tc_autowarm_interval_s, 300, 0, INT_MAX / 1000,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

/* Plans that were made with another value are not used any more. */
static void
forget_plans(bool value, void *extra)
{
	ResetPlanCache();
}

/* Define all settings and reserve the prefix; called once from _PG_init. */
void
tc_settings_init(void)
{
	if (process_shared_preload_libraries_in_progress)
		define_segment_settings();
	define_residency_settings();
	define_warm_up_settings();
	DefineCustomIntVariable("topcache.max_msgpack_depth",
							"Deepest nesting of a document that is encoded "
							"as MessagePack.",
							NULL, &tc_max_msgpack_depth, 256, 1, 4096,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("topcache.enabled",
							 "Answers reads from the cache.",
							 "When off, every read of this session goes to "
							 "the table.",
							 &tc_enabled, true, PGC_USERSET, 0, NULL,
							 forget_plans, NULL);
	DefineCustomBoolVariable("topcache.transparent_scan",
							 "Plans scans of attached tables that read from "
							 "the cache.",
							 NULL, &tc_transparent_scan, true, PGC_USERSET, 0,
							 NULL, forget_plans, NULL);

	/* loaded late, the settings of the segment are unknown but no mistake */
	if (process_shared_preload_libraries_in_progress)
		MarkGUCPrefixReserved("topcache");
}
