/*
 * list.h
 *	  A list of a shard, linked through the headers of its records.
 *
 * For files of the segment floor.
 */
#ifndef TC_LIST_H
#define TC_LIST_H

#include "segment/memory/shared.h"

/* For assertions: the lock of the shard that a record belongs to. */
#define tc_shard_lock(ref) \
	(&tc_shard_of(tc_record_at(ref)->map, tc_record_at(ref)->hash)->lock)

/* Put a record in front. */
static inline void
tc_list_push_locked(TcRef *head, TcRef *tail, TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(tc_shard_lock(ref), LW_EXCLUSIVE));
	rec->prev = TC_NO_REF;
	rec->next = *head;
	if (*head != TC_NO_REF)
		tc_record_at(*head)->prev = ref;
	else
		*tail = ref;
	*head = ref;
}

/* Take a record out. */
static inline void
tc_list_remove_locked(TcRef *head, TcRef *tail, TcRef ref)
{
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMeInMode(tc_shard_lock(ref), LW_EXCLUSIVE));
	if (rec->prev != TC_NO_REF)
		tc_record_at(rec->prev)->next = rec->next;
	else
		*head = rec->next;
	if (rec->next != TC_NO_REF)
		tc_record_at(rec->next)->prev = rec->prev;
	else
		*tail = rec->prev;
	rec->prev = rec->next = TC_NO_REF;
}

#endif /* TC_LIST_H */
