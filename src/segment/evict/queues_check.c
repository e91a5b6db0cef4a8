/*-------------------------------------------------------------------------
 *
 * queues_check.c
 *	  What holds for the lists of a shard, as assertions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/queues_check.h"
#include "segment/memory/record.h"
#include "segment/memory/shared.h"

#ifdef USE_ASSERT_CHECKING

void
tc_queues_check_record_locked(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);
	bool dirty = (rec->flags & TC_REC_DIRTY) != 0;
	TcRef head = dirty ? shard->dirty_head : shard->queue[rec->queue].head;
	TcRef tail = dirty ? shard->dirty_tail : shard->queue[rec->queue].tail;

	Assert(LWLockHeldByMe(&shard->lock));
	Assert((rec->prev == TC_NO_REF) == (head == ref));
	Assert((rec->next == TC_NO_REF) == (tail == ref));
	if (rec->prev != TC_NO_REF)
	{
		TcSharedRecord *prev = tc_record_at(rec->prev);

		Assert(prev->next == ref);
		Assert(((prev->flags & TC_REC_DIRTY) != 0) == dirty);
		Assert(dirty || prev->queue == rec->queue);
		Assert(dirty ||
			   tc_record_last_access(prev) >= tc_record_last_access(rec));
	}
	if (rec->next != TC_NO_REF)
	{
		TcSharedRecord *next = tc_record_at(rec->next);

		Assert(next->prev == ref);
		Assert(((next->flags & TC_REC_DIRTY) != 0) == dirty);
		Assert(dirty || next->queue == rec->queue);
		Assert(dirty ||
			   tc_record_last_access(next) <= tc_record_last_access(rec));
	}
}

/* A queue's ends, and the last access that is published of its tail. */
static void
check_queue_ends_locked(uint16 map, int number, int queue)
{
	TcSharedMapBody *body = tc_map_body(map);
	TcSharedQueue *list = &body->shard[number].queue[queue];
	uint64 last_us = pg_atomic_read_u64(&body->tail_access[queue][number]);

	Assert(LWLockHeldByMe(&body->shard[number].lock));
	Assert((list->head == TC_NO_REF) == (list->tail == TC_NO_REF));
	Assert((list->head == TC_NO_REF) == (list->bytes == 0));
	if (list->head == TC_NO_REF)
		Assert(last_us == PG_UINT64_MAX);
	else
		Assert(last_us == tc_record_last_access(tc_record_at(list->tail)));
}

void
tc_queues_check_ends_locked(uint16 map, int number)
{
	TcSharedShard *shard = &tc_map_body(map)->shard[number];

	Assert(LWLockHeldByMe(&shard->lock));
	for (int q = 0; q < TC_QUEUES; q++)
		check_queue_ends_locked(map, number, q);
	Assert((shard->dirty_head == TC_NO_REF) == (shard->dirty_records == 0));
	Assert((shard->dirty_tail == TC_NO_REF) == (shard->dirty_records == 0));

	/* each sum is one of what is not negative */
	Assert((int32) shard->records >= 0);
	Assert(shard->negative_records <= shard->records);
	Assert((int64) shard->bytes >= 0 && (int64) shard->cost >= 0);
	Assert(shard->records > 0 || (shard->bytes == 0 && shard->cost == 0));
}

void
tc_queues_check_shard(uint16 map, int number)
{
	TcSharedShard *shard = &tc_map_body(map)->shard[number];
	uint32 dirty = 0;
	TcRef ref;

	LWLockAcquire(&shard->lock, LW_SHARED);
	tc_queues_check_ends_locked(map, number);
	for (ref = shard->dirty_head; ref != TC_NO_REF;
		 ref = tc_record_at(ref)->next)
	{
		tc_queues_check_record_locked(ref);
		Assert(++dirty <= shard->dirty_records);
	}
	Assert(dirty == shard->dirty_records);
	for (int q = 0; q < TC_QUEUES; q++)
	{
		uint64 bytes = 0;

		for (ref = shard->queue[q].head; ref != TC_NO_REF;
			 ref = tc_record_at(ref)->next)
		{
			Assert(tc_record_at(ref)->map == map);
			Assert(tc_shard_number(tc_record_at(ref)->hash) == number);
			tc_queues_check_record_locked(ref);
			bytes += tc_record_bytes(ref);
			Assert(bytes <= shard->queue[q].bytes);
		}
		Assert(bytes == shard->queue[q].bytes);
	}
	LWLockRelease(&shard->lock);
}

#endif /* USE_ASSERT_CHECKING */
