/*-------------------------------------------------------------------------
 *
 * read.c
 *	  Answers reads: from the segment where that is proven right, else from
 *	  the table.
 *
 * Structure: begin decides once per statement whether the cache may answer
 * at all.  Each key then goes through look_up (a version that the snapshot
 * sees) or, on a miss, falls back to the table and fills.
 *
 * Concurrency: why a version found in the segment is what a SELECT under the
 * snapshot would give.  Let S be the snapshot.  Every transaction that S
 * sees committed before S was taken, and before it committed its row
 * trigger brought each of its changes here, or dropped the record.  So the
 * versions of a record that S can see are all there are, but for older ones
 * below the newest that S sees; and that one is the answer.  A record that
 * was stored by a fill misses no change either (see versions.c).  What a
 * transaction itself has written and not yet brought here (its trigger runs
 * at the end of the statement) is why a transaction that may have written to
 * the table falls back to it: it has an xid, and holds the lock that writers
 * take.
 *
 * Failure: what the segment cannot answer falls back to the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "cache/binding.h"
#include "cache/bypass.h"
#include "cache/cache_limits.h"
#include "cache/cost.h"
#include "cache/fill.h"
#include "cache/read.h"
#include "cache/visibility.h"
#include "segment/evict/bulk.h"
#include "segment/index/lookup.h"
#include "segment/index/versions.h"
#include "segment/index/write_seq.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"
#include "segment/stats/removal.h"
#include "segment/stats/sample.h"
#include "table/privileges.h"
#include "table/row.h"
#include "table/table_sql.h"

/* How often a record may change under a reader that can fall back. */
#define READ_TRIES 8

/* ----- beginning and end ----- */

/* Can the table be read by a statement alone? */
static bool
needs_sql(const TcReader *reader)
{
	TcMap *map = reader->map;

	return map->def.durable &&
		(!OidIsValid(map->key_index.index) ||
		 map->suspended == TC_SUSPENDED_CHILDREN ||
		 map->suspended == TC_SUSPENDED_VIRTUAL ||
		 !tc_key_index_complete(&map->key_index) ||
		 (!reader->checked && tc_privileges_policies_apply(map)));
}

/*
 * The time by which a reader judges what has expired.  Plain SQL knows
 * nothing of that: it sees the rows of a table until they are deleted.
 */
static TimestampTz
judge_by(const TcMap *map, bool plain_sql)
{
	return plain_sql && map->layout.expires != 0
		? PG_INT64_MIN
		: GetCurrentStatementStartTimestamp();
}

static void
begin(TcReader *reader, TcMap *map, Snapshot snapshot, MemoryContext context,
	  bool checked, bool plain_sql)
{
	reader->map = map;
	reader->snapshot = snapshot;
	reader->checked = checked;
	reader->table = NULL;
	reader->existence = false;
	reader->context = context;
	reader->now = judge_by(map, plain_sql);
	reader->by_sql = needs_sql(reader);
	reader->bypass = tc_bypass_reason(map, snapshot, checked, reader->by_sql);
	reader->cached = reader->bypass == TC_BYPASS_NONE;
	reader->counts = (TcReadCounts){0};
	reader->reuses_space = false;
	reader->space = NULL;
	reader->space_bytes = 0;
	if (reader->cached)
		reader->clock_us = tc_segment_clock_us();
}

void
tc_read_begin(TcReader *reader, TcMap *map, Snapshot snapshot,
			  MemoryContext context)
{
	tc_privileges_check_select(map);
	begin(reader, map, snapshot, context, false, false);
}

void
tc_read_begin_checked(TcReader *reader, TcMap *map, Snapshot snapshot,
					  MemoryContext context)
{
	begin(reader, map, snapshot, context, true, true);
}

void
tc_read_begin_foreign(TcReader *reader, TcMap *map, Snapshot snapshot,
					  MemoryContext context)
{
	begin(reader, map, snapshot, context, true, false);
}

void
tc_read_end(TcReader *reader)
{
	if (reader->table != NULL)
		tc_table_read_end(reader->table);
	reader->table = NULL;
}

/* ----- the segment ----- */

/* Outcome of looking for a record in the segment. */
typedef enum Answer
{
	ANSWER_HIT,	   /* value says what there is */
	ANSWER_MISS,   /* fall back to the table */
	ANSWER_CHANGED /* the record changed meanwhile: look again */
} Answer;

/*
 * Memory for a record.  A reader of many keeps one piece of it, which
 * stays in the processor's caches: each record takes the place of the one
 * before.
 */
static char *
get_space(TcReader *reader, Size bytes)
{
	if (!reader->reuses_space)
		return palloc(bytes);
	if (reader->space_bytes < bytes)
	{
		if (reader->space != NULL)
			pfree(reader->space);
		reader->space_bytes = 0;
		reader->space = NULL;
		reader->space = MemoryContextAlloc(reader->context, bytes * 2);
		reader->space_bytes = bytes * 2;
	}
	return reader->space;
}

/*
 * Turn the version in hand into a value.  A record that was found by the
 * hash of its key may be another key's; that is a miss.
 */
static Answer
take_version(TcReader *reader, TcLookup *lookup, const Datum *keys,
			 TcValue *value)
{
	const TcRowLayout *layout = &reader->map->layout;
	const TcVersion *version = &lookup->version;
	Size columns = tc_value_bytes(reader->map);
	char *space;

	if (version->expires <= reader->now &&
		tc_cache_limits_residency_only(reader->map))
	{
		/* it has been here for long enough, and makes room for a fill */
		tc_versions_evict(lookup->probe, TC_REMOVED_EXPIRED);
		return ANSWER_MISS;
	}
	value->found = !version->negative && version->expires > reader->now &&
		!tc_visibility_ended(version);
	value->isnull = false;
	value->value = (Datum) 0;
	value->expires = version->expires;
	if (!value->found && layout->nhashed == 0)
		return ANSWER_HIT;
	space = get_space(reader, columns + version->data_bytes);
	if (!tc_lookup_copy(lookup, space + columns))
		return ANSWER_CHANGED;
	if (!tc_row_layout_same_key(layout, space + columns, keys))
		return ANSWER_MISS;
	if (value->found)
		tc_value_of_data(reader->map, space, lookup->probe->key_bytes,
						 version->nulls, value);
	return ANSWER_HIT;
}

/* Does the reader see a version? */
static bool
sees(const TcReader *reader, const TcVersion *version)
{
	if (!reader->map->def.durable)
		return tc_visibility_current(version);
	return tc_visibility_sees(version, reader->snapshot);
}

/*
 * Find the version of a record that the reader sees, newest first.  The
 * lookup has its newest version in hand.
 */
static TcLookupResult
find_visible(TcReader *reader, TcLookup *lookup)
{
	TcLookupResult result = TC_LOOKUP_FOUND;

	while (result == TC_LOOKUP_FOUND && !sees(reader, &lookup->version))
		result = tc_lookup_older(lookup);
	return result;
}

/*
 * A read of a durable record that changes all the time falls back to the table
 * after a few tries; a volatile record is tried until it holds still.
 */
static bool
keep_trying(const TcReader *reader, int tries)
{
	if (reader->map->def.durable)
		return tries < READ_TRIES;
	CHECK_FOR_INTERRUPTS();
	return true;
}

/*
 * Go on to look for a record.  After a hit the access is to be recorded.
 */
static Answer
look_up(TcReader *reader, const Datum *keys, TcLookup *lookup, TcValue *value)
{
	for (int tries = 0; keep_trying(reader, tries); tries++)
	{
		TcLookupResult result = tc_lookup_newest(lookup);
		Answer answer = ANSWER_CHANGED;

		if (result == TC_LOOKUP_FOUND)
			result = find_visible(reader, lookup);
		if (result == TC_LOOKUP_ABSENT)
			break;
		if (result == TC_LOOKUP_FOUND)
			answer = take_version(reader, lookup, keys, value);
		if (answer != ANSWER_CHANGED)
			return answer;
	}
	return ANSWER_MISS;
}

/* ----- the table ----- */

/* Memory for a row of the map. */
static void
make_row(const TcMap *map, Datum **values, bool **nulls, TcRow *row)
{
	row->values = *values = palloc(map->layout.natts * sizeof(Datum));
	row->nulls = *nulls = palloc(map->layout.natts * sizeof(bool));
}

/* Read through a statement, for policies or for want of an index. */
static void
read_by_sql(TcReader *reader, const Datum *keys, TcValue *value)
{
	Datum *values;
	bool *nulls;
	TcRow row;

	make_row(reader->map, &values, &nulls, &row);
	value->found = tc_table_sql_select(reader->map, keys, values, nulls);
	if (value->found)
		tc_value_of_row(reader->map, &row, value);
}

static TcTableReader *
table_reader(TcReader *reader)
{
	if (reader->table == NULL)
		reader->table =
			tc_table_read_begin(reader->map, reader->snapshot, reader->context);
	return reader->table;
}

/*
 * Make a row that was found the value.  A copy outlives the reader's next
 * step, and is detoasted once for all.
 */
static void
keep_row(const TcReader *reader, TcTableRow *row, TcValue *value)
{
	Datum *values;
	bool *nulls;
	TcRow copy;

	make_row(reader->map, &values, &nulls, &copy);
	tc_row_copy(&reader->map->layout, &row->row, values, nulls);
	row->row = copy;
	tc_value_of_row(reader->map, &row->row, value);
	value->expires = row->expires;
}

/* A read stored a record of so many bytes, or 0 if it could not. */
static void
note_filled(const TcProbe *probe, uint32 bytes)
{
	if (bytes > 0 && !tc_bulk_reading(&probe->entry))
		tc_sample_read(probe, bytes, true);
}

/*
 * Read the table, and with a probe keep what is found, unless it is too large
 * for that, which is told then.
 */
static void
read_table(TcReader *reader, const TcProbe *probe, const Datum *keys,
		   TcValue *value, bool *too_large)
{
	TcTableReader *table;
	TcTableRow row;
	uint32 write_seq = 0;

	if (reader->by_sql)
	{
		read_by_sql(reader, keys, value);
		return;
	}
	table = table_reader(reader);
	if (probe != NULL)
		write_seq = tc_write_seq_read(probe);
	value->found = tc_table_read_key(table, keys, &row);
	if (!value->found)
	{
		if (probe != NULL)
			note_filled(probe,
						tc_fill_absent(reader->map, probe, table, keys,
									   write_seq));
		return;
	}

	/* nothing need be fetched to know of it */
	*too_large = tc_cost_row_too_large(reader->map, &row.row);
	if (reader->existence && *too_large)
	{
		value->found = row.expires > reader->now;
		return;
	}

	keep_row(reader, &row, value);
	if (probe != NULL)
	{
		tc_table_read_confirm(table, &row);
		note_filled(probe, tc_fill_row(reader->map, probe, &row, write_seq, 0));
	}
	if (row.expires <= reader->now)
		value->found = false;
}

/* ----- the read path ----- */

/* Why was there no version for the reader, as the counter for such misses? */
static TcCounter
why_missed(const TcProbe *probe)
{
	if (tc_versions_resident(probe))
		return TC_COUNT_MISSES_SNAPSHOT;
	return tc_removal_miss(probe->hash);
}

/* Answer one read that the segment could not. */
static void
read_missed(TcReader *reader, const TcProbe *probe, const Datum *keys,
			TcValue *value)
{
	TcCounter why = why_missed(probe);
	bool too_large = false;
	instr_time begun;
	instr_time time;

	reader->counts.misses++;
	INSTR_TIME_SET_CURRENT(begun);
	if (reader->map->def.durable)
		read_table(reader, probe, keys, value, &too_large);
	else
		value->found = false;
	INSTR_TIME_SET_CURRENT(time);
	INSTR_TIME_SUBTRACT(time, begun);
	tc_counters_add(&probe->entry, too_large ? TC_COUNT_MISSES_OVERSIZE : why,
					1);
	tc_counters_add(&probe->entry, TC_COUNT_MISS_NS, tc_instr_time_ns(time));
}

void
tc_read_past(TcReader *reader, const Datum *keys, TcValue *value)
{
	bool too_large;

	reader->counts.bypasses++;
	tc_bypass_count(reader->map, reader->bypass);
	read_table(reader, NULL, keys, value, &too_large);
}

bool
tc_read_another(TcReader *reader, TcValue *value)
{
	TcTableRow row;

	if (reader->table == NULL || reader->bypass != TC_BYPASS_OWN_WRITES ||
		!IsolationUsesXactSnapshot() ||
		!tc_table_read_another(reader->table, &row) ||
		row.expires <= reader->now)
		return false;
	keep_row(reader, &row, value);
	return true;
}

bool
tc_read_finish(TcReader *reader, const Datum *keys, TcLookup *lookup,
			   TcValue *value)
{
	if (look_up(reader, keys, lookup, value) == ANSWER_MISS)
	{
		read_missed(reader, lookup->probe, keys, value);
		return false;
	}
	reader->counts.hits++;
	tc_counters_add(&lookup->probe->entry, TC_COUNT_HITS, 1);
	tc_lookup_prepare_access(lookup, reader->clock_us);
	return true;
}

void
tc_read_one(TcReader *reader, const Datum *keys, TcValue *value)
{
	TcBytes key;
	TcProbe probe;
	TcLookup lookup;

	if (!reader->cached)
	{
		tc_read_past(reader, keys, value);
		return;
	}
	tc_binding_probe_key(&probe, reader->map, keys, &key);
	tc_lookup_begin(&lookup, &probe);
	if (tc_read_finish(reader, keys, &lookup, value))
		tc_lookup_note_access(&lookup, reader->clock_us);
}

bool
tc_read_resident(TcMap *map, const Datum *keys)
{
	TcBytes key;
	TcProbe probe;
	TcLookup lookup;

	if (tc_privileges_policies_apply(map) || !tc_binding_acquire(map))
		return false;
	tc_binding_probe_key(&probe, map, keys, &key);
	tc_lookup_begin(&lookup, &probe);
	for (;;)
	{
		char *data;

		CHECK_FOR_INTERRUPTS();
		switch (tc_lookup_newest(&lookup))
		{
			case TC_LOOKUP_ABSENT:
				return false;
			case TC_LOOKUP_CHANGED:
				continue;
			case TC_LOOKUP_FOUND:
				break;
		}
		data = palloc(lookup.version.data_bytes);
		if (tc_lookup_copy(&lookup, data))
			return !lookup.version.negative &&
				tc_row_layout_same_key(&map->layout, data, keys);
	}
}
