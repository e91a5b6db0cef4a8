/*-------------------------------------------------------------------------
 *
 * sql_advise.c
 *	  The SQL function that tells what other sizes of the segment would do.
 *
 * Structure: the reads that were noted become a curve (miss_curve.c), which
 * is read at sizes around the one that is set.
 *
 * Concurrency: works on a copy of what was noted.
 *
 * Failure: where hardly any reads were noted, nothing is told.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "base/pg_compat.h"
#include "base/settings.h"
#include "cache/binding.h"
#include "segment/memory/segment.h"
#include "segment/startup.h"
#include "sql/miss_curve.h"

TC_FUNCTION(topcache_advise);

/* Header of a record, rounding of what it takes, and its place in the index. */
#define RECORD_BYTES 52

/* Reads that have to be noted for an estimate. */
#define MIN_NOTED 50

/* Sizes told: so many times the one that is set, in steps of a half power. */
#define TIMES_LOG2 4

#define MEGABYTE (1024.0 * 1024.0)

/* Bytes of records that stay in a segment of some size, on average. */
static double
resident_bytes(uint64 size_bytes)
{
	double percent = (tc_high_water_percent +
					  Min(tc_low_water_percent, tc_high_water_percent)) /
		2.0;

	return tc_startup_arena_bytes(size_bytes) * percent / 100;
}

/* Tell sizes up to one that holds everything. */
static void
put_sizes(ReturnSetInfo *result, const TcMissCurve *curve)
{
	Datum columns[3] = {[2] = Int64GetDatum((int64) curve->reads)};
	bool nulls[3] = {0};

	for (int step = -2 * TIMES_LOG2; step <= 2 * TIMES_LOG2; step++)
	{
		double size_mb = rint(tc_size_mb * pow(2, step / 2.0));
		uint64 size_bytes = (uint64) (size_mb * MEGABYTE);

		if (size_mb < TC_MIN_SIZE_MB || size_mb > TC_MAX_SIZE_MB ||
			tc_startup_arena_bytes(size_bytes) == 0)
			continue;
		columns[0] = Int64GetDatum(size_bytes);
		columns[1] = Float8GetDatum(
			tc_miss_curve_hit_ratio(curve, resident_bytes(size_bytes)));
		tuplestore_putvalues(result->setResult, result->setDesc, columns,
							 nulls);
		if (resident_bytes(size_bytes) >= curve->distinct && step >= 0)
			break;
	}
}

/* advise(relation) */
Datum
topcache_advise(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TcMissCurveReads reads = {.map = TC_MISS_CURVE_ALL_MAPS,
							  .record_bytes = RECORD_BYTES};
	TcMissCurve curve;

	tc_segment_require();
	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
	{
		TcMap *map = tc_map_require(PG_GETARG_OID(0));

		if (!tc_binding_acquire(map))
			return (Datum) 0;
		reads.map = tc_binding_entry(map)->number;
	}
	reads.samples = tc_sample_take(&reads.n, &reads.one_in);
	reads.cache_bytes = resident_bytes((uint64) (tc_size_mb * MEGABYTE));
	tc_miss_curve_make(&curve, &reads);
	if (curve.noted >= MIN_NOTED)
		put_sizes(result, &curve);
	return (Datum) 0;
}
