/*-------------------------------------------------------------------------
 *
 * shape.c
 *	  Lays rows out as records, and takes records apart.
 *
 * Structure: one pass measures the columns, one writes them; reading walks
 * over them in the same way, by PostgreSQL's own alignment rules.
 *
 * Concurrency: nothing shared.
 *
 * Failure: detoasting may fail like any read of a table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "heap/shape.h"

void
tc_column_describe(Relation rel, AttrNumber number, TcColumn *column)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), number - 1);

	memset(column, 0, sizeof(TcColumn));
	column->number = number;
	column->name = att->attname;
	column->type = att->atttypid;
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

void
tc_shape_finish(TcShape *shape)
{
	uint32 hash =
		hash_combine(shape->expires, column_fingerprint(&shape->value));

	for (int i = 0; i < shape->nkeys; i++)
		hash = hash_combine(hash, column_fingerprint(&shape->keys[i]));
	shape->fingerprint = hash;
}

/* Will a string be written with a one-byte header? */
static inline bool
becomes_short(const TcColumn *column, struct varlena *string)
{
	return VARATT_IS_SHORT(string) ||
		(column->packable && VARATT_CAN_MAKE_SHORT(string));
}

/* Where a column ends that is put behind "end". */
static uint32
measure(const TcColumn *column, Datum value, uint32 end)
{
	struct varlena *string;

	if (column->length != -1)
	{
		end = att_align_nominal(end, column->align);
		return att_addlength_datum(end, column->length, value);
	}
	string = (struct varlena *) DatumGetPointer(value);
	if (VARATT_IS_SHORT(string))
		return end + VARSIZE_SHORT(string);
	if (becomes_short(column, string))
		return end + VARATT_CONVERTED_SHORT_SIZE(string);
	return att_align_nominal(end, column->align) + VARSIZE(string);
}

/* Write a string column behind "end". */
static uint32
write_string(const TcColumn *column, struct varlena *string, char *data,
			 uint32 end)
{
	uint32 size;

	if (VARATT_IS_SHORT(string))
	{
		size = VARSIZE_SHORT(string);
		memcpy(data + end, string, size);
		return end + size;
	}
	if (becomes_short(column, string))
	{
		size = VARATT_CONVERTED_SHORT_SIZE(string);
		SET_VARSIZE_SHORT(data + end, size);
		memcpy(data + end + 1, VARDATA(string), size - 1);
		return end + size;
	}
	end = att_align_nominal(end, column->align);
	size = VARSIZE(string);
	memcpy(data + end, string, size);
	return end + size;
}

/* Write a column behind "end"; data is zeroed. */
static uint32
write_column(const TcColumn *column, Datum value, char *data, uint32 end)
{
	uint32 size;

	if (column->length == -1)
		return write_string(column, (struct varlena *) DatumGetPointer(value),
							data, end);
	end = att_align_nominal(end, column->align);
	if (column->by_value)
	{
		store_att_byval(data + end, value, column->length);
		return end + column->length;
	}
	size = att_addlength_datum(0, column->length, value);
	memcpy(data + end, DatumGetPointer(value), size);
	return end + size;
}

/* Fetch strings from TOAST and decompress them. */
static Datum
flatten(const TcColumn *column, Datum value)
{
	if (column->length == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	return value;
}

static void
get_memory(TcBytes *bytes, uint32 length)
{
	bytes->length = length;
	bytes->data =
		length <= sizeof(bytes->local) ? bytes->local : palloc(length);
	memset(bytes->data, 0, length);
}

void
tc_shape_form_key(const TcShape *shape, const Datum *keys, TcBytes *bytes)
{
	Datum flat[INDEX_MAX_KEYS];
	uint32 end = 0;

	for (int i = 0; i < shape->nkeys; i++)
	{
		flat[i] = flatten(&shape->keys[i], keys[i]);
		end = measure(&shape->keys[i], flat[i], end);
	}
	get_memory(bytes, end);
	end = 0;
	for (int i = 0; i < shape->nkeys; i++)
		end = write_column(&shape->keys[i], flat[i], bytes->data, end);
}

void
tc_shape_form_record(const TcShape *shape, const Datum *keys, Datum value,
					 bool isnull, TcBytes *bytes)
{
	TcBytes key;
	uint32 end;

	tc_shape_form_key(shape, keys, &key);
	end = key.length;
	if (!isnull)
	{
		value = flatten(&shape->value, value);
		end = measure(&shape->value, value, end);
	}
	get_memory(bytes, end);
	memcpy(bytes->data, key.data, key.length);
	if (!isnull)
		write_column(&shape->value, value, bytes->data, key.length);
}

/* Step to the column behind "end"; *end becomes where it ends. */
static Datum
read_column(const TcColumn *column, const char *data, uint32 *end)
{
	uint32 start =
		att_align_pointer(*end, column->align, column->length, data + *end);

	*end = att_addlength_pointer(start, column->length, data + start);
	return fetch_att(data + start, column->by_value, column->length);
}

void
tc_shape_keys(const TcShape *shape, const char *data, Datum *keys)
{
	uint32 end = 0;

	for (int i = 0; i < shape->nkeys; i++)
		keys[i] = read_column(&shape->keys[i], data, &end);
}

Datum
tc_shape_value(const TcShape *shape, const char *data)
{
	uint32 end = 0;

	for (int i = 0; i < shape->nkeys; i++)
		(void) read_column(&shape->keys[i], data, &end);
	return read_column(&shape->value, data, &end);
}
