/*-------------------------------------------------------------------------
 *
 * dirty.c
 *	  Tells which records are dirty, for those who settle them.
 *
 * Structure: what is told of goes to the front of its list, so that others
 * have their turn the next time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"

#include "segment/evict/dirty.h"
#include "segment/evict/list.h"
#include "segment/evict/queues_check.h"

int
tc_dirty_list(uint16 map, int number, TcDirty *dirty, int max)
{
	TcSharedShard *shard = &tc_map_body(map)->shard[number];
	int n;

	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	max = Min(max, (int) shard->dirty_records);
	for (n = 0; n < max; n++)
	{
		TcRef ref = shard->dirty_tail;
		TcSharedRecord *rec = tc_record_at(ref);

		dirty[n].hash = rec->hash;
		dirty[n].xmin = rec->xmin;
		dirty[n].ended_by =
			(rec->flags & TC_REC_ENDED) ? rec->ended_by : InvalidTransactionId;
		dirty[n].committed = (rec->flags & TC_REC_COMMITTED) != 0;
		dirty[n].never_evicted = (rec->flags & TC_REC_NEVER_EVICTED) != 0;
		tc_list_remove_locked(&shard->dirty_head, &shard->dirty_tail, ref);
		tc_list_push_locked(&shard->dirty_head, &shard->dirty_tail, ref);
		tc_queues_check_record_locked(ref);
	}
	LWLockRelease(&shard->lock);
	return n;
}
