/*-------------------------------------------------------------------------
 *
 * keytext.c
 *	  Shows keys, and measures what they would show.
 *
 * Structure: one column is shown by its type's output function; several
 * like a row, in parentheses.
 *
 * Concurrency: nothing shared.
 *
 * Failure: that of output functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

#include "base/compat.h"
#include "heap/keytext.h"

static char *
column_text(const TcColumn *column, Datum value)
{
	Oid function;
	bool is_varlena;

	getTypeOutputInfo(column->type, &function, &is_varlena);
	return OidOutputFunctionCall(function, value);
}

char *
tc_key_text(const TcShape *shape, const Datum *keys)
{
	StringInfoData text;

	if (shape->nkeys == 1)
		return column_text(&shape->keys[0], keys[0]);
	initStringInfo(&text);
	for (int i = 0; i < shape->nkeys; i++)
		appendStringInfo(&text, "%c%s", i == 0 ? '(' : ',',
						 column_text(&shape->keys[i], keys[i]));
	appendStringInfoChar(&text, ')');
	return text.data;
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
tc_key_text_length(const TcShape *shape, const Datum *keys)
{
	char *text;
	uint32 length;

	if (shape->nkeys == 1)
	{
		switch (shape->keys[0].type)
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
	text = tc_key_text(shape, keys);
	length = strlen(text);
	pfree(text);
	return length;
}
