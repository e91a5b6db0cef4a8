/*-------------------------------------------------------------------------
 *
 * bulk.c
 *	  Notices statements that read in bulk.
 *
 * Structure: a statement reads a map in bulk when it fills records and finds
 * hardly any: it has filled more than one part in BULK_SHARE of the segment,
 * where what it finds is taken off HIT_WEIGHT times.  That is what hydrating,
 * reading a table through and a large nested loop over cold keys look like,
 * and an application that gets a key now and then does not.  What a reader
 * in bulk fills from then on is for the policy to put where it does least
 * harm; up to there it is treated like any other.
 *
 * With topcache.recency_resolution = 0 the order of eviction is exact,
 * whoever reads, so nothing is noticed then.
 *
 * Concurrency: all of it is private to a backend.  The workers of a parallel
 * statement are readers of their own.
 *
 * Failure: two maps that share a place in the table make each other begin
 * anew, and are found out later or not at all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "base/settings.h"
#include "segment/evict/bulk.h"
#include "segment/memory/shared.h"

/* Part of the segment that a statement fills as it likes. */
#define BULK_SHARE 64

/* Bytes filled that one byte found makes up for. */
#define HIT_WEIGHT 8

/* Maps that are watched at the same time; a power of two. */
#define WATCHED_MAPS 16
StaticAssertDecl((WATCHED_MAPS & (WATCHED_MAPS - 1)) == 0,
				 "it is a power of two");

/* What the statement at hand has filled of a map. */
typedef struct Run
{
	TimestampTz statement; /* its start, which is its name */
	int64 filled_bytes;
	uint16 map;
} Run;

static Run runs[WATCHED_MAPS];

static inline Run *
run_of(const TcMapEntry *entry)
{
	return &runs[entry->number % WATCHED_MAPS];
}

/* Has a statement filled so much that it is one that reads in bulk? */
static inline bool
is_bulk(const Run *run)
{
	return run->filled_bytes > tc_seg.head->size_bytes / BULK_SHARE;
}

bool
tc_bulk_fill(const TcMapEntry *entry, uint32 bytes)
{
	Run *run = run_of(entry);
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	if (tc_recency_resolution_ms == 0)
		return false;
	if (run->map != entry->number || run->statement != statement)
	{
		run->map = entry->number;
		run->statement = statement;
		run->filled_bytes = 0;
	}
	run->filled_bytes += bytes;
	return is_bulk(run);
}

bool
tc_bulk_reading(const TcMapEntry *entry)
{
	Run *run = run_of(entry);

	return run->map == entry->number &&
		run->statement == GetCurrentStatementStartTimestamp() && is_bulk(run);
}

void
tc_bulk_hit(const TcMapEntry *entry, uint32 bytes)
{
	Run *run = run_of(entry);

	if (run->filled_bytes > 0 && run->map == entry->number)
		run->filled_bytes =
			Max(0, run->filled_bytes - (int64) bytes * HIT_WEIGHT);
}
