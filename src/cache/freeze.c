/*-------------------------------------------------------------------------
 *
 * freeze.c
 *	  Lets no transaction id in the segment grow old.
 *
 * Transaction ids are compared in a circle: one that is two thousand million
 * transactions old would seem to lie in the future.  Long before that, every
 * snapshot there is sees what such a transaction has committed, and the
 * version can say so without naming it, as VACUUM does with tuples.
 *
 * Structure: each time the oldest transaction that any snapshot can miss has
 * moved on by FREEZE_DISTANCE, the worker sweeps over the segment, a part of
 * it in each round.
 *
 * Concurrency: only committed versions are changed whose maker precedes
 * the horizon; for them the new mark and the old id mean the same to every
 * snapshot that is there or will be taken, so a reader may meet either.
 *
 * Failure: a worker that is started again begins a new sweep.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xlog.h"
#include "storage/procarray.h"

#include "cache/freeze.h"
#include "segment/index/walk.h"

/* Transactions between two sweeps; the circle has 2^31 to each side. */
#define FREEZE_DISTANCE 1000000

/* Parts of the segment in one step, about a bucket of the index each. */
#define PARTS_PER_STEP 16384

/* The sweep that is under way, and where it goes. */
static TcWalkFreeze sweep;
static TransactionId horizon = InvalidTransactionId;

/* Where the last one went. */
static TransactionId frozen_before = InvalidTransactionId;

/* Is it time for a sweep that goes to a transaction id? */
static bool
is_due(TransactionId xid)
{
	return !TransactionIdIsValid(frozen_before) ||
		(int32) (xid - frozen_before) >= FREEZE_DISTANCE;
}

void
tc_freeze_step(void)
{
	if (RecoveryInProgress())
		return;
	if (sweep.parts == 0)
	{
		TransactionId oldest = GetOldestNonRemovableTransactionId(NULL);

		if (!is_due(oldest))
			return;
		horizon = oldest;
	}
	if (tc_walk_freeze(&sweep, horizon, PARTS_PER_STEP))
		return;
	frozen_before = horizon;
	memset(&sweep, 0, sizeof(sweep));
}
