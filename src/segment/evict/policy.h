/*
 * policy.h
 *	  Which record goes when room is needed.
 *
 * For files of the segment floor.
 */
#ifndef TC_POLICY_H
#define TC_POLICY_H

#include "segment/memory/shared.h"

/* Reads that S3-FIFO remembers of a record. */
#define TC_MOST_READS 3

StaticAssertDecl(TC_MOST_READS <= 3, "a record has two bits for it");

/*
 * The queue for a record of so many bytes that becomes clean, or is clean
 * from the start; its shard is locked.
 */
extern int tc_policy_insert_locked(TcSharedRecord *rec, uint32 bytes);

/* A new version takes the place of another one in the eyes of the policy. */
extern void tc_policy_inherit(TcSharedRecord *rec, const TcSharedRecord *from);

/*
 * Would a read of a record change anything?  The header may be a copy that
 * was read without a lock.
 */
extern bool tc_policy_access_due(const TcSharedRecord *rec, uint64 now_us);

/* Note a read of a clean record; its shard is locked. */
extern void tc_policy_access_locked(TcSharedShard *shard, TcRef ref,
									uint64 now_us);

/*
 * A record has had its stamp for too long.  If it may have been read since,
 * it gets a new one and true is returned; its shard is locked.
 */
extern bool tc_policy_renew_locked(TcSharedShard *shard, TcRef ref,
								   uint64 now_us);

#endif /* TC_POLICY_H */
