/*-------------------------------------------------------------------------
 *
 * row_layout.c
 *	  Lays rows out as records, and takes records apart.
 *
 * Structure: one pass measures the columns, one writes them; reading walks
 * over them in the same way, by PostgreSQL's own alignment rules.
 *
 * Failure: detoasting may fail like any read of a table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"

#include "base/pg_compat.h"
#include "table/row_layout.h"

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

static inline void
get_memory(TcBytes *bytes)
{
	bytes->data = bytes->length <= sizeof(bytes->local) ? bytes->local
														: palloc(bytes->length);
}

/* The same with gaps between columns cleared. */
static void
get_clear_memory(TcBytes *bytes, uint32 length)
{
	bytes->length = length;
	get_memory(bytes);
	memset(bytes->data, 0, length);
}

/* ----- making records ----- */

/* The hash that stands for a key column. */
static uint64
hash_key(const TcColumn *column, Datum value)
{
	TcKeyFunctions *functions = column->functions;

	if (functions->extended)
		return DatumGetUInt64(FunctionCall2Coll(&functions->hash,
												column->collation, value,
												UInt64GetDatum(0)));
	return DatumGetUInt32(
		FunctionCall1Coll(&functions->hash, column->collation, value));
}

/* Where a key ends; the columns are flat. */
static uint32
measure_key(const TcRowLayout *layout, const Datum *keys)
{
	uint32 end = 0;

	for (int i = 0; i < layout->nkeys; i++)
		end = layout->keys[i].functions != NULL
			? end + sizeof(uint64)
			: measure(&layout->keys[i], keys[i], end);
	return end;
}

static uint32
write_key(const TcRowLayout *layout, const Datum *keys, char *data)
{
	uint32 end = 0;

	for (int i = 0; i < layout->nkeys; i++)
	{
		if (layout->keys[i].functions != NULL)
		{
			uint64 hash = hash_key(&layout->keys[i], keys[i]);

			memcpy(data + end, &hash, sizeof(hash));
			end += sizeof(hash);
		}
		else
			end = write_column(&layout->keys[i], keys[i], data, end);
	}
	return end;
}

static void
flatten_keys(const TcRowLayout *layout, const Datum *keys, Datum *flat)
{
	for (int i = 0; i < layout->nkeys; i++)
		flat[i] = flatten(&layout->keys[i], keys[i]);
}

/* A key of one column, which most are: there are no gaps to be cleared. */
static void
form_single_key(const TcColumn *column, Datum value, TcBytes *bytes)
{
	value = flatten(column, value);
	bytes->length = measure(column, value, 0);
	get_memory(bytes);
	write_column(column, value, bytes->data, 0);
}

void
tc_row_layout_form_key(const TcRowLayout *layout, const Datum *keys,
					   TcBytes *bytes)
{
	Datum flat[INDEX_MAX_KEYS];

	if (layout->nkeys == 1 && layout->keys->functions == NULL)
	{
		form_single_key(layout->keys, keys[0], bytes);
		return;
	}
	flatten_keys(layout, keys, flat);
	get_clear_memory(bytes, measure_key(layout, flat));
	write_key(layout, flat, bytes->data);
}

void
tc_row_layout_form_absent(const TcRowLayout *layout, const Datum *keys,
						  TcBytes *bytes)
{
	Datum flat[INDEX_MAX_KEYS];
	uint32 end;

	flatten_keys(layout, keys, flat);
	end = measure_key(layout, flat);
	for (int i = 0; i < layout->nkeys; i++)
	{
		if (layout->keys[i].functions != NULL)
			end = measure(&layout->keys[i], flat[i], end);
	}
	get_clear_memory(bytes, end);
	end = write_key(layout, flat, bytes->data);
	for (int i = 0; i < layout->nkeys; i++)
	{
		if (layout->keys[i].functions != NULL)
			end = write_column(&layout->keys[i], flat[i], bytes->data, end);
	}
}

bool
tc_row_layout_row_keys(const TcRowLayout *layout, const TcRow *row, Datum *keys)
{
	for (int i = 0; i < layout->nkeys; i++)
	{
		int att = layout->keys[i].number - 1;

		if (row->nulls[att])
			return false;
		keys[i] = row->values[att];
	}
	return true;
}

/* A row on its way into a record: its columns, flat, and where they end. */
typedef struct Measured
{
	Datum keys[INDEX_MAX_KEYS];
	Datum *stored;
	bool *nulls;
	bool has_nulls;
	uint32 bitmap_bytes;
	uint32 end;
} Measured;

/* Measure what is behind the key. */
static void
measure_stored(const TcRowLayout *layout, const TcRow *row, Measured *measured)
{
	for (int i = 0; i < layout->nstored; i++)
	{
		int att = layout->stored[i].number - 1;

		measured->nulls[i] = row->nulls[att];
		measured->has_nulls |= row->nulls[att];
		if (!row->nulls[att])
			measured->stored[i] = flatten(&layout->stored[i], row->values[att]);
	}
	if (measured->has_nulls)
		measured->bitmap_bytes = BITMAPLEN(layout->nstored - layout->nhashed);
	for (int i = 0; i < layout->nstored; i++)
	{
		if (i == layout->nhashed)
			measured->end += measured->bitmap_bytes;
		if (!measured->nulls[i])
			measured->end =
				measure(&layout->stored[i], measured->stored[i], measured->end);
	}
}

/* Write what is behind the key. */
static void
write_stored(const TcRowLayout *layout, const Measured *measured, char *data,
			 uint32 end)
{
	bits8 *bitmap = NULL;

	for (int i = 0; i < layout->nstored; i++)
	{
		int bit = i - layout->nhashed;

		if (bit == 0 && measured->has_nulls)
		{
			bitmap = (bits8 *) (data + end);
			end += measured->bitmap_bytes;
		}
		if (measured->nulls[i])
			continue;
		if (bitmap != NULL)
			bitmap[bit >> 3] |= 1 << (bit & 0x07);
		end = write_column(&layout->stored[i], measured->stored[i], data, end);
	}
}

/* Columns up to which a layout needs no memory of its own. */
#define FEW_COLUMNS 32

bool
tc_row_layout_form_record(const TcRowLayout *layout, const TcRow *row,
						  TcBytes *bytes)
{
	Datum few_stored[FEW_COLUMNS];
	bool few_nulls[FEW_COLUMNS];
	Datum keys[INDEX_MAX_KEYS];
	Measured measured = {0};
	uint32 end;

	measured.stored = few_stored;
	measured.nulls = few_nulls;
	if (layout->nstored > FEW_COLUMNS)
	{
		measured.stored = palloc(layout->nstored * sizeof(Datum));
		measured.nulls = palloc(layout->nstored * sizeof(bool));
	}
	if (!tc_row_layout_row_keys(layout, row, keys))
		elog(ERROR, "a key column is null");
	flatten_keys(layout, keys, measured.keys);
	measured.end = measure_key(layout, measured.keys);
	measure_stored(layout, row, &measured);
	get_clear_memory(bytes, measured.end);
	end = write_key(layout, measured.keys, bytes->data);
	write_stored(layout, &measured, bytes->data, end);
	return measured.has_nulls;
}

/* ----- taking records apart ----- */

/* Step to the column behind "end"; *end becomes where it ends. */
static inline Datum
read_column(const TcColumn *column, const char *data, uint32 *end)
{
	uint32 start =
		att_align_pointer(*end, column->align, column->length, data + *end);

	*end = att_addlength_pointer(start, column->length, data + start);
	return fetch_att(data + start, column->by_value, column->length);
}

/* Step over the key; key columns that are kept as they are go into keys. */
static inline uint32
read_key(const TcRowLayout *layout, const char *data, Datum *keys)
{
	uint32 end = 0;

	for (int i = 0; i < layout->nkeys; i++)
	{
		if (layout->keys[i].functions != NULL)
			end += sizeof(uint64);
		else
			keys[i] = read_column(&layout->keys[i], data, &end);
	}
	return end;
}

/* Go on over the columns of hashed keys. */
static inline uint32
read_hashed(const TcRowLayout *layout, const char *data, uint32 end,
			Datum *keys)
{
	for (int i = 0; layout->nhashed > 0 && i < layout->nkeys; i++)
	{
		if (layout->keys[i].functions != NULL)
			keys[i] = read_column(&layout->keys[i], data, &end);
	}
	return end;
}

/* The same for those who do not want them. */
static uint32
skip_hashed(const TcRowLayout *layout, const char *data, uint32 end)
{
	Datum keys[INDEX_MAX_KEYS];

	return read_hashed(layout, data, end, keys);
}

void
tc_row_layout_keys(const TcRowLayout *layout, const char *data, Datum *keys)
{
	uint32 end = read_key(layout, data, keys);

	(void) read_hashed(layout, data, end, keys);
}

Datum
tc_row_layout_value(const TcRowLayout *layout, const char *data,
					uint32 key_bytes)
{
	uint32 end = key_bytes;

	if (layout->nhashed > 0)
		end = skip_hashed(layout, data, end);
	return read_column(layout->value, data, &end);
}

void
tc_row_layout_columns(const TcRowLayout *layout, const char *data,
					  bool has_nulls, Datum *values, bool *nulls)
{
	Datum keys[INDEX_MAX_KEYS];
	const bits8 *bitmap;
	uint32 end;

	memset(nulls, true, layout->natts * sizeof(bool));
	end = read_key(layout, data, keys);
	end = read_hashed(layout, data, end, keys);
	for (int i = 0; i < layout->nkeys; i++)
	{
		values[layout->keys[i].number - 1] = keys[i];
		nulls[layout->keys[i].number - 1] = false;
	}
	bitmap = has_nulls ? (const bits8 *) (data + end) : NULL;
	if (has_nulls)
		end += BITMAPLEN(layout->nstored - layout->nhashed);
	for (int i = layout->nhashed; i < layout->nstored; i++)
	{
		int att = layout->stored[i].number - 1;

		if (bitmap != NULL && att_isnull(i - layout->nhashed, bitmap))
			continue;
		values[att] = read_column(&layout->stored[i], data, &end);
		nulls[att] = false;
	}
}

bool
tc_row_layout_same_key(const TcRowLayout *layout, const char *data,
					   const Datum *keys)
{
	Datum found[INDEX_MAX_KEYS];

	if (layout->nhashed == 0)
		return true;
	tc_row_layout_keys(layout, data, found);
	for (int i = 0; i < layout->nkeys; i++)
	{
		TcColumn *column = &layout->keys[i];

		if (column->functions != NULL &&
			!DatumGetBool(FunctionCall2Coll(&column->functions->equal,
											column->collation, found[i],
											keys[i])))
			return false;
	}
	return true;
}

/* ----- the layout itself ----- */

int
tc_row_layout_key_column(const TcRowLayout *layout, AttrNumber number)
{
	for (int i = 0; i < layout->nkeys; i++)
	{
		if (layout->keys[i].number == number)
			return i;
	}
	return -1;
}

/* Describe a key column, or a hash. */
static void
describe_part(TcKeyLayout *key_layout, int16 length, char align)
{
	key_layout->length[key_layout->n] = length;
	key_layout->align[key_layout->n++] = align;
}

void
tc_row_layout_key_layout(const TcRowLayout *layout, TcKeyLayout *key_layout)
{
	memset(key_layout, 0, sizeof(TcKeyLayout));
	if (layout->nkeys + layout->nhashed > TC_LAYOUT_COLUMNS)
		return;
	for (int i = 0; i < layout->nkeys; i++)
	{
		if (layout->keys[i].functions != NULL)
			describe_part(key_layout, sizeof(uint64), TYPALIGN_CHAR);
		else
			describe_part(key_layout, layout->keys[i].length,
						  layout->keys[i].align);
	}
	for (int i = 0; i < layout->nhashed; i++)
		describe_part(key_layout, layout->stored[i].length,
					  layout->stored[i].align);
}
