/*-------------------------------------------------------------------------
 *
 * forget.c
 *	  Drops what is cached of a relation or a database.
 *
 * Structure: at once, for a writer, or when the transaction commits that has
 * dropped the object.
 *
 * Failure: after commit nothing can fail.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "cache/forget.h"
#include "segment/maps/map_retire.h"
#include "segment/maps/map_table.h"
#include "segment/memory/segment.h"

void
tc_forget_records(Oid relation)
{
	uint16 number;

	if (tc_segment_ready() &&
		tc_map_table_find(MyDatabaseId, relation, &number))
		tc_map_retire(MyDatabaseId, relation);
}

/* What the transaction has dropped, if it has not undone it. */
static List *dropped_relations = NIL;
static List *dropped_databases = NIL;

/* Is one of the relations a volatile map's? */
static bool dropped_volatile = false;

/* Remember an object to the end of the transaction. */
static void
remember_dropped(List **list, Oid object)
{
	MemoryContext previous = MemoryContextSwitchTo(TopTransactionContext);

	*list = list_append_unique_oid(*list, object);
	MemoryContextSwitchTo(previous);
}

void
tc_forget_relation_at_commit(Oid relation, bool is_volatile)
{
	if (!tc_segment_ready())
		return;
	remember_dropped(&dropped_relations, relation);
	dropped_volatile |= is_volatile;
}

void
tc_forget_database_at_commit(Oid database)
{
	if (tc_segment_ready())
		remember_dropped(&dropped_databases, database);
}

/* Forget relations that are there after all: a savepoint was rolled back. */
static void
keep_existing(void)
{
	ListCell *cell;

	foreach (cell, dropped_relations)
	{
		if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(lfirst_oid(cell))))
			dropped_relations =
				foreach_delete_current (dropped_relations, cell);
	}
}

/* The transaction has committed: what it dropped is gone. */
static void
forget_dropped(void)
{
	ListCell *cell;

	foreach (cell, dropped_relations)
		tc_map_retire_forget(MyDatabaseId, lfirst_oid(cell));
	foreach (cell, dropped_databases)
		tc_map_retire_forget_database(lfirst_oid(cell));
	if (dropped_relations != NIL || dropped_databases != NIL)
		tc_segment_wake_worker();
}

static void
transaction_ended(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			keep_existing();
			return;
		case XACT_EVENT_PRE_PREPARE:
			if (dropped_volatile)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has "
								"dropped a volatile map")));
			return;
		case XACT_EVENT_COMMIT:
			forget_dropped();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			break;
		default:
			return;
	}
	dropped_relations = dropped_databases = NIL;
	dropped_volatile = false;
}

void
tc_forget_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
}
