/*-------------------------------------------------------------------------
 *
 * write.c
 *	  Brings records up to date when their rows change.
 *
 * Structure: called by the row trigger of a backing table, whoever changed
 * the row and by whatever statement, and by a put that has written the row
 * without one.  The key's write_seq is raised, then a version is pushed onto
 * the resident record: the new row, or a negative one for a key whose row is
 * gone.
 *
 * Concurrency: the table has been written before we are called, which is what
 * the fill protocol asks for (see versions.c).  Two transactions do not
 * write one key at a time, since the table's row lock or unique index makes
 * the second wait for the first; so another transaction's unsettled version
 * found here belongs to one that has ended, and is settled first.
 *
 * Row triggers run at the end of the statement, and a trigger of the user's
 * may have changed the row once more by then; that change's own trigger may
 * have run already.  So a row that is not the newest any more is not pushed:
 * the record is dropped, and reads fall back to the table.  The same holds for
 * a deletion that comes after another write of the key in this transaction,
 * because the order of the two is not known.
 *
 * Failure: without memory, or in doubt, the record is dropped.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "cache/binding.h"
#include "cache/cache_limits.h"
#include "cache/cost.h"
#include "cache/forget.h"
#include "cache/settle.h"
#include "cache/write.h"
#include "segment/index/versions.h"
#include "segment/index/wanted.h"
#include "segment/index/write_seq.h"
#include "segment/maps/row_expiry.h"
#include "segment/stats/counters.h"
#include "table/row.h"

/* How often a map may get another entry, or a version be unsettled. */
#define WRITE_TRIES 16

/*
 * The statement of a put that is running.  What it writes comes back by the
 * row trigger, which PostgreSQL hands no argument of ours.
 */
typedef struct RunningPut
{
	Oid relation;
	bool replaced_expired;
	struct RunningPut *outer; /* whose statement's triggers run this one */
} RunningPut;

static RunningPut *innermost_put = NULL;

uint64
tc_write_run_put(Oid relation, TcPutStatement *execute, void *arg,
				 bool *replaced_expired)
{
	RunningPut put = {.relation = relation, .outer = innermost_put};
	uint64 rows = 0;

	innermost_put = &put;
	PG_TRY();
	{
		rows = execute(arg);
	}
	PG_FINALLY();
	{
		innermost_put = put.outer;
	}
	PG_END_TRY();
	if (replaced_expired != NULL)
		*replaced_expired = put.replaced_expired;
	return rows;
}

/* Put an image into the segment, whatever it takes. */
static void
push_image(TcMap *map, TcImage *image, bool install)
{
	const TcProbe *probe = image->probe;
	TransactionId other;

	for (int tries = 0; tries < WRITE_TRIES; tries++)
	{
		switch (tc_versions_push(image, install,
								 TransactionIdIsCurrentTransactionId, &other))
		{
			case TC_PUSH_DONE:
				tc_settle_remember(probe, image->xmin);
				tc_cache_limits_stored(&probe->entry);
				return;
			case TC_PUSH_NO_MEMORY:
				tc_counters_add(&probe->entry, TC_COUNT_NOT_RESIDENT, 1);
				return;
			case TC_PUSH_ABSENT:
			case TC_PUSH_STALE:
				return;
			case TC_PUSH_UNSETTLED:
				if (tc_settle_version(probe->entry.number, probe->hash, other))
					break;
				tries = WRITE_TRIES;
				break;
		}
	}
	tc_versions_drop(probe);
}

/*
 * Look for a key in the map's entry as it is now, with its write_seq raised.
 * Should the map get another entry after that, no record misses this write: a
 * fill of the new entry reads the table after it.
 */
static bool
begin_write(TcMap *map, TcProbe *probe, const TcBytes *key)
{
	if (!tc_binding_acquire(map))
		return false;
	tc_binding_probe(probe, map, key);
	tc_write_seq_raise(probe);
	return true;
}

/* The key has no row any more. */
static void
write_absence(TcMap *map, const TcBytes *key, const Datum *keys)
{
	TcProbe probe;
	TcBytes bytes;
	TcImage image = {0};

	if (!begin_write(map, &probe, key))
		return;
	if (!tc_versions_resident(&probe))
		return;
	tc_counters_add(&probe.entry, TC_COUNT_REMOVES, 1);
	tc_row_layout_form_absent(&map->layout, keys, &bytes);
	image.probe = &probe;
	image.data = bytes.data;
	image.data_bytes = bytes.length;
	image.cost = tc_cost_of_key(map, keys);
	image.expires = tc_cache_limits_expiry(map, PG_INT64_MAX);
	image.xmin = GetCurrentTransactionId();
	image.negative = true;
	push_image(map, &image, false);
}

/*
 * A row with nothing toasted, which is measured and laid out.  Most rows are
 * like that already.
 */
static void
flatten_row(const TcMap *map, const TcRow *row, TcRow *flat)
{
	Datum *values;
	bool *nulls;

	*flat = *row;
	if (!tc_row_has_toasted(&map->layout, row))
		return;
	flat->values = values = palloc(map->layout.natts * sizeof(Datum));
	flat->nulls = nulls = palloc(map->layout.natts * sizeof(bool));
	tc_row_copy(&map->layout, row, values, nulls);
}

/* The key has a new row. */
static void
write_presence(TcMap *map, const TcBytes *key, const TcNewRow *row,
			   bool install)
{
	TcProbe probe;
	TcBytes bytes;
	TcRow flat;
	TcImage image = {0};

	if (!begin_write(map, &probe, key))
		return;
	if (!row->newest)
	{
		tc_versions_drop(&probe);
		return;
	}
	if (!install && !tc_versions_resident(&probe))
	{
		if (!tc_wanted_take(&probe))
			return;
		install = true;
	}
	if (tc_cost_row_too_large(map, &row->row))
	{
		tc_counters_add(&probe.entry, TC_COUNT_NOT_RESIDENT, 1);
		tc_versions_drop(&probe);
		return;
	}
	tc_counters_add(&probe.entry, TC_COUNT_PUTS, 1);
	flatten_row(map, &row->row, &flat);
	image.nulls = tc_row_layout_form_record(&map->layout, &flat, &bytes);
	image.probe = &probe;
	image.data = bytes.data;
	image.data_bytes = bytes.length;
	image.cost = tc_cost_of_row(map, &flat);
	image.expires = tc_cache_limits_expiry(map, row->expires);
	image.xmin = GetCurrentTransactionId();
	push_image(map, &image, install);
}

/* The key of a row, if there is a row, and its bytes; false if not. */
static bool
take_key(const TcMap *map, const TcRow *row, Datum *keys, TcBytes *bytes)
{
	if (row == NULL || !tc_row_layout_row_keys(&map->layout, row, keys))
		return false;
	tc_row_layout_form_key(&map->layout, keys, bytes);
	return true;
}

/* Bring a map up to date, and install the new row if asked to. */
static void
write_change(TcMap *map, const TcRow *old, const TcNewRow *row, bool install)
{
	Datum old_keys[INDEX_MAX_KEYS] = {0};
	Datum new_keys[INDEX_MAX_KEYS] = {0};
	TcBytes old_key;
	TcBytes new_key;
	bool has_old;
	bool has_new;

	if (!tc_binding_acquire(map))
		return;
	if (row != NULL)
		tc_row_expiry_note(tc_binding_entry(map)->number, row->expires);
	has_old = take_key(map, old, old_keys, &old_key);
	has_new = take_key(map, row == NULL ? NULL : &row->row, new_keys, &new_key);

	if (has_old &&
		(!has_new || old_key.length != new_key.length ||
		 memcmp(old_key.data, new_key.data, old_key.length) != 0))
		write_absence(map, &old_key, old_keys);
	if (has_new)
		write_presence(map, &new_key, row, install);
}

void
tc_write_row(TcMap *map, const TcRow *old, const TcNewRow *row)
{
	RunningPut *put = innermost_put;
	bool putting = put != NULL && put->relation == map->relation;

	if (row != NULL && row->old_expired && putting)
		put->replaced_expired = true;
	write_change(map, old, row, putting);
}

/*
 * Binding may find out that what is known of the map is outdated; then it is
 * looked up once more.
 */
TcMap *
tc_write_map(Oid relation)
{
	TcMap *map = tc_map_lookup(relation);

	if (map != NULL && !map->def.durable)
		return NULL;
	for (int tries = 0; tries < 2 && map != NULL; tries++)
	{
		if (tc_binding_acquire(map))
			return map;
		map = tc_map_lookup(relation);
	}

	/* others may know better, and have records that this change must end */
	tc_forget_records(relation);
	return NULL;
}

void
tc_write_put(const TcMap *map, const TcNewRow *row)
{
	TcMap *now = tc_write_map(map->relation);

	if (now == NULL)
		return;
	if (now->layout.fingerprint == map->layout.fingerprint)
		write_change(now, NULL, row, true);
	else
		tc_forget_records(map->relation);
}
