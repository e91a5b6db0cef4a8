/*-------------------------------------------------------------------------
 *
 * key_arg.c
 *	  Takes keys out of the arguments of SQL functions.
 *
 * Structure: how an argument becomes a key depends on its type and on the
 * key columns', which are the same in every call from one place in a
 * statement; so it is looked up once and kept with the call site.  A key of
 * several columns comes as a row, whose fields are cast one by one, or as
 * text, which is read like a row.
 *
 * Failure: what cannot be a key of the map is refused as an assignment to
 * the columns would be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/pg_compat.h"
#include "query/arg.h"
#include "query/key_arg.h"

/* How a value of one type becomes one of another. */
typedef enum CastKind
{
	CAST_NONE, /* it is one already */
	CAST_FUNCTION,
	CAST_NARROW,  /* to a smaller integer, if it fits */
	CAST_INPUT,	  /* text: read by the type's input function */
	CAST_LITERAL, /* a literal in a row, not yet of any type: likewise */
	CAST_TEXT	  /* any, to text: shown */
} CastKind;

/* A cast to the type of a key column. */
typedef struct ColumnCast
{
	Oid from;
	Oid to;
	CastKind kind;
	FmgrInfo function; /* of the cast, or the input function */
	FmgrInfo output;   /* for CAST_TEXT */
	Oid io_param;
} ColumnCast;

/* All that is kept with a call site, in fn_extra. */
typedef struct KeyCast
{
	Oid from;
	int nkeys;
	MemoryContext context;
	ColumnCast column[FLEXIBLE_ARRAY_MEMBER];
} KeyCast;

/* ----- one column ----- */

static void
refuse_type(const TcMap *map, const TcColumn *column, Oid from)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a value of type %s cannot be a key of map \"%s\"",
					format_type_be(from), map->name),
			 map->layout.nkeys == 1
				 ? errdetail("Its key column is of type %s.",
							 format_type_be(column->type))
				 : errdetail("Its key column \"%s\" is of type %s.",
							 NameStr(column->name),
							 format_type_be(column->type))));
}

/* Prepare reading the target type from text. */
static void
prepare_input(ColumnCast *cast, MemoryContext context)
{
	Oid input;

	getTypeInputInfo(cast->to, &input, &cast->io_param);
	fmgr_info_cxt(input, &cast->function, context);
}

/* Prepare showing a value as text, for a key column of text. */
static void
prepare_output(ColumnCast *cast, Oid from, MemoryContext context)
{
	Oid output;
	bool is_varlena;

	cast->kind = CAST_TEXT;
	getTypeOutputInfo(from, &output, &is_varlena);
	fmgr_info_cxt(output, &cast->output, context);
}

/* Is this a cast between integers that some values are too large for? */
static bool
narrows_integer(Oid from, Oid to)
{
	return (to == INT2OID && (from == INT4OID || from == INT8OID)) ||
		(to == INT4OID && from == INT8OID);
}

/*
 * A cast must not change what the key says: a lossy one would find a record
 * that "column = value" does not.
 */
static void
prepare_column(ColumnCast *cast, const TcMap *map, const TcColumn *column,
			   Oid from, MemoryContext context)
{
	Oid to = column->base_type;
	Oid function = InvalidOid;

	cast->to = to;
	cast->from = from;
	if (from == to || IsBinaryCoercible(from, to))
	{
		cast->kind = CAST_NONE;
		return;
	}
	if (from == TEXTOID || from == VARCHAROID || from == UNKNOWNOID)
	{
		cast->kind = from == UNKNOWNOID ? CAST_LITERAL : CAST_INPUT;
		prepare_input(cast, context);
		return;
	}
	if (narrows_integer(from, to))
	{
		cast->kind = CAST_NARROW;
		return;
	}
	switch (find_coercion_pathway(to, from, COERCION_IMPLICIT, &function))
	{
		case COERCION_PATH_RELABELTYPE:
			cast->kind = CAST_NONE;
			return;
		case COERCION_PATH_FUNC:
			if (!tc_may_execute(function, GetUserId()))
				aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION,
							   get_func_name(function));
			cast->kind = CAST_FUNCTION;
			fmgr_info_cxt(function, &cast->function, context);
			return;
		default:
			break;
	}
	if (to != TEXTOID && to != VARCHAROID)
		refuse_type(map, column, from);
	prepare_output(cast, from, context);
}

/* Does an integer fit a smaller type?  Gives it as that type. */
static bool
narrow_integer(ColumnCast *cast, Datum value, Datum *key)
{
	int64 number =
		cast->from == INT8OID ? DatumGetInt64(value) : DatumGetInt32(value);

	if (cast->to == INT2OID)
	{
		*key = Int16GetDatum((int16) number);
		return number >= PG_INT16_MIN && number <= PG_INT16_MAX;
	}
	*key = Int32GetDatum((int32) number);
	return number >= PG_INT32_MIN && number <= PG_INT32_MAX;
}

/* Read a key of a text; false when no key equals it. */
static bool
read_text(ColumnCast *cast, char *string, Datum *key)
{
	/* a name would be cut to what fits */
	if (cast->to == NAMEOID && strlen(string) >= NAMEDATALEN)
		return false;
	*key = InputFunctionCall(&cast->function, string, cast->io_param, -1);
	return true;
}

/* Make a key of a value; false when no key of the column's type equals it. */
static bool
cast_column(ColumnCast *cast, Datum value, Datum *key)
{
	switch (cast->kind)
	{
		case CAST_NONE:
			*key = value;
			break;
		case CAST_FUNCTION:
			/* a cast may want to know type modifier and explicitness */
			*key = cast->function.fn_nargs == 1
				? FunctionCall1(&cast->function, value)
				: FunctionCall3(&cast->function, value, Int32GetDatum(-1),
								BoolGetDatum(false));
			break;
		case CAST_NARROW:
			return narrow_integer(cast, value, key);
		case CAST_INPUT:
			return read_text(cast, text_to_cstring(DatumGetTextPP(value)), key);
		case CAST_LITERAL:
			return read_text(cast, DatumGetCString(value), key);
		case CAST_TEXT:
			*key =
				CStringGetTextDatum(OutputFunctionCall(&cast->output, value));
			break;
	}
	return true;
}

/* ----- rows ----- */

static void
refuse_field_count(const TcMap *map, int n)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a row of %d columns cannot be a key of map \"%s\"", n,
					map->name),
			 errdetail("Its key has %d columns.", map->layout.nkeys)));
}

/*
 * Prepare the casts of the fields of a row type, unless they are.  A row
 * type may change between two calls, and so may the map's key.
 */
static void
prepare_row(KeyCast *cast, const TcMap *map, TupleDesc desc)
{
	if (desc->natts != cast->nkeys)
		refuse_field_count(map, desc->natts);
	for (int i = 0; i < cast->nkeys; i++)
	{
		const TcColumn *key = &map->layout.keys[i];
		Oid type = TupleDescAttr(desc, i)->atttypid;

		if (cast->column[i].from == type &&
			cast->column[i].to == key->base_type)
			continue;

		/* should preparing fail, the cast is not taken to be prepared */
		cast->column[i].from = InvalidOid;
		prepare_column(&cast->column[i], map, key, type, cast->context);
	}
}

/* Take a key out of a row. */
static bool
cast_row(KeyCast *cast, const TcMap *map, HeapTupleHeader row, Datum *keys)
{
	TupleDesc desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
											HeapTupleHeaderGetTypMod(row));
	Datum values[INDEX_MAX_KEYS];
	bool nulls[INDEX_MAX_KEYS];
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row),
						   .t_data = row};
	bool possible = true;

	prepare_row(cast, map, desc);
	heap_deform_tuple(&tuple, desc, values, nulls);
	ReleaseTupleDesc(desc);
	for (int i = 0; i < cast->nkeys; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("column \"%s\" of the key must not be null",
							NameStr(map->layout.keys[i].name))));
		possible &= cast_column(&cast->column[i], values[i], &keys[i]);
	}
	return possible;
}

/* ----- keys ----- */

/* Does the call site's argument come as a row? */
static bool
is_row(Oid from)
{
	return from == RECORDOID || type_is_rowtype(from);
}

/*
 * The casts that are kept in one place; made anew when the map's key is
 * another, or the argument's type.
 */
static KeyCast *
get_cast(void **place, MemoryContext context, const TcMap *map, Oid from)
{
	int nkeys = map->layout.nkeys;
	KeyCast *cast = *place;

	if (cast != NULL && cast->from == from && cast->nkeys == nkeys &&
		(nkeys > 1 || cast->column[0].to == map->layout.keys[0].base_type))
		return cast;
	cast = MemoryContextAllocZero(context,
								  offsetof(KeyCast, column) +
									  nkeys * sizeof(ColumnCast));
	cast->from = from;
	cast->nkeys = nkeys;
	cast->context = context;
	if (nkeys == 1)
		prepare_column(&cast->column[0], map, &map->layout.keys[0], from,
					   context);
	else if (!is_row(from) && from != TEXTOID && from != VARCHAROID &&
			 from != UNKNOWNOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a value of type %s cannot be a key of map \"%s\"",
						format_type_be(from), map->name),
				 errdetail("Its key has %d columns.", nkeys),
				 errhint("Give a row of them, as in ROW(7, 'eu').")));
	*place = cast;
	return cast;
}

/* Make a key of a value; false when there can be no such key. */
static bool
apply_cast(KeyCast *cast, const TcMap *map, Datum value, Datum *keys)
{
	if (cast->nkeys == 1)
		return cast_column(&cast->column[0], value, &keys[0]);
	if (!is_row(cast->from))
		value = OidInputFunctionCall(F_RECORD_IN,
									 text_to_cstring(DatumGetTextPP(value)),
									 map->key_desc->tdtypeid,
									 map->key_desc->tdtypmod);
	return cast_row(cast, map, DatumGetHeapTupleHeader(value), keys);
}

void
tc_key_arg_report_range(const TcMap *map)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 map->layout.nkeys == 1
				 ? errmsg("key is out of range for type %s",
						  format_type_be(map->layout.keys[0].type))
				 : errmsg("key is out of range for its columns' types")));
}

bool
tc_key_arg_if_any(FunctionCallInfo fcinfo, int argno, const TcMap *map,
				  Datum *keys)
{
	KeyCast *cast;

	tc_arg_require(fcinfo, argno, "key");
	cast = get_cast(&fcinfo->flinfo->fn_extra, fcinfo->flinfo->fn_mcxt, map,
					get_fn_expr_argtype(fcinfo->flinfo, argno));
	return apply_cast(cast, map, PG_GETARG_DATUM(argno), keys);
}

void
tc_key_arg(FunctionCallInfo fcinfo, int argno, const TcMap *map, Datum *keys)
{
	if (!tc_key_arg_if_any(fcinfo, argno, map, keys))
		tc_key_arg_report_range(map);
}

/* A value that no key equals, as text. */
static char *
value_text(Oid type, Datum value)
{
	Oid output;
	bool is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

void
tc_key_arg_from_array(ArrayType *arg, const TcMap *map, void **place,
					  MemoryContext context, TcKeyArray *array)
{
	Oid type = ARR_ELEMTYPE(arg);
	KeyCast *cast = get_cast(place, context, map, type);
	Datum *elements;
	int16 length;
	bool by_value;
	char align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(arg, type, length, by_value, align, &elements,
					  &array->nulls, &array->n);
	array->impossible = palloc0(array->n * sizeof(char *));
	array->nkeys = map->layout.nkeys;

	/* keys of one column are an array of them already */
	array->keys = elements;
	if (array->nkeys == 1 && cast->column[0].kind == CAST_NONE)
		return;
	if (array->nkeys > 1)
		array->keys = palloc(array->n * array->nkeys * sizeof(Datum));
	for (int i = 0; i < array->n; i++)
	{
		Datum given = elements[i];

		if (!array->nulls[i] &&
			!apply_cast(cast, map, given, tc_key_arg_at(array, i)))
			array->impossible[i] = value_text(type, given);
	}
}

void
tc_key_arg_array(FunctionCallInfo fcinfo, int argno, const TcMap *map,
				 TcKeyArray *array)
{
	tc_arg_require(fcinfo, argno, "keys");
	tc_key_arg_from_array(PG_GETARG_ARRAYTYPE_P(argno), map,
						  &fcinfo->flinfo->fn_extra, fcinfo->flinfo->fn_mcxt,
						  array);
}
