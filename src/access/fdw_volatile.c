/*-------------------------------------------------------------------------
 *
 * fdw_volatile.c
 *	  Rows of a foreign table that is a volatile map.
 *
 * Structure: the functions that put and remove records, in the words of
 * INSERT, UPDATE and DELETE.
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
#include "utils/datum.h"

#include "access/args.h"
#include "access/fdw.h"
#include "access/fdw_table.h"
#include "cache/volatile.h"

/* The attribute of the foreign table that shows the value; 0: none. */
static AttrNumber
value_attribute(const TcForeignTable *table)
{
	for (int i = 0; i < table->natts; i++)
	{
		if (table->column[i].kind == TC_FOREIGN_COLUMN &&
			table->column[i].number == table->map->shape.value->number)
			return i + 1;
	}
	return 0;
}

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
							NameStr(table->map->shape.keys[k].name),
							table->map->name),
					 errdetail("The column is part of the key.")));
	}
}

static bool
same_key(const TcForeignTable *table, const Datum *a, const Datum *b)
{
	for (int k = 0; k < table->key.n; k++)
	{
		const TcColumn *column = &table->map->shape.keys[k];

		if (!datum_image_eq(a[k], b[k], column->by_value, column->length))
			return false;
	}
	return true;
}

static void
report_duplicate(const TcForeignTable *table, const Datum *keys)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("duplicate key in map \"%s\"", table->map->name),
			 errdetail("Key %s already exists.",
					   TextDatumGetCString(tc_key_as_text(table->map, keys)))));
}

/* When a record that is written now ends. */
static TimestampTz
expires_now(const TcMap *map)
{
	if (map->def.ttl == NULL)
		return PG_INT64_MAX;
	return GetCurrentStatementStartTimestamp() +
		(int64) Min(tc_interval_us(map->def.ttl), (uint64) (PG_INT64_MAX / 2));
}

/* Write the row in the slot under a key that must not be there. */
static bool
insert_row(TcForeignTable *table, TupleTableSlot *slot, bool do_nothing)
{
	AttrNumber attribute = value_attribute(table);
	Datum keys[INDEX_MAX_KEYS];
	TcOwned owned;
	Datum value = (Datum) 0;
	bool isnull = true;

	keys_of(table, slot, keys);
	if (attribute != 0)
		value = slot_getattr(slot, attribute, &isnull);
	tc_volatile_own(table->map, keys, &owned);
	if (owned.old.found)
	{
		tc_volatile_release(&owned);
		if (!do_nothing)
			report_duplicate(table, keys);
		return false;
	}
	tc_volatile_store(&owned, value, isnull, expires_now(table->map));
	return true;
}

static bool
update_row(TcForeignTable *table, const Datum *old_keys, TupleTableSlot *slot)
{
	AttrNumber attribute = value_attribute(table);
	Datum keys[INDEX_MAX_KEYS];
	TcOwned owned;
	Datum value;
	bool isnull;

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
	value = owned.old.value;
	isnull = owned.old.isnull;
	if (attribute != 0)
		value = slot_getattr(slot, attribute, &isnull);
	tc_volatile_store(&owned, value, isnull, expires_now(table->map));
	return true;
}

/* Show a record in a slot; what is not shown of it is NULL. */
static void
show(const TcForeignTable *table, const Datum *keys, const TcValue *value,
	 TupleTableSlot *slot)
{
	AttrNumber attribute = value_attribute(table);

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, table->natts * sizeof(bool));
	for (int k = 0; k < table->key.n; k++)
	{
		slot->tts_values[table->key.number[k] - 1] = keys[k];
		slot->tts_isnull[table->key.number[k] - 1] = false;
	}
	if (attribute != 0)
	{
		slot->tts_values[attribute - 1] = value->value;
		slot->tts_isnull[attribute - 1] = value->isnull;
	}
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
	tc_volatile_store(&owned, owned.old.value, owned.old.isnull,
					  owned.old_expires);
	show(table, keys, &owned.old, slot);
	return true;
}
