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

#include "segment/index/index.h"
#include "segment/index/walk.h"
#include "segment/memory/map_entry.h"
#include "segment/memory/record.h"
#include "segment/memory/segment.h"

#define FIRST_ENTRIES	   64
#define FIRST_BUFFER_BYTES 16384

/* State of copying one class. */
typedef struct Visit
{
	TcWalk *walk;
	const TcMapEntry *slot;
	int entries; /* wanted so far, stored if they fit */
	Size data_bytes;
} Visit;

static void
describe_entry_locked(TcRef ref, TcSharedRecord *rec, TcWalkRecord *entry)
{
	int64 epoch = tc_segment_epoch();

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	entry->map = rec->map;
	entry->generation = pg_atomic_read_u32(&tc_seg.maps[rec->map].generation);
	entry->version.xmin = rec->xmin;
	entry->version.ended_by = InvalidTransactionId;
	entry->version.data_bytes = rec->length_bytes;
	entry->version.cost = rec->cost;
	entry->version.expires = tc_record_expires(ref, rec);
	entry->version.committed = (rec->flags & TC_REC_COMMITTED) != 0;
	entry->version.dirty = (rec->flags & TC_REC_DIRTY) != 0;
	entry->version.negative = (rec->flags & TC_REC_NEGATIVE) != 0;
	entry->version.nulls = (rec->flags & TC_REC_NULLS) != 0;
	entry->hits = rec->hits;
	entry->born = epoch;
	if (!(rec->flags & TC_REC_ENDED))
		entry->born += (int64) rec->born_s * 1000000;

	/* where a clean record has its last access a dirty one has a link */
	entry->last_access = entry->version.dirty
		? entry->born
		: epoch + (int64) tc_record_last_access(rec);
	entry->bytes = 0;
	while (ref != TC_NO_REF)
	{
		entry->bytes += tc_record_bytes(ref);
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
	int number = visit->entries;

	Assert(LWLockHeldByMe(tc_partition_lock(rec->hash)));
	if (visit->slot != NULL &&
		(rec->map != visit->slot->number ||
		 !tc_map_entry_is_current(visit->slot)))
		return;
	visit->entries++;
	visit->data_bytes += MAXALIGN(rec->length_bytes);
	if (visit->entries > walk->capacity ||
		visit->data_bytes > walk->buffer_bytes)
		return;
	describe_entry_locked(ref, rec, &walk->entry[number]);
	walk->entry[number].data = walk->buffer + start;
	tc_record_read(ref, rec, walk->entry[number].data, rec->length_bytes);
}

/* Enlarge the memory of a walk to what one class wanted. */
static void
enlarge(TcWalk *walk, const Visit *visit)
{
	Assert(!tc_segment_holds_lock());
	if (walk->entry != NULL)
	{
		pfree(walk->entry);
		pfree(walk->buffer);
	}
	walk->capacity = Max(visit->entries * 2, FIRST_ENTRIES);
	walk->buffer_bytes = Max(visit->data_bytes * 2, FIRST_BUFFER_BYTES);
	walk->entry = MemoryContextAllocHuge(walk->context,
										 walk->capacity * sizeof(TcWalkRecord));
	walk->buffer = MemoryContextAllocHuge(walk->context, walk->buffer_bytes);
}

/* Copy the next class; false past the last one. */
static bool
load_class(TcWalk *walk, const TcMapEntry *slot)
{
	for (;;)
	{
		Visit visit = {walk, slot, 0, 0};

		if (walk->classes == 0)
			walk->classes = tc_index_classes();
		if (walk->class >= walk->classes)
			return false;
		tc_index_visit_class(walk->class, walk->classes, visit_record_locked,
							 &visit);
		if (visit.entries <= walk->capacity &&
			visit.data_bytes <= walk->buffer_bytes)
		{
			walk->entries = visit.entries;
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
tc_walk_next(TcWalk *walk, const TcMapEntry *slot)
{
	while (walk->position >= walk->entries)
	{
		if (!load_class(walk, slot))
			return NULL;
	}
	return &walk->entry[walk->position++];
}

bool
tc_walk_find(const TcProbe *probe, TcWalkRecord *entry)
{
	LWLock *lock = tc_partition_lock(probe->hash);
	TcIndexPlace place;
	bool found = false;

	LWLockAcquire(lock, LW_SHARED);
	tc_index_begin_locked(&place, probe->hash);
	while (!found && tc_index_next_locked(&place))
	{
		TcSharedRecord *rec = tc_record_at(place.ref);

		found = tc_record_has_key(place.ref, rec, probe);
		if (found)
			describe_entry_locked(place.ref, rec, entry);
	}
	LWLockRelease(lock);
	entry->data = NULL;
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
