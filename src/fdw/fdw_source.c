/*-------------------------------------------------------------------------
 *
 * fdw_source.c
 *	  Where the rows of a scan of a foreign table come from.
 *
 * Structure: a look-up reads keys through the read path, as many together as
 * that takes; where the cache has no say (policies of the table, rows to be
 * locked) by a statement for each.  The backing table as a whole is read by a
 * statement without conditions.  A volatile map is walked through for its
 * keys, which are then looked up.  Whichever it is, a row of the foreign table
 * is put together from the columns that were found.
 *
 * Concurrency: everything is read under the query's snapshot.
 *
 * Failure: what the executor holds for a statement goes with the query's
 * resources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "executor/executor.h"
#include "storage/lmgr.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "cache/read.h"
#include "cache/scan.h"
#include "fdw/fdw_source.h"
#include "table/privileges.h"

void
tc_fdw_source_show_meta(const TcFdwScan *work, TupleTableSlot *slot)
{
	const TcForeignTable *table = work->table;
	Datum keys[INDEX_MAX_KEYS];
	Datum values[TC_NMETA];
	bool nulls[TC_NMETA];

	if (!work->shows_meta)
		return;
	for (int k = 0; k < table->key.n; k++)
	{
		AttrNumber number = table->key.number[k];

		if (number == InvalidAttrNumber || slot->tts_isnull[number - 1])
			return;
		keys[k] = slot->tts_values[number - 1];
	}
	tc_fdw_meta_values(table->map, work->form.user, work->shows_sizes, keys,
					   values, nulls);
	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind != TC_FOREIGN_META)
			continue;
		slot->tts_values[i] = values[table->column[i].meta];
		slot->tts_isnull[i] = nulls[table->column[i].meta];
	}
}

/* ----- statements on the backing table ----- */

/* Open the statement, for a key or for all rows. */
static void
open_statement(ForeignScanState *node, TcFdwScan *work, const Datum *keys)
{
	EState *estate = node->ss.ps.state;
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);
	ParamListInfo params;

	if (work->plan == NULL)
		work->plan = tc_fdw_statement_plan(&work->form);
	MemoryContextSwitchTo(work->run);
	params = tc_fdw_statement_params(work->plan);
	for (int k = 0; keys != NULL && k < work->table->key.n; k++)
	{
		params->params[k].value = keys[k];
		params->params[k].isnull = false;
	}
	work->query = tc_fdw_statement_open(work->plan, estate->es_snapshot,
										estate->es_output_cid, params);
	MemoryContextSwitchTo(caller);
}

static void
close_statement(TcFdwScan *work)
{
	if (work->query != NULL)
		tc_fdw_statement_close(work->query);
	work->query = NULL;
	MemoryContextReset(work->run);
}

/* Show the statement's next row; false when there is none. */
static bool
next_of_statement(TcFdwScan *work, TupleTableSlot *slot)
{
	TupleTableSlot *row = tc_fdw_statement_next(work->query);
	int column = 0;
	ListCell *cell;

	if (row == NULL)
		return false;
	memset(slot->tts_isnull, true, work->table->natts * sizeof(bool));
	foreach (cell, work->form.columns)
	{
		int i = lfirst_int(cell) - 1;

		slot->tts_values[i] = row->tts_values[column];
		slot->tts_isnull[i] = row->tts_isnull[column++];
	}
	if (work->form.with_place)
		work->place = *(ItemPointer) DatumGetPointer(row->tts_values[column]);
	return true;
}

/* Prepare to lock rows of the table one by one. */
static void
prepare_locking(ForeignScanState *node, TcFdwScan *work)
{
	EState *estate = node->ss.ps.state;
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);

	LockRelationOid(work->table->map->relation, RowShareLock);
	work->locked = table_slot_create(work->backing, &estate->es_tupleTable);
	MemoryContextSwitchTo(caller);
}

/* The statement locks rows if all are to be, and else says where they are. */
static void
choose_locking(ForeignScanState *node, TcFdwScan *work)
{
	const TcMap *map = work->table->map;

	if (work->locking == TC_LOCK_FITTING &&
		(map->suspended == TC_SUSPENDED_CHILDREN ||
		 map->suspended == TC_SUSPENDED_VIRTUAL ||
		 tc_privileges_policies_apply_to(map, work->form.user)))
		work->locking = TC_LOCK_ALL;
	if (work->locking != TC_LOCK_ALL)
		work->form.lock = LCS_NONE;
	work->form.with_place = work->locking == TC_LOCK_FITTING;
	if (work->form.with_place)
		prepare_locking(node, work);
}

/* The whole table. */
static void
start_table(ForeignScanState *node, TcFdwScan *work)
{
	if (work->plan == NULL)
		choose_locking(node, work);
	open_statement(node, work, NULL);
}

/* ----- look-ups ----- */

static void
start_lookups(ForeignScanState *node, TcFdwScan *work)
{
	TcMap *map = work->table->map;
	TcKeyScan *lookups = &work->lookups;

	tc_key_scan_begin(lookups, map, node->ss.ps.state->es_snapshot, false);
	if (map->def.durable)
	{
		bool policies = tc_privileges_policies_apply_to(map, work->form.user);

		if (policies)
			lookups->reader.bypass = TC_BYPASS_POLICIES;
		work->by_statement =
			policies || lookups->reader.by_sql || work->locking != TC_LOCK_NONE;
		if (work->locking != TC_LOCK_NONE)
			work->locking = TC_LOCK_ALL;
		work->form.by_key = work->by_statement;
	}
	tc_key_scan_start(lookups, node->ss.ps.ps_ExprContext);
}

static bool
next_found(TcFdwScan *work, TupleTableSlot *slot)
{
	const Datum *keys;
	const TcValue *value = tc_key_scan_next(&work->lookups, &keys);

	if (value == NULL)
		return false;
	tc_record_columns_show(work->table->shown, keys, value, slot->tts_values,
						   slot->tts_isnull);
	return true;
}

/* The next row of those with the keys, by a statement for each key. */
static bool
next_by_statement(ForeignScanState *node, TcFdwScan *work, TupleTableSlot *slot)
{
	TcReader *reader = &work->lookups.reader;

	for (;;)
	{
		const Datum *keys;

		if (work->query != NULL && next_of_statement(work, slot))
			return true;
		close_statement(work);
		keys = tc_key_scan_next_key(&work->lookups);
		if (keys == NULL)
			return false;
		if (work->locking == TC_LOCK_NONE)
		{
			reader->counts.bypasses++;
			tc_bypass_count(work->table->map, reader->bypass);
		}
		open_statement(node, work, keys);
	}
}

/* ----- all records of a volatile map ----- */

/* Copy a key. */
static void
keep_key(TcFdwScan *work, const Datum *keys, Datum *kept)
{
	const TcRowLayout *layout = &work->table->map->layout;

	for (int k = 0; k < layout->nkeys; k++)
		kept[k] = datumCopy(keys[k], layout->keys[k].by_value,
							layout->keys[k].length);
}

/*
 * Make the list of all keys.  It is complete before the first row is shown,
 * so that the statement does not meet the rows that it writes itself.
 */
static void
start_records(ForeignScanState *node, TcFdwScan *work)
{
	TcKeyScan *lookups = &work->lookups;
	int columns = work->table->map->layout.nkeys;
	MemoryContext caller = MemoryContextSwitchTo(lookups->run);
	Size most = 64;
	int n = 0;
	Datum *all = palloc(most * columns * sizeof(Datum));
	Datum keys[INDEX_MAX_KEYS];
	TcValue value;
	TcScan *scan = tc_scan_begin(work->table->map, lookups->run);

	tc_key_scan_begin(lookups, work->table->map, node->ss.ps.state->es_snapshot,
					  false);
	while (tc_scan_next(scan, keys, &value))
	{
		if (n == most)
		{
			most *= 2;
			all = repalloc_huge(all, most * columns * sizeof(Datum));
		}
		keep_key(work, keys, all + (Size) n++ * columns);
	}
	tc_scan_end(scan);
	tc_key_scan_set_keys(lookups, all, n);
	MemoryContextSwitchTo(caller);
}

/* ----- whichever it is ----- */

void
tc_fdw_source_start(ForeignScanState *node, TcFdwScan *work)
{
	work->started = true;
	switch (work->mode)
	{
		case TC_FOREIGN_LOOKUP:
			start_lookups(node, work);
			break;
		case TC_FOREIGN_TABLE:
			start_table(node, work);
			break;
		case TC_FOREIGN_RECORDS:
			start_records(node, work);
			break;
	}
}

bool
tc_fdw_source_next(ForeignScanState *node, TcFdwScan *work,
				   TupleTableSlot *slot)
{
	if (work->mode == TC_FOREIGN_TABLE)
		return next_of_statement(work, slot);
	if (work->by_statement)
		return next_by_statement(node, work, slot);
	return next_found(work, slot);
}

void
tc_fdw_source_reset(TcFdwScan *work)
{
	close_statement(work);
	work->started = false;
	tc_key_scan_reset(&work->lookups);
}
