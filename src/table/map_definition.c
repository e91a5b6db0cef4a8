/*-------------------------------------------------------------------------
 *
 * map_definition.c
 *	  Reads the definition of a map.
 *
 * Structure: an index lookup in topcache.map_definition, with a snapshot of
 * its own, as for a catalog: what a definition says now is what counts, not
 * what it said when the reader's snapshot was taken.
 *
 * Concurrency: changes of the table invalidate the relation's cache entry in
 * every backend by a trigger, after which this is read again.
 *
 * Failure: where the extension is not installed there are no definitions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "datatype/timestamp.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "table/extension.h"
#include "table/map_definition.h"

/* Columns of topcache.map_definition. */
enum
{
	DEF_RELATION = 1,
	DEF_KEY_COLUMNS,
	DEF_VALUE_COLUMN,
	DEF_TTL,
	DEF_MAX_IDLE,
	DEF_MAX_COST,
	DEF_CREATED,
	DEF_DURABLE,
	DEF_KEY_NUMBERS = TC_DEF_KEY_NUMBERS,
	DEF_VALUE_NUMBER = TC_DEF_VALUE_NUMBER
};

static List *
names_of_array(Datum value)
{
	List *names = NIL;
	Datum *elements;
	int n;

	deconstruct_array(DatumGetArrayTypeP(value), NAMEOID, NAMEDATALEN, false,
					  TYPALIGN_CHAR, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		names = lappend(names, pstrdup(NameStr(*DatumGetName(elements[i]))));
	return names;
}

/* Column of a definition, or the default when it is NULL. */
static Datum
def_column(HeapTuple tuple, TupleDesc desc, int column, Datum if_null)
{
	bool isnull;
	Datum value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? if_null : value;
}

static Interval *
def_interval(HeapTuple tuple, TupleDesc desc, int column)
{
	Interval *value =
		DatumGetIntervalP(def_column(tuple, desc, column, (Datum) 0));
	Interval *copy;

	if (value == NULL)
		return NULL;
	copy = palloc(sizeof(Interval));
	*copy = *value;
	return copy;
}

static List *
numbers_of_array(Datum value)
{
	List *numbers = NIL;
	Datum *elements;
	int n;

	if (value == (Datum) 0)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(value), INT2OID, sizeof(int16), true,
					  TYPALIGN_SHORT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		numbers = lappend_int(numbers, DatumGetInt16(elements[i]));
	return numbers;
}

void
tc_map_definition_take(HeapTuple tuple, TupleDesc desc, TcMapDefinition *def)
{
	Datum value_column = def_column(tuple, desc, DEF_VALUE_COLUMN, 0);

	def->relation = DatumGetObjectId(def_column(tuple, desc, DEF_RELATION, 0));
	def->key_columns =
		names_of_array(def_column(tuple, desc, DEF_KEY_COLUMNS, 0));
	def->value_column = value_column == 0
		? NULL
		: pstrdup(NameStr(*DatumGetName(value_column)));
	def->ttl = def_interval(tuple, desc, DEF_TTL);
	def->max_idle = def_interval(tuple, desc, DEF_MAX_IDLE);
	def->max_cost =
		DatumGetInt64(def_column(tuple, desc, DEF_MAX_COST, Int64GetDatum(-1)));
	def->created = DatumGetBool(def_column(tuple, desc, DEF_CREATED, 0));
	def->durable = DatumGetBool(def_column(tuple, desc, DEF_DURABLE, 1));
	def->key_numbers =
		numbers_of_array(def_column(tuple, desc, DEF_KEY_NUMBERS, 0));
	def->value_number =
		DatumGetInt16(def_column(tuple, desc, DEF_VALUE_NUMBER, 0));
}

bool
tc_map_definition_is_limit(int column)
{
	return column == DEF_TTL || column == DEF_MAX_IDLE ||
		column == DEF_MAX_COST;
}

uint64
tc_map_definition_interval_us(const Interval *interval)
{
	double days = (double) interval->month * DAYS_PER_MONTH + interval->day;
	double us = days * USECS_PER_DAY + (double) interval->time;

	if (us <= 0)
		return 0;
	return us < (double) PG_INT64_MAX ? (uint64) us : (uint64) PG_INT64_MAX;
}

/* The table of definitions, opened; NULL where there is none. */
static Relation
open_definitions(void)
{
	Oid schema = tc_extension_schema();
	Oid table = OidIsValid(schema) ? get_relname_relid("map_definition", schema)
								   : InvalidOid;

	return OidIsValid(table) ? table_open(table, AccessShareLock) : NULL;
}

bool
tc_map_definition_read(Oid relation, TcMapDefinition *def)
{
	Relation rel = open_definitions();
	Oid index;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple tuple;
	bool found;

	if (rel == NULL)
		return false;
	index = get_relname_relid("map_definition_pkey", RelationGetNamespace(rel));
	ScanKeyInit(&key, DEF_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(rel, index, OidIsValid(index), NULL, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
		tc_map_definition_take(tuple, RelationGetDescr(rel), def);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

List *
tc_map_definition_relations(bool expiring)
{
	Relation rel = open_definitions();
	List *relations = NIL;
	SysScanDesc scan;
	HeapTuple tuple;

	if (rel == NULL)
		return NIL;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TcMapDefinition def;

		tc_map_definition_take(tuple, RelationGetDescr(rel), &def);
		if ((!expiring || (def.created && def.durable)) &&
			SearchSysCacheExists1(RELOID, ObjectIdGetDatum(def.relation)))
			relations = lappend_oid(relations, def.relation);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return relations;
}

/* The least that a definition takes of a page: relation and one key column. */
#define DEFINITION_BYTES                                                \
	(MAXALIGN(SizeofHeapTupleHeader) + sizeof(Oid) + sizeof(NameData) + \
	 sizeof(ItemIdData))

int64
tc_map_definition_count_beyond(int64 limit)
{
	Relation rel = open_definitions();
	int64 n = 0;

	if (rel == NULL)
		return 0;
	if ((int64) RelationGetNumberOfBlocks(rel) * (BLCKSZ / DEFINITION_BYTES) >
		limit)
	{
		SysScanDesc scan =
			systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);

		while (HeapTupleIsValid(systable_getnext(scan)))
			n++;
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return n > limit ? n : 0;
}
