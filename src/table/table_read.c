/*-------------------------------------------------------------------------
 *
 * table_read.c
 *	  Reads rows by key through the key's index, under a given snapshot.
 *
 * Structure: an index scan that is opened once and positioned for each key.
 * Beside the row it says whether the row is the newest version of its kind
 * and who made it, which is what a fill needs to know.
 *
 * Concurrency: the header of a tuple is looked at under its buffer's lock.
 * What it says may be out of date a moment later; a fill finds that out by
 * the key's write_seq.
 *
 * Failure: errors are those of a SELECT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "executor/tuptable.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "table/row.h"
#include "table/table_read.h"

struct TcTableReader
{
	const TcMap *map;
	MemoryContext context; /* of everything that the scans allocate */
	Relation rel;
	Relation index;
	IndexScanDesc scan;		/* under the caller's snapshot */
	IndexScanDesc any_scan; /* under none, made when needed */
	TupleTableSlot *slot;
	ScanKeyData keys[INDEX_MAX_KEYS];
};

TcTableReader *
tc_table_read_begin(const TcMap *map, Snapshot snapshot, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	TcTableReader *reader = palloc0(sizeof(TcTableReader));

	reader->map = map;
	reader->context = context;
	reader->rel = relation_open(map->relation, NoLock);
	reader->index = index_open(map->key_index.index, AccessShareLock);
	reader->scan = tc_index_beginscan(reader->rel, reader->index, snapshot,
									  map->layout.nkeys);
	reader->slot = table_slot_create(reader->rel, NULL);
	for (int i = 0; i < map->layout.nkeys; i++)
		ScanKeyEntryInitialize(&reader->keys[i], 0, i + 1,
							   BTEqualStrategyNumber,
							   reader->index->rd_opcintype[i],
							   reader->index->rd_indcollation[i],
							   map->key_index.equality[i], (Datum) 0);
	MemoryContextSwitchTo(caller);
	return reader;
}

void
tc_table_read_end(TcTableReader *reader)
{
	index_endscan(reader->scan);
	if (reader->any_scan != NULL)
		index_endscan(reader->any_scan);
	ExecDropSingleTupleTableSlot(reader->slot);
	index_close(reader->index, AccessShareLock);
	relation_close(reader->rel, NoLock);
	pfree(reader);
}

/* Position a scan on a key. */
static void
seek(TcTableReader *reader, IndexScanDesc scan, const Datum *keys)
{
	MemoryContext caller = MemoryContextSwitchTo(reader->context);

	for (int i = 0; i < reader->map->layout.nkeys; i++)
		reader->keys[i].sk_argument = keys[reader->map->key_index.key[i]];
	index_rescan(scan, reader->keys, reader->map->layout.nkeys, NULL, 0);
	MemoryContextSwitchTo(caller);
}

/* Step to the next tuple of a scan, in the reader's own memory. */
static bool
next_tuple(TcTableReader *reader, IndexScanDesc scan)
{
	MemoryContext caller = MemoryContextSwitchTo(reader->context);
	bool found = index_getnext_slot(scan, ForwardScanDirection, reader->slot);

	MemoryContextSwitchTo(caller);
	return found;
}

/* What of a tuple's header decides about keeping it. */
typedef struct TupleFate
{
	uint16 infomask;
	TransactionId xmin;
	TransactionId xmax; /* who updated or deleted it, if anybody */
} TupleFate;

/* Read the header of the tuple in a slot. */
static void
read_fate(TupleTableSlot *slot, TupleFate *fate)
{
	BufferHeapTupleTableSlot *heap_slot = (BufferHeapTupleTableSlot *) slot;
	HeapTupleHeader header;

	slot_getallattrs(slot);
	header = heap_slot->base.tuple->t_data;
	LockBuffer(heap_slot->buffer, BUFFER_LOCK_SHARE);
	fate->infomask = header->t_infomask;
	fate->xmin = HeapTupleHeaderGetXmin(header);
	fate->xmax = HeapTupleHeaderGetRawXmax(header);
	if ((fate->infomask & (HEAP_XMAX_IS_MULTI | HEAP_XMAX_INVALID)) ==
			HEAP_XMAX_IS_MULTI &&
		!HEAP_XMAX_IS_LOCKED_ONLY(fate->infomask))
		fate->xmax = HeapTupleGetUpdateXid(header);
	LockBuffer(heap_slot->buffer, BUFFER_LOCK_UNLOCK);
}

/* Has nobody ended this version, or begun to? */
static bool
is_unended(const TupleFate *fate)
{
	if ((fate->infomask & HEAP_XMAX_INVALID) ||
		HEAP_XMAX_IS_LOCKED_ONLY(fate->infomask))
		return true;
	if (!TransactionIdIsValid(fate->xmax))
		return true;
	if (fate->infomask & HEAP_XMAX_COMMITTED)
		return false;
	return !TransactionIdIsInProgress(fate->xmax) &&
		!TransactionIdDidCommit(fate->xmax);
}

/* Is the commit of a committed transaction safe on disk? */
static bool
is_durable(const TupleFate *fate)
{
	/*
	 * A hint bit is set when the commit record is flushed, or will be before
	 * the page is; after a crash neither the segment nor this row is there.
	 */
	if ((fate->infomask & HEAP_XMIN_COMMITTED) ||
		!TransactionIdIsNormal(fate->xmin))
		return true;
	if (TransactionIdIsCurrentTransactionId(fate->xmin))
		return false;
	return TransactionIdGetCommitLSN(fate->xmin) <= GetFlushRecPtr(NULL);
}

/* The maker of a version, Frozen when no snapshot can be without it. */
static TransactionId
visible_since(Relation rel, TransactionId xid)
{
	if (!TransactionIdIsNormal(xid) || GlobalVisCheckRemovableXid(rel, xid))
		return FrozenTransactionId;
	return xid;
}

void
tc_table_read_take(const TcRowLayout *layout, TupleTableSlot *slot,
				   TcTableRow *row)
{
	slot_getsomeattrs(slot, layout->natts);
	row->row.values = slot->tts_values;
	row->row.nulls = slot->tts_isnull;
	row->expires = tc_row_expires(layout, &row->row);
	row->newest = false;
}

void
tc_table_read_judge(Relation rel, TupleTableSlot *slot, TcTableRow *row)
{
	TupleFate fate;

	read_fate(slot, &fate);
	row->newest = is_unended(&fate) && is_durable(&fate);
	row->xmin = visible_since(rel, fate.xmin);
}

bool
tc_table_read_another(TcTableReader *reader, TcTableRow *row)
{
	if (!next_tuple(reader, reader->scan))
		return false;
	tc_table_read_take(&reader->map->layout, reader->slot, row);
	return true;
}

bool
tc_table_read_key(TcTableReader *reader, const Datum *keys, TcTableRow *row)
{
	seek(reader, reader->scan, keys);
	return tc_table_read_another(reader, row);
}

TupleTableSlot *
tc_table_read_tuple(TcTableReader *reader)
{
	return reader->slot;
}

void
tc_table_read_confirm(TcTableReader *reader, TcTableRow *row)
{
	tc_table_read_judge(reader->rel, reader->slot, row);
}

/*
 * What one version of a row that is not there says about its absence: false
 * when it leaves that open, else *since moves on.
 */
static bool
judge_absent(TcTableReader *reader, const TupleFate *fate, TransactionId *since)
{
	TransactionId ended;

	if (!(fate->infomask & HEAP_XMIN_COMMITTED) &&
		TransactionIdIsNormal(fate->xmin))
	{
		if ((fate->infomask & HEAP_XMIN_INVALID) == HEAP_XMIN_INVALID)
			return true;
		if (TransactionIdIsCurrentTransactionId(fate->xmin) ||
			TransactionIdIsInProgress(fate->xmin))
			return false;
		if (!TransactionIdDidCommit(fate->xmin))
			return true;
	}
	if (fate->infomask & HEAP_XMAX_INVALID ||
		HEAP_XMAX_IS_LOCKED_ONLY(fate->infomask) ||
		!TransactionIdIsValid(fate->xmax) ||
		TransactionIdIsCurrentTransactionId(fate->xmax) ||
		TransactionIdIsInProgress(fate->xmax) ||
		!TransactionIdDidCommit(fate->xmax) ||
		TransactionIdGetCommitLSN(fate->xmax) > GetFlushRecPtr(NULL))
		return false;

	/*
	 * The order of transaction ids is not that of commits, so with two
	 * deletions that some snapshot may not see yet neither is known to be
	 * the last one.
	 */
	ended = visible_since(reader->rel, fate->xmax);
	if (ended == FrozenTransactionId || ended == *since)
		return true;
	if (*since != FrozenTransactionId)
		return false;
	*since = ended;
	return true;
}

/* Make the scan that sees every tuple there is. */
static void
open_any_scan(TcTableReader *reader)
{
	MemoryContext caller;

	if (reader->any_scan != NULL)
		return;
	caller = MemoryContextSwitchTo(reader->context);
	reader->any_scan =
		tc_index_beginscan(reader->rel, reader->index, SnapshotAny,
						   reader->map->layout.nkeys);
	MemoryContextSwitchTo(caller);
}

TransactionId
tc_table_read_absent_since(TcTableReader *reader, const Datum *keys)
{
	/* an index that does not lead to older rows cannot tell of them */
	TransactionId since =
		visible_since(reader->rel, reader->map->key_index.complete_since);

	open_any_scan(reader);
	seek(reader, reader->any_scan, keys);
	while (next_tuple(reader, reader->any_scan))
	{
		TupleFate fate;

		read_fate(reader->slot, &fate);
		if (!judge_absent(reader, &fate, &since))
			return InvalidTransactionId;
	}
	return since;
}
