/*-------------------------------------------------------------------------
 *
 * walk.c
 *	  Goes through the records of the segment, a few at a time.
 *
 * Structure: records fall into classes by their hashes, about one per bucket
 * of the index.  Those of one class are copied under its partition's shared
 * lock into memory that was allocated before; where it does not suffice it
 * is enlarged without the lock and the class copied again.
 *
 * Freezing goes the same way, and changes a version's maker in place: the
 * partition's lock keeps those away that change versions, and to readers
 * without a lock either value means the same (see cache/freeze.c).
 *
 * Concurrency: a class lies in one partition whatever the index does
 * meanwhile, so each record is met once.  Writers of one partition in 128
 * wait for the copying of one class, readers for nothing.
 *
 * Failure: out of memory is raised between classes, without a lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"

#include "segment/index/chain.h"
#include "segment/index/walk.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

#define FIRST_RECORDS	   64
#define FIRST_BUFFER_BYTES 16384

/* State of copying one class. */
typedef struct Visit
{
	TcWalk *walk;
	const TcMapEntry *map;
	int records; /* wanted so far, stored if they fit */
	Size data_bytes;
} Visit;

static void
describe_record_locked(TcRef ref, TcSharedRecord *rec, TcWalkRecord *record)
{
	int64 epoch = tc_segment_epoch();

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	record->map = rec->map;
	record->generation = pg_atomic_read_u32(&tc_seg.maps[rec->map].generation);
	tc_record_describe(ref, rec, &record->version);
	record->hits = rec->hits;
	record->born = epoch;
	if (!(rec->flags & TC_REC_ENDED))
		record->born += (int64) rec->born_s * 1000000;

	/* where a clean record has its last access a dirty one has a link */
	record->last_access = record->version.dirty
		? record->born
		: epoch + (int64) tc_record_last_access(rec);
	record->bytes = 0;
	while (ref != TC_NO_REF)
	{
		record->bytes += tc_record_bytes(ref);
		ref = tc_record_older(tc_record_at(ref));
	}
}

/* Copy one record, as far as there is memory for it. */
static void
visit_record_locked(TcRef ref, void *arg)
{
	Visit *visit = arg;
	TcWalk *walk = visit->walk;
	TcSharedRecord *rec = tc_record_at(ref);
	Size start = visit->data_bytes;
	int number = visit->records;

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	if (visit->map != NULL &&
		(rec->map != visit->map->number ||
		 !tc_map_entry_is_current(visit->map)))
		return;
	visit->records++;
	visit->data_bytes += MAXALIGN(rec->length_bytes);
	if (visit->records > walk->capacity ||
		visit->data_bytes > walk->buffer_bytes)
		return;
	describe_record_locked(ref, rec, &walk->record[number]);
	walk->record[number].data = walk->buffer + start;
	tc_record_read(ref, rec, walk->record[number].data, rec->length_bytes);
}

/* Enlarge the memory of a walk to what one class wanted. */
static void
enlarge(TcWalk *walk, const Visit *visit)
{
	Assert(!tc_segment_holds_lock());
	if (walk->record != NULL)
	{
		pfree(walk->record);
		pfree(walk->buffer);
	}
	walk->capacity = Max(visit->records * 2, FIRST_RECORDS);
	walk->buffer_bytes = Max(visit->data_bytes * 2, FIRST_BUFFER_BYTES);
	walk->record =
		MemoryContextAllocHuge(walk->context,
							   walk->capacity * sizeof(TcWalkRecord));
	walk->buffer = MemoryContextAllocHuge(walk->context, walk->buffer_bytes);
}

/* Copy the next class; false past the last one. */
static bool
load_class(TcWalk *walk, const TcMapEntry *map)
{
	for (;;)
	{
		Visit visit = {walk, map, 0, 0};

		if (walk->classes == 0)
			walk->classes = tc_index_classes();
		if (walk->class >= walk->classes)
			return false;
		tc_index_visit_class(walk->class, walk->classes, visit_record_locked,
							 &visit);
		if (visit.records <= walk->capacity &&
			visit.data_bytes <= walk->buffer_bytes)
		{
			walk->records = visit.records;
			walk->position = 0;
			walk->class ++;
			return true;
		}
		enlarge(walk, &visit);
	}
}

void
tc_walk_init(TcWalk *walk, MemoryContext context)
{
	memset(walk, 0, sizeof(TcWalk));
	walk->context = context;
}

const TcWalkRecord *
tc_walk_next(TcWalk *walk, const TcMapEntry *map)
{
	while (walk->position >= walk->records)
	{
		if (!load_class(walk, map))
			return NULL;
	}
	return &walk->record[walk->position++];
}

bool
tc_walk_find(const TcProbe *probe, TcWalkRecord *record)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;
	bool found;

	LWLockAcquire(lock, LW_SHARED);
	found = tc_chain_find_locked(&place, probe);
	if (found)
		describe_record_locked(place.ref, tc_record_at(place.ref), record);
	LWLockRelease(lock);
	record->data = NULL;
	return found;
}

/* ----- freezing ----- */

/* Freeze the newest version of a record, if it is old enough. */
static void
freeze_record_locked(TcRef ref, void *arg)
{
	TransactionId horizon = *(TransactionId *) arg;
	TcSharedRecord *rec = tc_record_at(ref);

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	if ((rec->flags & TC_REC_COMMITTED) && TransactionIdIsNormal(rec->xmin) &&
		TransactionIdPrecedes(rec->xmin, horizon))
		rec->xmin = FrozenTransactionId;
}

bool
tc_walk_freeze(TcWalkFreeze *sweep, TransactionId horizon, uint32 max)
{
	if (sweep->parts == 0)
		sweep->parts = tc_index_classes();
	for (uint32 n = 0; n < max && sweep->part < sweep->parts; n++)
		tc_index_visit_class(sweep->part++, sweep->parts, freeze_record_locked,
							 &horizon);
	return sweep->part < sweep->parts;
}
