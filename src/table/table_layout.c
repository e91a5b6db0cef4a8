/*-------------------------------------------------------------------------
 *
 * table_layout.c
 *	  Finds out what records of a table's rows have in them.
 *
 * Structure: columns are described by the relation's cache entry; a layout is
 * completed when its key is known.
 *
 * Concurrency: reads the relation's cache entry under the caller's lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "table/table_layout.h"

void
tc_table_layout_describe_column(Relation rel, AttrNumber number,
								TcColumn *column)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), number - 1);

	memset(column, 0, sizeof(TcColumn));
	column->number = number;
	column->name = att->attname;
	column->type = att->atttypid;
	column->base_type = getBaseType(att->atttypid);
	column->typmod = att->atttypmod;
	column->collation = att->attcollation;
	column->length = att->attlen;
	column->by_value = att->attbyval;
	column->align = att->attalign;

	/* by the type, not by the column: one value must have one form */
	column->packable =
		att->attlen == -1 && get_typstorage(att->atttypid) != TYPSTORAGE_PLAIN;
}

bool
tc_table_layout_is_virtual(Relation rel, AttrNumber number)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), number - 1);

	/* a kind that comes with PostgreSQL 18 */
	return att->attgenerated == 'v';
}

/* Hash over what decides about the layout and the meaning of a column. */
static uint32
column_fingerprint(const TcColumn *column)
{
	uint32 parts[6] = {column->number,			column->type,
					   (uint32) column->typmod, column->collation,
					   (uint32) column->length, column->packable};

	return hash_bytes((unsigned char *) parts, sizeof(parts));
}

/* Take every column of a table that is not part of the key. */
static void
store_all_columns(TcRowLayout *layout, Relation rel)
{
	TupleDesc desc = RelationGetDescr(rel);

	for (AttrNumber number = 1; number <= desc->natts; number++)
	{
		if (!TupleDescAttr(desc, number - 1)->attisdropped &&
			tc_row_layout_key_column(layout, number) < 0)
			tc_table_layout_describe_column(rel, number,
											&layout->stored[layout->nstored++]);
	}
}

/* The attributes up to the last one of key and expiry. */
static int
key_attributes(const TcRowLayout *layout)
{
	int needed = layout->expires;

	for (int i = 0; i < layout->nkeys; i++)
		needed = Max(needed, layout->keys[i].number);
	return needed;
}

void
tc_table_layout_finish(TcRowLayout *layout, Relation rel, AttrNumber value)
{
	uint32 hash = layout->expires;

	layout->stored =
		palloc0((RelationGetNumberOfAttributes(rel) + 1) * sizeof(TcColumn));
	for (int i = 0; i < layout->nkeys; i++)
	{
		hash = hash_combine(hash, column_fingerprint(&layout->keys[i]));
		if (layout->keys[i].functions != NULL)
			layout->stored[layout->nhashed++] = layout->keys[i];
	}
	layout->nstored = layout->nhashed;
	if (value == 0)
		store_all_columns(layout, rel);
	else
	{
		layout->value = &layout->stored[layout->nstored++];
		tc_table_layout_describe_column(rel, value, layout->value);
	}
	for (int i = 0; i < layout->nstored; i++)
		hash = hash_combine(hash, column_fingerprint(&layout->stored[i]));
	layout->key_natts = key_attributes(layout);
	layout->natts = value == 0 ? RelationGetNumberOfAttributes(rel)
							   : Max(layout->key_natts, value);
	layout->fingerprint = hash_combine(hash, layout->value == NULL);
}
