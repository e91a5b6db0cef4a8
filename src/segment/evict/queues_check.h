/*
 * queues_check.h
 *	  What holds for the lists of a shard, as assertions.
 *
 * Where assertions are off none of this is there.
 */
#ifndef TC_QUEUES_CHECK_H
#define TC_QUEUES_CHECK_H

#include "segment/memory/ref.h"

#ifdef USE_ASSERT_CHECKING

/* A record on one of its shard's lists; the shard is locked. */
extern void tc_queues_check_record_locked(TcRef ref);

/* The ends of the lists of a shard, which is locked, and its sums. */
extern void tc_queues_check_ends_locked(uint16 map, int shard);

/* All lists of a shard, and what they add up to. */
extern void tc_queues_check_shard(uint16 map, int shard);

#else

#define tc_queues_check_record_locked(ref)	((void) 0)
#define tc_queues_check_ends_locked(map, n) ((void) 0)

#endif

#endif /* TC_QUEUES_CHECK_H */
