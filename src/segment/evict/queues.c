/*-------------------------------------------------------------------------
 *
 * queues.c
 *	  Recency and dirty lists.
 *
 * Structure: each map has TC_SHARDS sets of lists, and a record is on one
 * list of the set its hash names: a clean record in one of the two queues,
 * a dirty one on the dirty list.  All are doubly linked through the record
 * headers.  A queue is in the order of last access, and that of its tail is
 * kept apart, where policies compare them: the smallest of all shards of all
 * maps is the oldest of the whole segment, whatever it hashed to.
 *
 * Concurrency: a shard's lists and sums belong to its lock.  A record goes
 * on or off a list only under its partition's lock as well, so holding
 * either lock keeps it where it is, and a record that a list names cannot be
 * freed while the shard's lock is held.  The last access of a tail is written
 * under the shard's lock and read without: an old value makes a policy look at
 * another shard first, and whoever evicts looks again under the lock.
 *
 * Failure: none; nothing here allocates or waits for anything but the lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/evict/list.h"
#include "segment/evict/queues.h"
#include "segment/evict/queues_check.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

void
tc_queues_create(TcSharedMapBody *body)
{
	int tranche = tc_seg.shard_locks[0].lock.tranche;

	for (int i = 0; i < TC_SHARDS; i++)
	{
		for (int q = 0; q < TC_QUEUES; q++)
			pg_atomic_init_u64(&body->tail_access[q][i], PG_UINT64_MAX);
		LWLockInitialize(&body->shard[i].lock, tranche);
	}
}

/* Publish the last access of a queue's tail; the shard is locked. */
static void
publish_tail_locked(uint16 map, uint32 hash, TcSharedShard *shard, int queue)
{
	TcRef tail = shard->queue[queue].tail;
	uint64 last_us = PG_UINT64_MAX;

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	if (tail != TC_NO_REF)
		last_us = tc_record_last_access(tc_record_at(tail));
	pg_atomic_write_u64(
		&tc_map_body(map)->tail_access[queue][tc_shard_number(hash)], last_us);
}

/*
 * The warm-up fills the most recent records first: each comes with a last
 * access before those of the others, and, as a rule, of all that is there.
 */
static void
push_back_locked(TcSharedQueue *queue, TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedRecord *last = tc_record_at(queue->tail);

	Assert(LWLockHeldByMeInMode(tc_shard_lock(ref), LW_EXCLUSIVE));
	tc_record_set_last_access(rec,
							  Min(tc_record_last_access(rec),
								  tc_record_last_access(last)));
	rec->next = TC_NO_REF;
	rec->prev = queue->tail;
	last->next = ref;
	queue->tail = ref;
}

/*
 * A record is accessed, as the first of a queue.  The clock may have been set
 * back, and whoever gives a time may have waited for the lock.
 */
static void
access_first_locked(const TcSharedQueue *queue, TcRef ref, uint64 access_us)
{
	Assert(LWLockHeldByMeInMode(tc_shard_lock(ref), LW_EXCLUSIVE));
	if (queue->head != TC_NO_REF)
		access_us =
			Max(access_us, tc_record_last_access(tc_record_at(queue->head)));
	tc_record_set_last_access(tc_record_at(ref), access_us);
}

/* A queue has lost or got so many bytes. */
static void
account_queue_locked(TcSharedShard *shard, int queue, int64 bytes)
{
	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	shard->queue[queue].bytes += bytes;
	pg_atomic_fetch_add_u64(&tc_seg.head->queue_bytes[queue], bytes);
}

static void
enter_queue_locked(TcSharedShard *shard, TcRef ref, int number)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedQueue *queue = &shard->queue[number];
	bool was_empty = queue->tail == TC_NO_REF;

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	rec->queue = number;
	if (rec->warm && !was_empty)
		push_back_locked(queue, ref);
	else
	{
		if (!rec->warm)
			access_first_locked(queue, ref, tc_segment_clock_us());
		tc_list_push_locked(&queue->head, &queue->tail, ref);
	}
	account_queue_locked(shard, number, tc_record_bytes(ref));
	if (was_empty || rec->warm)
		publish_tail_locked(rec->map, rec->hash, shard, number);
	rec->warm = 0;
}

static void
leave_queue_locked(TcSharedShard *shard, TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedQueue *queue = &shard->queue[rec->queue];
	bool was_tail = queue->tail == ref;

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	tc_list_remove_locked(&queue->head, &queue->tail, ref);
	account_queue_locked(shard, rec->queue, -(int64) tc_record_bytes(ref));

	/* the tail is far away in memory: look at it only when it is new */
	if (was_tail)
		publish_tail_locked(rec->map, rec->hash, shard, rec->queue);
}

void
tc_queues_move_locked(TcSharedShard *shard, TcRef ref, int queue,
					  uint64 access_us)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedQueue *from = &shard->queue[rec->queue];
	TcSharedQueue *to = &shard->queue[queue];
	bool was_tail = from->tail == ref;
	bool was_empty = to->tail == TC_NO_REF;

	Assert(LWLockHeldByMeInMode(&shard->lock, LW_EXCLUSIVE));
	access_first_locked(to, ref, access_us);
	if (to->head != ref)
	{
		tc_list_remove_locked(&from->head, &from->tail, ref);
		tc_list_push_locked(&to->head, &to->tail, ref);
	}
	if (from != to)
	{
		int64 bytes = tc_record_bytes(ref);

		account_queue_locked(shard, rec->queue, -bytes);
		account_queue_locked(shard, queue, bytes);
	}
	if (was_tail)
		publish_tail_locked(rec->map, rec->hash, shard, rec->queue);
	rec->queue = queue;
	if (was_empty)
		publish_tail_locked(rec->map, rec->hash, shard, queue);
	tc_queues_check_record_locked(ref);
	tc_queues_check_ends_locked(rec->map, tc_shard_number(rec->hash));
}

void
tc_queues_link(TcRef ref, int queue)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	if (rec->flags & TC_REC_DIRTY)
	{
		tc_list_push_locked(&shard->dirty_head, &shard->dirty_tail, ref);
		shard->dirty_records++;
	}
	else
		enter_queue_locked(shard, ref, queue);
	tc_queues_check_record_locked(ref);
	tc_queues_check_ends_locked(rec->map, tc_shard_number(rec->hash));
	LWLockRelease(&shard->lock);
}

void
tc_queues_unlink(TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);
	TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	tc_queues_check_record_locked(ref);
	if (rec->flags & TC_REC_DIRTY)
	{
		tc_list_remove_locked(&shard->dirty_head, &shard->dirty_tail, ref);
		shard->dirty_records--;
	}
	else
		leave_queue_locked(shard, ref);
	tc_queues_check_ends_locked(rec->map, tc_shard_number(rec->hash));
	LWLockRelease(&shard->lock);
}

void
tc_queues_account(uint16 map, uint32 hash, const TcShardDelta *delta)
{
	TcSharedShard *shard = tc_shard_of(map, hash);

	Assert(LWLockHeldByMeInMode(tc_partition_lock(hash), LW_EXCLUSIVE));
	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);
	shard->records += delta->records;
	shard->negative_records += delta->negative_records;
	shard->bytes += delta->bytes;
	shard->cost += delta->cost;
	tc_queues_check_ends_locked(map, tc_shard_number(hash));
	LWLockRelease(&shard->lock);
}

void
tc_queues_relocate(TcRef from, TcRef to)
{
	TcSharedRecord *rec = tc_record_at(to);
	TcSharedShard *shard = tc_shard_of(rec->map, rec->hash);
	TcRef *head = &shard->dirty_head;
	TcRef *tail = &shard->dirty_tail;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(rec->hash), LW_EXCLUSIVE));
	LWLockAcquire(&shard->lock, LW_EXCLUSIVE);

	/* an access may have moved it in the list since its header was copied */
	memcpy(rec, tc_record_at(from), sizeof(TcSharedRecord));
	if (!(rec->flags & TC_REC_DIRTY))
	{
		head = &shard->queue[rec->queue].head;
		tail = &shard->queue[rec->queue].tail;
	}
	if (rec->prev != TC_NO_REF)
		tc_record_at(rec->prev)->next = to;
	else
		*head = to;
	if (rec->next != TC_NO_REF)
		tc_record_at(rec->next)->prev = to;
	else
		*tail = to;
	tc_queues_check_record_locked(to);
	tc_queues_check_ends_locked(rec->map, tc_shard_number(rec->hash));
	LWLockRelease(&shard->lock);
}

/* ----- the ends of the queues ----- */

uint64
tc_queues_bytes(int map, int queue)
{
	uint64 bytes = 0;

	if (map == TC_ANY_MAP)
		return pg_atomic_read_u64(&tc_seg.head->queue_bytes[queue]);
	for (int s = 0; s < TC_SHARDS && tc_map_entry_has_body(map); s++)
		bytes += tc_map_body(map)->shard[s].queue[queue].bytes;
	return bytes;
}

void
tc_queues_oldest(int map, int queue, TcQueueEnd *end)
{
	uint32 first = map == TC_ANY_MAP ? 0 : map;
	uint32 last = map == TC_ANY_MAP ? tc_map_entry_count() : map + 1;

	*end = (TcQueueEnd){.queue = queue, .last_access = PG_UINT64_MAX};

	/* an empty queue needs no look at its lists, of which there are many */
	if (tc_queues_bytes(map, queue) == 0)
		return;
	for (uint32 m = first; m < last; m++)
	{
		TcSharedMapBody *body;

		if (!tc_map_entry_has_body(m))
			continue;
		body = tc_map_body(m);
		for (int s = 0; s < TC_SHARDS; s++)
		{
			uint64 tail = pg_atomic_read_u64(&body->tail_access[queue][s]);

			if (tail < end->last_access)
			{
				end->map = m;
				end->shard = s;
				end->last_access = tail;
			}
		}
	}
}

TcChoice
tc_queues_choose(const TcQueueEnd *end,
				 bool (*spare)(TcSharedShard *shard, TcRef ref),
				 TcVictim *victim)
{
	TcSharedShard *shard;
	TcChoice choice = TC_CHOICE_VICTIM;
	TcRef ref;

	if (end->last_access == PG_UINT64_MAX)
		return TC_CHOICE_NONE;
	shard = &tc_map_body(end->map)->shard[end->shard];
	LWLockAcquire(&shard->lock, spare != NULL ? LW_EXCLUSIVE : LW_SHARED);
	ref = shard->queue[end->queue].tail;
	if (ref == TC_NO_REF)
		choice = TC_CHOICE_MISSED;
	else if (spare != NULL && spare(shard, ref))
		choice = TC_CHOICE_SPARED;
	else
	{
		TcSharedRecord *rec = tc_record_at(ref);

		*victim = (TcVictim){.ref = ref,
							 .hash = rec->hash,
							 .last_access = tc_record_last_access(rec),
							 .queue = end->queue};
	}
	LWLockRelease(&shard->lock);
	return choice;
}

bool
tc_queues_empty(uint16 map)
{
	TcSharedMapBody *body = tc_map_body(map);

	for (int i = 0; i < TC_SHARDS; i++)
	{
		TcSharedShard *shard = &body->shard[i];
		bool empty;

		LWLockAcquire(&shard->lock, LW_SHARED);
		empty = shard->records == 0;
		LWLockRelease(&shard->lock);
		if (!empty)
			return false;
	}
	return true;
}
