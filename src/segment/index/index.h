/*
 * index.h
 *	  The index of the segment: from the hash of a key to its record.
 *
 * For files of the segment floor.
 */
#ifndef TC_INDEX_H
#define TC_INDEX_H

#include "segment/index/bucket.h"

/* A place in the index, found under the partition's lock. */
typedef struct TcIndexPlace
{
	uint32 hash;
	TcSharedBucket *first; /* carries the sequence number */
	TcSharedBucketEntries *entries;
	int nentries;
	int entry;
	TcRef ref; /* what the entry holds */
} TcIndexPlace;

/* Set up the index of a new segment. */
extern void tc_index_create(void);

/*
 * Step through the records with a hash; the partition's lock is held.
 * begin places the cursor before the first, next moves to the next one.
 */
extern void tc_index_begin_locked(TcIndexPlace *place, uint32 hash);
extern bool tc_index_next_locked(TcIndexPlace *place);

/* The entry that holds a ref; the partition's lock is held. */
extern bool tc_index_find_ref_locked(TcIndexPlace *place, uint32 hash,
									 TcRef ref);

/*
 * Add, exchange, take out; within a change, partition locked exclusively.
 * insert returns false when there was no memory for an overflow bucket.
 */
extern bool tc_index_insert_locked(uint32 hash, TcRef ref);
extern void tc_index_exchange_locked(TcIndexPlace *place, TcRef ref);
extern void tc_index_remove_locked(TcIndexPlace *place);

/*
 * Visiting all records: they fall into classes by their hashes, whose number
 * stays what it was when it was asked for.  visit is called for each record
 * of a class under its partition's lock, shared; so each record is visited
 * once, however the table grows and shrinks meanwhile.
 */
extern uint32 tc_index_classes(void);
extern void tc_index_visit_class(uint32 class, uint32 classes,
								 void (*visit)(TcRef ref, void *arg),
								 void *arg);

#endif /* TC_INDEX_H */
