/*-------------------------------------------------------------------------
 *
 * row_arg.c
 *	  Takes rows out of arguments, for maps that keep whole rows.
 *
 * Structure: rows go through PostgreSQL's own conversions from jsonb and
 * text; those in MessagePack go by their columns.
 *
 * Failure: errors are those of the types' own functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/settings.h"
#include "msgpack/msgpack_decode.h"
#include "query/result.h"
#include "query/row_arg.h"

/* A row that is given says what its key is: it must not say otherwise. */
static void
check_key(const TcMap *map, const Datum *keys, const Datum *values,
		  const bool *nulls, Bitmapset *given)
{
	for (int i = 0; i < map->layout.nkeys; i++)
	{
		const TcColumn *column = &map->layout.keys[i];
		TypeCacheEntry *type =
			lookup_type_cache(column->type, TYPECACHE_EQ_OPR_FINFO);
		int att = column->number - 1;

		if (!bms_is_member(column->number, given) ||
			(!nulls[att] &&
			 DatumGetBool(FunctionCall2Coll(&type->eq_opr_finfo,
											column->collation, keys[i],
											values[att]))))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of the row differs from the key",
						NameStr(column->name)),
				 errhint("Leave key columns out of the row.")));
	}
}

/* The columns to be written, out of those that were given. */
static void
set_given(const TcMap *map, const Datum *keys, Bitmapset *given,
		  TcNewColumns *columns)
{
	int number = -1;

	check_key(map, keys, columns->values, columns->nulls, given);
	columns->given = NULL;
	while ((number = bms_next_member(given, number)) >= 0)
	{
		if (tc_row_layout_key_column(&map->layout, number) < 0 &&
			tc_table_sql_row_settable(map, number))
			columns->given = bms_add_member(columns->given, number);
	}
}

/* The columns that were given, out of a value of the relation's row type. */
static void
columns_of_row(TcMap *map, const Datum *keys, Datum row, Bitmapset *given,
			   TcNewColumns *columns)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header),
						   .t_data = header};
	Datum *values = palloc(map->desc->natts * sizeof(Datum));
	bool *nulls = palloc(map->desc->natts * sizeof(bool));

	heap_deform_tuple(&tuple, map->desc, values, nulls);
	columns->values = values;
	columns->nulls = nulls;
	set_given(map, keys, given, columns);
}

/* The number of a column, by a name that is not terminated. */
static AttrNumber
column_number(const TcMap *map, const char *name, int length)
{
	for (AttrNumber number = 1; number <= map->desc->natts; number++)
	{
		Form_pg_attribute att = TupleDescAttr(map->desc, number - 1);

		if (!att->attisdropped && strlen(NameStr(att->attname)) == length &&
			memcmp(NameStr(att->attname), name, length) == 0)
			return number;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of relation \"%s\" does not exist",
					pnstrdup(name, length), map->name)));
}

/* The columns that an object names. */
static Bitmapset *
named_columns(const TcMap *map, Jsonb *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	Bitmapset *named = NULL;
	JsonbIteratorToken token;
	JsonbValue value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			named = bms_add_member(named,
								   column_number(map, value.val.string.val,
												 value.val.string.len));
	}
	return named;
}

static Datum
row_of_nulls(const TcMap *map)
{
	Datum *values = palloc0(map->desc->natts * sizeof(Datum));
	bool *nulls = palloc(map->desc->natts * sizeof(bool));

	memset(nulls, true, map->desc->natts * sizeof(bool));
	return HeapTupleGetDatum(heap_form_tuple(map->desc, values, nulls));
}

void
tc_row_arg_from_jsonb(TcMap *map, const Datum *keys, Jsonb *document,
					  TcNewColumns *columns)
{
	FmgrInfo *function =
		tc_result_prepare(map, &map->from_jsonb, F_JSONB_POPULATE_RECORD,
						  map->type, map->type, 2);
	Bitmapset *given;
	Datum row;

	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a record of map \"%s\" must be a JSON object",
						map->name),
				 errdetail("The map keeps whole rows.")));
	given = named_columns(map, document);
	/* onto a row of nulls: what is not named is left alone, unchecked */
	row = FunctionCall2(function, row_of_nulls(map), JsonbPGetDatum(document));
	columns_of_row(map, keys, row, given, columns);
}

void
tc_row_arg_from_text(TcMap *map, const Datum *keys, text *string,
					 TcNewColumns *columns)
{
	Datum row = OidInputFunctionCall(F_RECORD_IN, text_to_cstring(string),
									 map->type, -1);
	Bitmapset *given = NULL;

	for (AttrNumber number = 1; number <= map->desc->natts; number++)
	{
		if (!TupleDescAttr(map->desc, number - 1)->attisdropped)
			given = bms_add_member(given, number);
	}
	columns_of_row(map, keys, row, given, columns);
}

void
tc_row_arg_from_msgpack(TcMap *map, const Datum *keys, bytea *data,
						TcNewColumns *columns)
{
	TcMsgpackRow row = {.relation = map->name};

	row.values = palloc0(map->desc->natts * sizeof(Datum));
	row.nulls = palloc0(map->desc->natts * sizeof(bool));
	tc_msgpack_decode_row(tc_map_encoder(map), data, tc_max_msgpack_depth,
						  &row);
	columns->values = row.values;
	columns->nulls = row.nulls;
	set_given(map, keys, row.given, columns);
}
