/*-------------------------------------------------------------------------
 *
 * fdw_volatile.c
 *	  Rows of a foreign table that is a volatile map.
 *
 * Structure: the functions that put and remove records, in the words of
 * INSERT, UPDATE and DELETE.  The foreign table is the map's relation, so its
 * attributes are those of the record.
 *
 * Concurrency: a record that is to be changed is locked when the scan has
 * found it, by writing it once more as it is; whoever else wants to change it
 * waits for this transaction from then on, and what the scan shows is what
 * was locked.  So nothing that others have written is lost.
 *
 * Failure: a second row with the key is an error like that of a unique index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "utils/builtins.h"

#include "cache/volatile.h"
#include "fdw/fdw_volatile.h"
#include "query/result.h"

/* The key of the row in a slot. */
static void
keys_of(const TcForeignTable *table, TupleTableSlot *slot, Datum *keys)
{
	for (int k = 0; k < table->key.n; k++)
	{
		bool isnull;

		keys[k] = slot_getattr(slot, table->key.number[k], &isnull);
		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("null value in column \"%s\" of map \"%s\"",
							NameStr(table->map->layout.keys[k].name),
							table->map->name),
					 errdetail("The column is part of the key.")));
	}
}

/* Do two keys name one record?  1.0 and 1.00 do. */
static bool
same_key(const TcForeignTable *table, const Datum *a, const Datum *b)
{
	const TcRowLayout *layout = &table->map->layout;
	TcBytes one;
	TcBytes other;

	tc_row_layout_form_key(layout, a, &one);
	tc_row_layout_form_key(layout, b, &other);
	return one.length == other.length &&
		memcmp(one.data, other.data, one.length) == 0;
}

static void
report_duplicate(const TcForeignTable *table, const Datum *keys)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("duplicate key in map \"%s\"", table->map->name),
			 errdetail("Key %s already exists.",
					   TextDatumGetCString(tc_result_key(table->map, keys)))));
}

/* When a record that is written now ends. */
static TimestampTz
expires_now(const TcMap *map)
{
	if (map->def.ttl == NULL)
		return PG_INT64_MAX;
	return GetCurrentStatementStartTimestamp() +
		(int64) Min(tc_map_definition_interval_us(map->def.ttl),
					(uint64) (PG_INT64_MAX / 2));
}

/* Store the row in the slot under a key that is owned. */
static void
store_slot(TcOwned *owned, TupleTableSlot *slot)
{
	TcRow row;

	slot_getallattrs(slot);
	row.values = slot->tts_values;
	row.nulls = slot->tts_isnull;
	tc_volatile_store_row(owned, &row, expires_now(owned->map));
}

/* Write the row in the slot under a key that must not be there. */
static bool
insert_row(TcForeignTable *table, TupleTableSlot *slot, bool do_nothing)
{
	Datum keys[INDEX_MAX_KEYS];
	TcOwned owned;

	keys_of(table, slot, keys);
	tc_volatile_own(table->map, keys, &owned);
	if (owned.old.found)
	{
		tc_volatile_release(&owned);
		if (!do_nothing)
			report_duplicate(table, keys);
		return false;
	}
	store_slot(&owned, slot);
	return true;
}

static bool
update_row(TcForeignTable *table, const Datum *old_keys, TupleTableSlot *slot)
{
	Datum keys[INDEX_MAX_KEYS];
	TcOwned owned;

	keys_of(table, slot, keys);
	if (!same_key(table, old_keys, keys))
	{
		(void) insert_row(table, slot, false);
		return tc_volatile_remove(table->map, old_keys);
	}
	tc_volatile_own(table->map, keys, &owned);
	if (!owned.old.found)
	{
		tc_volatile_release(&owned);
		return false;
	}
	store_slot(&owned, slot);
	return true;
}

/* Show a record in a slot; what is not shown of it is NULL. */
static void
show(const TcForeignTable *table, const Datum *keys, const TcValue *value,
	 TupleTableSlot *slot)
{
	ExecClearTuple(slot);
	tc_record_columns_show(table->shown, keys, value, slot->tts_values,
						   slot->tts_isnull);
	ExecStoreVirtualTuple(slot);
}

static bool
delete_row(TcForeignTable *table, const Datum *old_keys, TupleTableSlot *slot)
{
	TcOwned owned;

	tc_volatile_own(table->map, old_keys, &owned);
	tc_volatile_release(&owned);
	if (!owned.old.found)
		return false;
	show(table, old_keys, &owned.old, slot);
	return tc_volatile_remove(table->map, old_keys);
}

bool
tc_fdw_volatile_write(TcForeignTable *table, CmdType operation, bool do_nothing,
					  const Datum *old_keys, TupleTableSlot *slot)
{
	switch (operation)
	{
		case CMD_INSERT:
			return insert_row(table, slot, do_nothing);
		case CMD_UPDATE:
			return update_row(table, old_keys, slot);
		default:
			return delete_row(table, old_keys, slot);
	}
}

bool
tc_fdw_volatile_lock(TcForeignTable *table, TupleTableSlot *slot)
{
	Datum keys[INDEX_MAX_KEYS];
	TcOwned owned;

	keys_of(table, slot, keys);
	tc_volatile_own(table->map, keys, &owned);
	if (!owned.old.found)
	{
		tc_volatile_release(&owned);
		return false;
	}
	tc_volatile_store_again(&owned, owned.old_expires);
	show(table, keys, &owned.old, slot);
	return true;
}
