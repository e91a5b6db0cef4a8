/*-------------------------------------------------------------------------
 *
 * purge_launcher.c
 *	  Decides which database is next to have its expired rows deleted.
 *
 * Structure: the background worker is connected to no database.  It keeps a
 * list of all of them, and starts a process for one that is due, one at a
 * time.  A database is due
 *
 *	  - when a row of a cached map expires: writers note the earliest time;
 *	  - a minute after the last look, if it had tables whose rows expire: for
 *		rows that nobody has noted;
 *	  - when it has not been looked at since the worker was started, and from
 *		then on every hour if there was nothing to look after: for tables
 *		that came with their rows from a dump and are not used yet.
 *
 * Concurrency: the list is private.  What the process found it leaves in
 * shared memory with the database that it is about.
 *
 * Failure: where no process can be started, or one ends before it has looked
 * through all, the database's turn comes again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "segment/maps/map_table.h"
#include "segment/maps/row_expiry.h"
#include "segment/memory/map_entry.h"
#include "worker/purge_launcher.h"
#include "worker/purge_process.h"

/* Time between two looks at a database with and without such tables. */
#define LOOK_US		 USECS_PER_MINUTE
#define LONG_LOOK_US USECS_PER_HOUR

/* Time between two looks at the list of databases. */
#define LIST_US USECS_PER_MINUTE

/* Rounds of the worker between two processes for one database. */
#define PAUSE_TICKS 10

typedef struct KnownDatabase
{
	Oid database;
	TimestampTz due;
	TimestampTz not_before;
	bool listed; /* it is still there */
} KnownDatabase;

static List *known = NIL;
static TimestampTz next_list = 0;
static TimestampTz last_list = 0;

/* The process that is under way, and what it looks after. */
static BackgroundWorkerHandle *under_way = NULL;
static Oid under_way_for = InvalidOid;

/* No process could be started: said once, until it works again. */
static bool refused = false;

static TimestampTz
after_pause(TimestampTz now)
{
	return now + (int64) tc_tick_ms * PAUSE_TICKS * 1000;
}

/* ----- the list ----- */

static KnownDatabase *
know(Oid database)
{
	MemoryContext previous;
	KnownDatabase *entry;
	ListCell *cell;

	foreach (cell, known)
	{
		entry = lfirst(cell);
		if (entry->database == database)
			return entry;
	}
	previous = MemoryContextSwitchTo(TopMemoryContext);
	entry = palloc0(sizeof(KnownDatabase));
	entry->database = database;
	known = lappend(known, entry);
	MemoryContextSwitchTo(previous);
	return entry;
}

/* Enter what the catalog has. */
static void
read_databases(void)
{
	Relation rel;
	TableScanDesc scan;
	HeapTuple tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);

		/* below -1 the limit says that the database is half dropped */
		if (form->datallowconn && form->datconnlimit >= -1)
			know(form->oid)->listed = true;
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
}

static void
list_databases(TimestampTz now)
{
	ListCell *cell;

	last_list = now;
	next_list = now + LIST_US;
	foreach (cell, known)
		((KnownDatabase *) lfirst(cell))->listed = false;
	read_databases();
	foreach (cell, known)
	{
		KnownDatabase *entry = lfirst(cell);

		if (entry->listed)
			continue;
		known = foreach_delete_current (known, cell);
		pfree(entry);
	}
}

/* ----- who is next ----- */

/* Databases with rows that are known to have expired are due. */
static void
look_at_notes(TimestampTz now)
{
	bool unlisted = false;

	for (uint32 map = 0; map < tc_map_entry_count(); map++)
	{
		TcMapIdentity identity;

		if (tc_row_expiry_noted(map) <= now &&
			tc_map_table_identity(map, &identity))
		{
			KnownDatabase *entry = know(identity.database);

			entry->due = Min(entry->due, now);
			unlisted |= !entry->listed;
		}
	}

	/* a database that is new, or that nobody can connect to */
	if (unlisted && after_pause(last_list) <= now)
		list_databases(now);
}

/* The database that has been due for longest, or NULL. */
static KnownDatabase *
next_due(TimestampTz now)
{
	KnownDatabase *next = NULL;
	ListCell *cell;

	foreach (cell, known)
	{
		KnownDatabase *entry = lfirst(cell);

		if (entry->listed && entry->due <= now && entry->not_before <= now &&
			(next == NULL || entry->due < next->due))
			next = entry;
	}
	return next;
}

/* ----- processes ----- */

static void
start_for(KnownDatabase *entry, TimestampTz now)
{
	MemoryContext previous = MemoryContextSwitchTo(TopMemoryContext);

	tc_row_expiry_report(InvalidOid, false, false);
	under_way = tc_purge_process_start(entry->database);
	under_way_for = entry->database;
	MemoryContextSwitchTo(previous);
	entry->not_before = after_pause(now);
	if (under_way == NULL && !refused)
		ereport(
			LOG,
			(errmsg(
				 "topcache: could not start a process to delete expired rows"),
			 errhint("You may need to raise \"max_worker_processes\".")));
	refused = under_way == NULL;
}

/* Is a process under way?  If it has just ended, note what it found. */
static bool
is_under_way(TimestampTz now)
{
	KnownDatabase *entry;
	bool maps = true;
	bool more = false;
	pid_t pid;

	if (under_way == NULL)
		return false;
	if (GetBackgroundWorkerPid(under_way, &pid) != BGWH_STOPPED)
		return true;
	pfree(under_way);
	under_way = NULL;
	(void) tc_row_expiry_reported(under_way_for, &maps, &more);
	entry = know(under_way_for);
	entry->due = more ? now : now + (maps ? LOOK_US : LONG_LOOK_US);
	entry->not_before = more ? now : after_pause(now);
	return false;
}

void
tc_purge_launcher_step(void)
{
	TimestampTz now = GetCurrentTimestamp();
	KnownDatabase *next;

	if (RecoveryInProgress() || is_under_way(now))
		return;

	/* a server that has just started has better things to do */
	if (next_list == 0)
		next_list = after_pause(now);
	if (next_list <= now)
		list_databases(now);
	look_at_notes(now);
	next = next_due(now);
	if (next != NULL)
		start_for(next, now);
}
