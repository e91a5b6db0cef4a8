/*-------------------------------------------------------------------------
 *
 * volatile.c
 *	  Writes records that live in the segment alone.
 *
 * Structure: every change first owns the key, by hanging a version of the
 * current transaction over it, and then says what that version is.  Owning a
 * key that the transaction has written before takes nothing.  The versions
 * below are what rollback returns to; settling works as for any record,
 * except that a committed one is never evicted.
 *
 * Removing takes no memory, since it is the way out of a full segment: the
 * version that is there is marked as ended.
 *
 * Concurrency: a key has at most one transaction with an uncommitted version
 * of it.  Whoever finds another's waits for that transaction's end by
 * PostgreSQL's own transaction lock, where deadlocks are detected, settles
 * it, and tries again.  While a key is owned nobody else changes it, so what
 * is read after owning it is what the new version follows.
 *
 * Failure: out of memory is an error of the operation; rollback then takes
 * the placeholder away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"

#include "cache/binding.h"
#include "cache/cost.h"
#include "cache/settle.h"
#include "cache/visibility.h"
#include "cache/volatile.h"
#include "segment/index/lookup.h"
#include "segment/index/settlement.h"
#include "segment/index/versions.h"
#include "segment/memory/segment.h"
#include "segment/stats/counters.h"
#include "table/row.h"

static void
out_of_room(const TcMap *map)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
		 errdetail(
			 "The segment has no room for another record of volatile map \"%s\".",
			 map->name),
		 errhint("Remove records, or raise \"topcache.size\".")));
}

static void
report_redefined(const TcMap *map)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not write to map \"%s\": it was redefined "
					"concurrently",
					map->name)));
}

/* Settle what another transaction has done to a key, waiting for its end. */
static void
settle_or_wait(const TcProbe *probe, TransactionId other)
{
	if (!tc_settle_version(probe->entry.number, probe->hash, other))
		XactLockTableWait(other, NULL, NULL, XLTW_None);
}

/* Push a version of ours, waiting for others as long as need be. */
static void
push_and_wait(TcMap *map, TcImage *image)
{
	for (;;)
	{
		TransactionId other;

		CHECK_FOR_INTERRUPTS();
		switch (tc_versions_push(image, true,
								 TransactionIdIsCurrentTransactionId, &other))
		{
			case TC_PUSH_DONE:
				tc_settle_remember(image->probe, image->xmin);
				return;
			case TC_PUSH_UNSETTLED:
				settle_or_wait(image->probe, other);
				break;
			case TC_PUSH_STALE:
				report_redefined(map);
				break;
			case TC_PUSH_ABSENT:
			case TC_PUSH_NO_MEMORY:
				out_of_room(map);
		}
	}
}

static void
init_image(TcImage *image, const TcProbe *probe)
{
	memset(image, 0, sizeof(TcImage));
	image->probe = probe;
	image->cost = 1;
	image->expires = PG_INT64_MAX;
	image->xmin = GetCurrentTransactionId();
	image->never_evicted = true;
	image->negative = true;
}

/* Two keys have one hash of 64 bits, and nothing else could tell them apart. */
static void
report_collision(const TcMap *map)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("could not write to map \"%s\": two keys have the same "
					"hash",
					map->name)));
}

/* Copy the version in hand of a lookup, which nobody else can change. */
static bool
take_old(TcOwned *owned, TcLookup *lookup)
{
	const TcVersion *version = &lookup->version;
	Size columns = tc_value_bytes(owned->map);
	char *space;

	owned->old.found = !version->negative && !tc_visibility_ended(version) &&
		version->expires > GetCurrentStatementStartTimestamp();
	owned->old_expires = version->expires;
	if (!owned->old.found && owned->map->layout.nhashed == 0)
		return true;
	space = palloc(columns + version->data_bytes);
	if (!tc_lookup_copy(lookup, space + columns))
		return false;
	if (!tc_row_layout_same_key(&owned->map->layout, space + columns,
								owned->keys))
		report_collision(owned->map);
	if (owned->old.found)
		tc_value_of_data(owned->map, space, lookup->probe->key_bytes,
						 version->nulls, &owned->old);
	return true;
}

/* Read what an owned key had: the newest version, or the one below it. */
static void
read_old(TcOwned *owned, const TcProbe *probe)
{
	for (;;)
	{
		TcLookup lookup;
		TcLookupResult result;

		CHECK_FOR_INTERRUPTS();
		tc_lookup_begin(&lookup, probe);
		result = tc_lookup_newest(&lookup);
		if (result == TC_LOOKUP_FOUND && owned->placeholder)
			result = tc_lookup_older(&lookup);
		if (result == TC_LOOKUP_ABSENT)
			return;
		if (result == TC_LOOKUP_FOUND && take_old(owned, &lookup))
			return;
	}
}

/* Has the current transaction written, or ended, the key's newest version? */
static bool
already_owned(const TcProbe *probe)
{
	TcLookup lookup;
	const TcVersion *version = &lookup.version;
	TcLookupResult result;

	tc_lookup_begin(&lookup, probe);
	do
	{
		CHECK_FOR_INTERRUPTS();
		result = tc_lookup_newest(&lookup);
	} while (result == TC_LOOKUP_CHANGED);
	if (result != TC_LOOKUP_FOUND)
		return false;
	return (!version->committed &&
			TransactionIdIsCurrentTransactionId(version->xmin)) ||
		TransactionIdIsCurrentTransactionId(version->ended_by);
}

void
tc_volatile_own(TcMap *map, const Datum *keys, TcOwned *owned)
{
	TcBytes key;
	TcBytes absent;
	TcProbe probe;
	TcImage image;

	PreventCommandIfReadOnly("write to a volatile map");
	tc_binding_require(map);
	memset(owned, 0, sizeof(TcOwned));
	owned->map = map;
	owned->keys = keys;
	owned->old_expires = PG_INT64_MAX;

	tc_binding_probe_key(&probe, map, keys, &key);
	if (!already_owned(&probe))
	{
		init_image(&image, &probe);
		tc_row_layout_form_absent(&map->layout, keys, &absent);
		image.data = absent.data;
		image.data_bytes = absent.length;
		push_and_wait(map, &image);
		owned->placeholder = true;
	}
	read_old(owned, &probe);
}

void
tc_volatile_store_row(TcOwned *owned, const TcRow *row, TimestampTz expires)
{
	TcMap *map = owned->map;
	TcBytes key;
	TcBytes bytes;
	TcProbe probe;
	TcImage image;

	tc_binding_probe_key(&probe, map, owned->keys, &key);
	init_image(&image, &probe);
	image.nulls = tc_row_layout_form_record(&map->layout, row, &bytes);
	image.data = bytes.data;
	image.data_bytes = bytes.length;
	image.cost = tc_cost_of_row(map, row);
	image.expires = expires;
	image.negative = false;
	push_and_wait(map, &image);
	tc_counters_add(&probe.entry, TC_COUNT_PUTS, 1);
}

void
tc_volatile_store(TcOwned *owned, Datum value, bool isnull, TimestampTz expires)
{
	const TcRowLayout *layout = &owned->map->layout;
	Datum *values = palloc(layout->natts * sizeof(Datum));
	bool *nulls = palloc(layout->natts * sizeof(bool));
	TcRow row = {values, nulls};

	tc_row_make(layout, owned->keys, value, isnull, values, nulls);
	tc_volatile_store_row(owned, &row, expires);
}

void
tc_volatile_store_again(TcOwned *owned, TimestampTz expires)
{
	if (owned->map->layout.value == NULL)
		tc_volatile_store_row(owned, &owned->old.row, expires);
	else
		tc_volatile_store(owned, owned->old.value, owned->old.isnull, expires);
}

/* A key that is found by its hash must be this one. */
static void
check_collision(TcMap *map, const Datum *keys)
{
	TcOwned owned;

	if (map->layout.nhashed == 0)
		return;
	tc_volatile_own(map, keys, &owned);
	tc_volatile_release(&owned);
}

bool
tc_volatile_remove(TcMap *map, const Datum *keys)
{
	TransactionId xid;
	TransactionId other;
	TcVersion version;
	TcBytes key;
	TcProbe probe;

	PreventCommandIfReadOnly("write to a volatile map");
	tc_binding_require(map);
	check_collision(map, keys);
	tc_binding_probe_key(&probe, map, keys, &key);
	xid = GetCurrentTransactionId();
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		switch (tc_versions_end(&probe, xid,
								TransactionIdIsCurrentTransactionId, &other,
								&version))
		{
			case TC_END_DONE:
				tc_settle_remember(&probe, xid);
				tc_counters_add(&probe.entry, TC_COUNT_REMOVES, 1);
				return version.expires > GetCurrentStatementStartTimestamp();
			case TC_END_ABSENT:
				return false;
			case TC_END_UNSETTLED:
				settle_or_wait(&probe, other);
				break;
			case TC_END_STALE:
				report_redefined(map);
		}
	}
}

void
tc_volatile_release(TcOwned *owned)
{
	TcBytes key;
	TcProbe probe;

	if (!owned->placeholder)
		return;
	tc_binding_probe_key(&probe, owned->map, owned->keys, &key);
	tc_settlement_withdraw(&probe, GetCurrentTransactionId());
}
