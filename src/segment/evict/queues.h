/*
 * queues.h
 *	  The lists a map's records are on, and what they add up to.
 *
 * For files of the segment floor.
 */
#ifndef TC_QUEUES_H
#define TC_QUEUES_H

#include "segment/evict/victim.h"

/* Prepare the lists of a map's body that has just been made, and is empty. */
extern void tc_queues_create(TcSharedMapBody *body);

/*
 * Put a record on the dirty list, or, when it is clean, into a queue, as the
 * most recent one; take it off again.  Only the newest version of a key is on
 * a list.  Lock the shard; the partition's lock is held exclusively, and a
 * change of the record's bucket is under way: without it an access could put
 * a record back that has just been taken off.
 */
extern void tc_queues_link(TcRef ref, int queue);
extern void tc_queues_unlink(TcRef ref);

/*
 * Move a clean record to the front of a queue, as accessed at that time; the
 * shard is locked.
 */
extern void tc_queues_move_locked(TcSharedShard *shard, TcRef ref, int queue,
								  uint64 access_us);

/* What a change of a key's versions changes in its shard's sums. */
typedef struct TcShardDelta
{
	int records;
	int negative_records;
	int64 bytes;
	int64 cost;
} TcShardDelta;

/*
 * Account for what a change of a key's versions has changed; locks the shard.
 */
extern void tc_queues_account(uint16 map, uint32 hash,
							  const TcShardDelta *delta);

/*
 * Let a list name a record by its new address; locks the shard.  The
 * partition's lock is held exclusively.
 */
extern void tc_queues_relocate(TcRef from, TcRef to);

/* The list whose last record is the oldest of a queue. */
typedef struct TcQueueEnd
{
	uint16 map;
	int shard;
	int queue;
	uint64 last_access; /* of that record; PG_UINT64_MAX: there is none */
} TcQueueEnd;

/*
 * What a queue holds, and where it ends, of one map or of all (TC_ANY_MAP).
 * Hints, read without locks.
 */
extern uint64 tc_queues_bytes(int map, int queue);
extern void tc_queues_oldest(int map, int queue, TcQueueEnd *end);

/*
 * The last record of a list is the victim, unless "spare", called with the
 * shard locked, lets it go on.
 */
extern TcChoice tc_queues_choose(const TcQueueEnd *end,
								 bool (*spare)(TcSharedShard *shard, TcRef ref),
								 TcVictim *victim);

/* Does a map hold no record at all? */
extern bool tc_queues_empty(uint16 map);

#endif /* TC_QUEUES_H */
