/*
 * lru.h
 *	  Least recently used: what policy.h asks of a policy.
 *
 * For policy.c.
 */
#ifndef TC_LRU_H
#define TC_LRU_H

#include "segment/evict/victim.h"

extern bool tc_lru_has_ghost(void);
extern int tc_lru_insert_locked(TcSharedRecord *rec, uint32 bytes);
extern void tc_lru_inherit_locked(TcSharedRecord *rec,
								  const TcSharedRecord *from);
extern bool tc_lru_access_due(const TcSharedRecord *rec, uint64 now_us);
extern void tc_lru_access_locked(TcSharedShard *shard, TcRef ref,
								 uint64 now_us);
extern bool tc_lru_renew_locked(TcSharedShard *shard, TcRef ref, uint64 now_us);
extern TcChoice tc_lru_choose(int map, bool may_spare, TcVictim *victim);
extern void tc_lru_forget_locked(const TcVictim *victim);

#endif /* TC_LRU_H */
