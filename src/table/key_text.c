/*-------------------------------------------------------------------------
 *
 * key_text.c
 *	  Shows keys, and measures what they would show.
 *
 * Structure: one column is shown by its type's output function, several as
 * the row that they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "base/pg_compat.h"
#include "table/key_text.h"

static char *
column_text(const TcColumn *column, Datum value)
{
	Oid function;
	bool is_varlena;

	getTypeOutputInfo(column->type, &function, &is_varlena);
	return OidOutputFunctionCall(function, value);
}

char *
tc_key_text(const TcMap *map, const Datum *keys)
{
	bool nulls[INDEX_MAX_KEYS] = {0};
	HeapTuple tuple;

	if (map->key_desc == NULL)
		return column_text(&map->layout.keys[0], keys[0]);
	tuple = heap_form_tuple(map->key_desc, unconstify(Datum *, keys), nulls);
	return OidOutputFunctionCall(F_RECORD_OUT, HeapTupleGetDatum(tuple));
}

/* How many characters an integer has. */
static uint32
integer_length(int64 value)
{
	uint32 length = value < 0 ? 2 : 1;

	while (value >= 10 || value <= -10)
	{
		value /= 10;
		length++;
	}
	return length;
}

uint32
tc_key_text_length(const TcMap *map, const Datum *keys)
{
	const TcRowLayout *layout = &map->layout;
	char *text;
	uint32 length;

	if (layout->nkeys == 1)
	{
		switch (layout->keys[0].base_type)
		{
			case TEXTOID:
			case VARCHAROID:
				return VARSIZE_ANY_EXHDR(DatumGetPointer(keys[0]));
			case INT8OID:
				return integer_length(DatumGetInt64(keys[0]));
			case INT4OID:
				return integer_length(DatumGetInt32(keys[0]));
			case INT2OID:
				return integer_length(DatumGetInt16(keys[0]));
		}
	}
	text = tc_key_text(map, keys);
	length = strlen(text);
	pfree(text);
	return length;
}
