/*-------------------------------------------------------------------------
 *
 * shapedef.c
 *	  Finds out what records of a table's rows have in them.
 *
 * Structure: columns are described by the relation's cache entry; a shape is
 * completed when its key is known.
 *
 * Concurrency: reads the relation's cache entry under the caller's lock.
 *
 * Failure: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "table/shape.h"

void
tc_column_describe(Relation rel, AttrNumber number, TcColumn *column)
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
tc_column_is_virtual(Relation rel, AttrNumber number)
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

int
tc_shape_key_column(const TcShape *shape, AttrNumber number)
{
	for (int i = 0; i < shape->nkeys; i++)
	{
		if (shape->keys[i].number == number)
			return i;
	}
	return -1;
}

/* Take every column of a table that is not part of the key. */
static void
store_all_columns(TcShape *shape, Relation rel)
{
	TupleDesc desc = RelationGetDescr(rel);

	for (AttrNumber number = 1; number <= desc->natts; number++)
	{
		if (!TupleDescAttr(desc, number - 1)->attisdropped &&
			tc_shape_key_column(shape, number) < 0)
			tc_column_describe(rel, number, &shape->stored[shape->nstored++]);
	}
}

/* The attributes up to the last one of key and expiry. */
static int
key_attributes(const TcShape *shape)
{
	int needed = shape->expires;

	for (int i = 0; i < shape->nkeys; i++)
		needed = Max(needed, shape->keys[i].number);
	return needed;
}

void
tc_shape_finish(TcShape *shape, Relation rel, AttrNumber value)
{
	uint32 hash = shape->expires;

	shape->stored =
		palloc0((RelationGetNumberOfAttributes(rel) + 1) * sizeof(TcColumn));
	for (int i = 0; i < shape->nkeys; i++)
	{
		hash = hash_combine(hash, column_fingerprint(&shape->keys[i]));
		if (shape->keys[i].functions != NULL)
			shape->stored[shape->nhashed++] = shape->keys[i];
	}
	shape->nstored = shape->nhashed;
	if (value == 0)
		store_all_columns(shape, rel);
	else
	{
		shape->value = &shape->stored[shape->nstored++];
		tc_column_describe(rel, value, shape->value);
	}
	for (int i = 0; i < shape->nstored; i++)
		hash = hash_combine(hash, column_fingerprint(&shape->stored[i]));
	shape->key_natts = key_attributes(shape);
	shape->natts = value == 0 ? RelationGetNumberOfAttributes(rel)
							  : Max(shape->key_natts, value);
	shape->fingerprint = hash_combine(hash, shape->value == NULL);
}

/* Describe a key column, or a hash. */
static void
describe_part(TcKeyLayout *layout, int16 length, char align)
{
	layout->length[layout->n] = length;
	layout->align[layout->n++] = align;
}

void
tc_shape_key_layout(const TcShape *shape, TcKeyLayout *layout)
{
	memset(layout, 0, sizeof(TcKeyLayout));
	if (shape->nkeys + shape->nhashed > TC_LAYOUT_COLUMNS)
		return;
	for (int i = 0; i < shape->nkeys; i++)
	{
		if (shape->keys[i].functions != NULL)
			describe_part(layout, sizeof(uint64), TYPALIGN_CHAR);
		else
			describe_part(layout, shape->keys[i].length, shape->keys[i].align);
	}
	for (int i = 0; i < shape->nhashed; i++)
		describe_part(layout, shape->stored[i].length, shape->stored[i].align);
}
