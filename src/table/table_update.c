/*-------------------------------------------------------------------------
 *
 * table_update.c
 *	  Puts a value into a row that is there, without a statement.
 *
 * Structure: the row is found through the key's index, and the tuple with
 * the new value takes its place, by the same functions of the table access
 * method and of the executor that an UPDATE calls.  What an executor would do
 * around them, a plain table does not need: there are no triggers but ours,
 * no constraints, rules, policies or defaults, and no columns of which the
 * map knows nothing (plain_table.c).  Parsing, planning and the start of an
 * executor are a fifth of what a put takes.
 *
 * Why it is what the statement does: it does the statement's work in the one
 * case in which nothing is left to decide, and leaves all others to it.  The
 * snapshot is taken as for a statement, after what the transaction has done
 * so far has become visible.  A row that it sees, and that nobody has
 * replaced, deleted or locked against us until the tuple is written (TM_Ok,
 * told under the buffer's lock), is the one that the statement would find to
 * be in conflict, at every isolation level below SERIALIZABLE; what an INSERT
 * before the conflict would check is checked here, or is not there in a plain
 * table.  No row, one that the snapshot does not see, one that has expired (a
 * put of it is new, which the trigger tells), or one that another transaction
 * has changed while we waited: nothing has been done, and the statement
 * finds out what comes of it, or raises its error.
 *
 * Concurrency: RowExclusiveLock is taken before the map is looked at for the
 * last time, so that the table is as plain when it is written to as it was
 * found to be: whoever makes a trigger, constraint, rule or policy waits for
 * us or has been seen.  Publications wait for nobody; what the relation's
 * cache entry says of them decides, as it does for a statement.
 *
 * The row is written before its caller tells the cache, as a statement writes
 * it before the trigger does.  Who reads in between finds the old version in
 * the cache, which is the one he sees, or in the heap, where it is being
 * ended: a fill keeps nothing of it (versions.c).
 *
 * The only code of others that runs between the row and the caller's news of
 * it to the cache is that of functions in index expressions.  Should one of
 * them write, although it must not, it has made a command of its own; the row
 * is not called the newest then.
 *
 * Failure: errors are those of an UPDATE, and like them undone by the
 * (sub)transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_publication.h"
#include "executor/executor.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/pg_compat.h"
#include "table/privileges.h"
#include "table/table_read.h"
#include "table/table_update.h"

/* Would a statement of this transaction do no more about a plain table? */
static bool
is_transaction_plain(void)
{
	return !XactReadOnly && !IsInParallelMode() && !IsolationIsSerializable() &&
		ExecutorCheckPerms_hook == NULL;
}

/* If updates are published, can subscribers find the row? */
static bool
is_publishable(Relation rel)
{
	PublicationDesc desc;

	RelationBuildPublicationDesc(rel, &desc);
	return !desc.pubactions.pubupdate ||
		(desc.rf_valid_for_update && desc.cols_valid_for_update &&
		 (rel->rd_rel->relreplident == REPLICA_IDENTITY_FULL ||
		  OidIsValid(RelationGetReplicaIndex(rel))));
}

/* Would a column be NULL that must not be? */
static bool
lacks_column(Relation rel, const TcRowLayout *layout, const TcRow *row)
{
	for (AttrNumber number = 1; number <= layout->natts; number++)
	{
		/* a constraint that old rows need not satisfy as yet holds for new */
		if (row->nulls[number - 1] &&
			TupleDescAttr(RelationGetDescr(rel), number - 1)->attnotnull)
			return true;
	}
	return false;
}

/*
 * A tuple like an old one, but with another value and time of expiry.  Points
 * into both.
 */
static TupleTableSlot *
make_tuple(Relation rel, const TcRowLayout *layout, TupleTableSlot *old,
		   const TcRow *row)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	int natts = slot->tts_tupleDescriptor->natts;

	memset(slot->tts_isnull, true, natts * sizeof(bool));
	memcpy(slot->tts_values, row->values, layout->natts * sizeof(Datum));
	memcpy(slot->tts_isnull, row->nulls, layout->natts * sizeof(bool));

	/* the same key, also where it is compressed: no index has to change */
	for (int i = 0; i < layout->nkeys; i++)
	{
		int att = layout->keys[i].number - 1;

		slot->tts_values[att] = old->tts_values[att];
	}
	return ExecStoreVirtualTuple(slot);
}

/*
 * Make index entries for a new tuple.  With no range table to tell otherwise,
 * an index is told that its columns have not changed, which is no more than a
 * hint to look for old versions before it splits a page.
 */
static void
insert_index_tuples(Relation rel, TupleTableSlot *slot, tc_update_indexes which)
{
	EState *state = CreateExecutorState();
	MemoryContext caller = MemoryContextSwitchTo(state->es_query_cxt);
	ResultRelInfo *info = makeNode(ResultRelInfo);

	InitResultRelInfo(info, rel, 0, NULL, 0);
	ExecOpenIndices(info, false);
	tc_insert_index_tuples(info, slot, state, which);
	ExecCloseIndices(info);
	MemoryContextSwitchTo(caller);
	FreeExecutorState(state);
}

/* Write a tuple in place of the one in a slot; false if it has changed. */
static bool
replace_tuple(Relation rel, TupleTableSlot *old, TupleTableSlot *slot,
			  CommandId command)
{
	TM_FailureData failure;
	LockTupleMode lock;
	tc_update_indexes which;

	if (table_tuple_update(rel, &old->tts_tid, slot, command,
						   GetActiveSnapshot(), InvalidSnapshot, true, &failure,
						   &lock, &which) != TM_Ok)
		return false;
	if (tc_any_index(which))
		insert_index_tuples(rel, slot, which);
	return true;
}

/* Find the row of a key and replace it. */
static bool
update_row(const TcMap *map, Relation rel, const Datum *keys, const TcRow *row,
		   bool *newest)
{
	TcTableReader *reader =
		tc_table_read_begin(map, GetActiveSnapshot(), CurrentMemoryContext);
	TcTableRow old;
	bool done = false;

	if (tc_table_read_key(reader, keys, &old) &&
		old.expires > GetCurrentStatementStartTimestamp())
	{
		CommandId command = GetCurrentCommandId(true);
		TupleTableSlot *slot =
			make_tuple(rel, &map->layout, tc_table_read_tuple(reader), row);

		done = replace_tuple(rel, tc_table_read_tuple(reader), slot, command);
		*newest = command == GetCurrentCommandId(false);
		ExecDropSingleTupleTableSlot(slot);
	}
	tc_table_read_end(reader);
	return done;
}

bool
tc_table_update(TcMap *map, const Datum *keys, const TcRow *new_row,
				bool *newest)
{
	Relation rel;
	bool done = false;

	if (!is_transaction_plain())
		return false;
	LockRelationOid(map->relation, RowExclusiveLock);
	if (tc_map_lookup(map->relation) != map || !tc_privileges_may_put(map))
		return false;
	rel = relation_open(map->relation, NoLock);

	/* as around a statement: see what was done before, and be seen after */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (tc_key_index_complete(&map->key_index) &&
		!lacks_column(rel, &map->layout, new_row) && is_publishable(rel))
		done = update_row(map, rel, keys, new_row, newest);
	PopActiveSnapshot();
	relation_close(rel, NoLock);
	CommandCounterIncrement();
	return done;
}
