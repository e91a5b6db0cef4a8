/*
 * s3fifo.h
 *	  S3-FIFO: what policy.h asks of a policy.
 *
 * For policy.c.
 */
#ifndef TC_S3FIFO_H
#define TC_S3FIFO_H

#include "segment/evict/victim.h"

extern bool tc_s3fifo_has_ghost(void);
extern int tc_s3fifo_insert_locked(TcSharedRecord *rec, uint32 bytes);
extern void tc_s3fifo_inherit_locked(TcSharedRecord *rec,
									 const TcSharedRecord *from);
extern bool tc_s3fifo_access_due(const TcSharedRecord *rec, uint64 now_us);
extern void tc_s3fifo_access_locked(TcSharedShard *shard, TcRef ref,
									uint64 now_us);
extern bool tc_s3fifo_renew_locked(TcSharedShard *shard, TcRef ref,
								   uint64 now_us);
extern TcChoice tc_s3fifo_choose(int map, bool may_spare, TcVictim *victim);
extern void tc_s3fifo_forget_locked(const TcVictim *victim);

#endif /* TC_S3FIFO_H */
