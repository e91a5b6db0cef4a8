/*
 * queues.h
 *	  The lists a map's records are on, and what they add up to.
 *
 * For files of the segment floor.
 */
#ifndef TC_QUEUES_H
#define TC_QUEUES_H

#include "segment/memory/shared.h"

/* Prepare the lists of a map's body that has just been made. */
extern void tc_queues_create(TcSharedMapBody *body);

/*
 * Put a record on the list its flags name, as the most recent one; take it
 * off again.  Only the newest version of a key is on a list.  Lock the
 * shard; the partition's lock is held exclusively, and a change of the
 * record's bucket is under way: without it a touch could put a record back
 * that has just been taken off.
 */
extern void tc_queues_link(TcRef ref);
extern void tc_queues_unlink(TcRef ref);

/*
 * Move a clean record to the front of a queue, with a new stamp; the shard is
 * locked.
 */
extern void tc_queues_move_locked(TcSharedShard *shard, TcRef ref, int queue,
								  uint64 stamp_us);

/*
 * Account for what a change of a key's versions has changed; locks the shard.
 */
extern void tc_queues_account(uint16 map, uint32 hash,
							  const TcSharedDelta *delta);

/*
 * Let a list name a record by its new address; locks the shard.  The
 * partition's lock is held exclusively.
 */
extern void tc_queues_relocate(TcRef from, TcRef to);

/* Does a map hold no record at all? */
extern bool tc_queues_empty(uint16 map);

#endif /* TC_QUEUES_H */
