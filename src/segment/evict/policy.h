/*
 * policy.h
 *	  What an eviction policy does, and the one that topcache.policy names.
 *
 * A policy is a file: lru.c, s3fifo.c.  It gives each function below under
 * its own name, tc_lru_insert_locked() and so on, and has a line in policy.c.
 * It chooses and moves records within the queues; what takes records out of
 * the segment lies above.
 *
 * For files of the segment floor.
 */
#ifndef TC_POLICY_H
#define TC_POLICY_H

#include "segment/evict/victim.h"

/* Does the policy remember what was evicted, in the ghost? */
extern bool tc_policy_has_ghost(void);

/*
 * The queue for a record of so many bytes that becomes clean, or is clean
 * from the start.  It is on no list, and its partition is locked.
 */
extern int tc_policy_insert_locked(TcSharedRecord *rec, uint32 bytes);

/*
 * A new version takes the place of another one in the eyes of the policy; the
 * partition is locked.
 */
extern void tc_policy_inherit_locked(TcSharedRecord *rec,
									 const TcSharedRecord *from);

/*
 * Would an access change anything?  The header may be a copy that was read
 * without a lock.
 */
extern bool tc_policy_access_due(const TcSharedRecord *rec, uint64 now_us);

/* Note an access to a clean record; its shard is locked. */
extern void tc_policy_access_locked(TcSharedShard *shard, TcRef ref,
									uint64 now_us);

/*
 * A record seems idle by its last access.  If it may have been read since,
 * it is accessed now and true is returned; its shard is locked.
 */
extern bool tc_policy_renew_locked(TcSharedShard *shard, TcRef ref,
								   uint64 now_us);

/*
 * Choose the record of a map, or of all (TC_ANY_MAP), that is to be evicted.
 * With may_spare a record that has earned it may be given more time instead.
 * No lock held.
 */
extern TcChoice tc_policy_choose(int map, bool may_spare, TcVictim *victim);

/* A victim is being evicted; its partition is locked. */
extern void tc_policy_forget_locked(const TcVictim *victim);

#endif /* TC_POLICY_H */
