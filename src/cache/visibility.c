/*-------------------------------------------------------------------------
 *
 * visibility.c
 *	  Decides which versions of a record a reader sees.
 *
 * Structure: a version is ended by the next newer one, so only its maker has
 * to be judged: the first version from the newest that is visible is the
 * answer.
 *
 * Concurrency: the order of the questions is PostgreSQL's own.  A snapshot
 * that still holds a transaction for running must not see its versions even
 * though the commit log calls it committed; so the snapshot is asked first.
 * For the fate outside of any snapshot, whether a transaction is running is
 * asked before whether it committed, since a transaction enters the commit
 * log before it leaves the list of the running ones.
 *
 * Failure: an xid that the commit log no longer knows is not asked about;
 * its version counts as not visible, and the read falls back to the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "storage/procarray.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "cache/visibility.h"
#include "segment/memory/segment.h"

/* Can the commit log still be asked about a transaction? */
static inline bool
in_commit_log(TransactionId xid)
{
	return !TransactionIdPrecedes(xid, tc_oldest_clog_xid());
}

bool
tc_visibility_sees(const TcVersion *version, Snapshot snapshot)
{
	TransactionId xid = version->xmin;

	Assert(!tc_segment_holds_lock());
	if (!TransactionIdIsNormal(xid))
		return xid == FrozenTransactionId;
	if (XidInMVCCSnapshot(xid, snapshot))
		return false;
	if (version->committed)
		return true;
	return in_commit_log(xid) && TransactionIdDidCommit(xid);
}

/* Has a transaction done its work, for us? */
static bool
took_effect(TransactionId xid)
{
	Assert(!tc_segment_holds_lock());
	if (TransactionIdIsCurrentTransactionId(xid))
		return true;
	if (TransactionIdIsInProgress(xid))
		return false;
	return in_commit_log(xid) && TransactionIdDidCommit(xid);
}

bool
tc_visibility_current(const TcVersion *version)
{
	return version->committed || took_effect(version->xmin);
}

bool
tc_visibility_ended(const TcVersion *version)
{
	return TransactionIdIsValid(version->ended_by) &&
		took_effect(version->ended_by);
}

TcFate
tc_visibility_fate(TransactionId xid)
{
	Assert(!tc_segment_holds_lock());
	if (!TransactionIdIsNormal(xid))
		return TC_FATE_DURABLE;
	if (TransactionIdIsInProgress(xid))
		return TC_FATE_RUNNING;
	if (!in_commit_log(xid) || !TransactionIdDidCommit(xid))
		return TC_FATE_ABORTED;
	return TransactionIdGetCommitLSN(xid) <= GetFlushRecPtr(NULL)
		? TC_FATE_DURABLE
		: TC_FATE_COMMITTED;
}
