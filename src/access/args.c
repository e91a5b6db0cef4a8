/*-------------------------------------------------------------------------
 *
 * args.c
 *	  Takes arguments of SQL functions and makes their results.
 *
 * Structure: how an argument becomes a key depends on its type and on the
 * key column's, which are the same in every call from one place in a
 * statement; so it is looked up once and kept with the call site.
 *
 * Concurrency: nothing shared.
 *
 * Failure: what cannot be a key of the map is refused as an assignment to
 * the column would be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "access/args.h"
#include "base/compat.h"
#include "heap/keytext.h"

/* ----- keys ----- */

/* How a value of one type becomes one of another. */
typedef enum CastKind
{
	CAST_NONE, /* it is one already */
	CAST_FUNCTION,
	CAST_NARROW, /* to a smaller integer, if it fits */
	CAST_INPUT,	 /* text: read by the type's input function */
	CAST_TEXT	 /* any, to text: shown */
} CastKind;

/* A cast, looked up; kept in fn_extra. */
typedef struct KeyCast
{
	Oid from;
	Oid to;
	CastKind kind;
	FmgrInfo function; /* of the cast, or the input function */
	FmgrInfo output;   /* for CAST_TEXT */
	Oid io_param;
} KeyCast;

static void
refuse_type(const TcMap *map, Oid from)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a value of type %s cannot be a key of map \"%s\"",
					format_type_be(from), map->name),
			 errdetail("Its key column is of type %s.",
					   format_type_be(map->shape.keys[0].type))));
}

/* Prepare reading the target type from text. */
static void
prepare_input(KeyCast *cast, MemoryContext context)
{
	Oid input;

	getTypeInputInfo(cast->to, &input, &cast->io_param);
	fmgr_info_cxt(input, &cast->function, context);
}

/* Prepare showing a value as text, for a key column of text. */
static void
prepare_output(KeyCast *cast, Oid from, MemoryContext context)
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
prepare_cast(KeyCast *cast, const TcMap *map, Oid from, MemoryContext context)
{
	const TcColumn *column = &map->shape.keys[0];
	Oid function = InvalidOid;

	cast->from = from;
	cast->to = column->type;
	if (from == column->type || IsBinaryCoercible(from, column->type))
	{
		cast->kind = CAST_NONE;
		return;
	}
	if (from == TEXTOID || from == VARCHAROID || from == UNKNOWNOID)
	{
		cast->kind = CAST_INPUT;
		prepare_input(cast, context);
		return;
	}
	if (narrows_integer(from, column->type))
	{
		cast->kind = CAST_NARROW;
		return;
	}
	switch (
		find_coercion_pathway(column->type, from, COERCION_IMPLICIT, &function))
	{
		case COERCION_PATH_RELABELTYPE:
			cast->kind = CAST_NONE;
			return;
		case COERCION_PATH_FUNC:
			cast->kind = CAST_FUNCTION;
			fmgr_info_cxt(function, &cast->function, context);
			return;
		default:
			break;
	}
	if (column->type != TEXTOID && column->type != VARCHAROID)
		refuse_type(map, from);
	prepare_output(cast, from, context);
}

/*
 * The cast that is kept in one place; made anew when the map's key type or
 * the argument's is another.
 */
static KeyCast *
get_cast(void **place, MemoryContext context, const TcMap *map, Oid from)
{
	KeyCast *cast = *place;

	if (cast != NULL && cast->from == from &&
		cast->to == map->shape.keys[0].type)
		return cast;
	cast = MemoryContextAllocZero(context, sizeof(KeyCast));
	prepare_cast(cast, map, from, context);
	*place = cast;
	return cast;
}

/* Does an integer fit a smaller type?  Gives it as that type. */
static bool
narrow_integer(KeyCast *cast, Datum value, Datum *key)
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

/* Make a key of a value; false when no key of the column's type equals it. */
static bool
apply_cast(KeyCast *cast, Datum value, Datum *key)
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
			*key = InputFunctionCall(&cast->function,
									 text_to_cstring(DatumGetTextPP(value)),
									 cast->io_param, -1);
			break;
		case CAST_TEXT:
			*key =
				CStringGetTextDatum(OutputFunctionCall(&cast->output, value));
			break;
	}
	return true;
}

/* An integer that is too large for a key, as text. */
static char *
integer_text(const KeyCast *cast, Datum value)
{
	return psprintf(INT64_FORMAT,
					cast->from == INT8OID ? DatumGetInt64(value)
										  : (int64) DatumGetInt32(value));
}

void
tc_report_out_of_range(const TcMap *map)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("key is out of range for type %s",
					format_type_be(map->shape.keys[0].type))));
}

bool
tc_arg_key_if_any(FunctionCallInfo fcinfo, int argno, const TcMap *map,
				  Datum *keys)
{
	KeyCast *cast;

	tc_require_arg(fcinfo, argno, "key");
	cast = get_cast(&fcinfo->flinfo->fn_extra, fcinfo->flinfo->fn_mcxt, map,
					get_fn_expr_argtype(fcinfo->flinfo, argno));
	return apply_cast(cast, PG_GETARG_DATUM(argno), &keys[0]);
}

void
tc_arg_key(FunctionCallInfo fcinfo, int argno, const TcMap *map, Datum *keys)
{
	if (!tc_arg_key_if_any(fcinfo, argno, map, keys))
		tc_report_out_of_range(map);
}

void
tc_keys_from_array(ArrayType *arg, const TcMap *map, void **place,
				   MemoryContext context, TcKeyArray *array)
{
	KeyCast *cast = get_cast(place, context, map, ARR_ELEMTYPE(arg));
	Datum *elements;
	int16 length;
	bool by_value;
	char align;

	get_typlenbyvalalign(ARR_ELEMTYPE(arg), &length, &by_value, &align);
	deconstruct_array(arg, ARR_ELEMTYPE(arg), length, by_value, align,
					  &elements, &array->nulls, &array->n);
	array->impossible = palloc0(array->n * sizeof(char *));

	/* a key of one column is an array of one datum already */
	array->keys = (Datum(*)[1]) elements;
	if (cast->kind == CAST_NONE)
		return;
	for (int i = 0; i < array->n; i++)
	{
		Datum given = elements[i];

		if (!array->nulls[i] && !apply_cast(cast, given, &elements[i]))
			array->impossible[i] = integer_text(cast, given);
	}
}

void
tc_arg_keys(FunctionCallInfo fcinfo, int argno, const TcMap *map,
			TcKeyArray *array)
{
	tc_require_arg(fcinfo, argno, "keys");
	tc_keys_from_array(PG_GETARG_ARRAYTYPE_P(argno), map,
					   &fcinfo->flinfo->fn_extra, fcinfo->flinfo->fn_mcxt,
					   array);
}

Datum
tc_key_as_text(const TcMap *map, const Datum *keys)
{
	if (map->shape.nkeys == 1 && map->shape.keys[0].type == TEXTOID)
		return keys[0];
	return CStringGetTextDatum(tc_key_text(&map->shape, keys));
}

/* ----- values ----- */

Datum
tc_value_from_text(const TcMap *map, text *string)
{
	const TcColumn *column = &map->shape.value;
	Oid input;
	Oid io_param;

	if (column->type == TEXTOID)
		return PointerGetDatum(string);
	getTypeInputInfo(column->type, &input, &io_param);
	return OidInputFunctionCall(input, text_to_cstring(string), io_param,
								column->typmod);
}

Datum
tc_value_from_jsonb(const TcMap *map, Jsonb *document)
{
	Oid type = map->shape.value.type;
	JsonbValue scalar;
	char *string;

	if (type == JSONBOID)
		return JsonbPGetDatum(document);
	if (type != JSONOID && JB_ROOT_IS_SCALAR(document) &&
		JsonbExtractScalar(&document->root, &scalar) &&
		scalar.type == jbvString)
		return tc_value_from_text(
			map,
			cstring_to_text_with_len(scalar.val.string.val,
									 scalar.val.string.len));
	string = JsonbToCString(NULL, &document->root, VARSIZE(document));
	return tc_value_from_text(map, cstring_to_text(string));
}

/* to_jsonb() for a type that only we know; it asks for its argument's type. */
static Datum
call_to_jsonb(Oid type, Datum value)
{
	FmgrInfo function;
	Param *argument = makeNode(Param);

	argument->paramkind = PARAM_EXTERN;
	argument->paramid = 1;
	argument->paramtype = type;
	argument->paramtypmod = -1;
	argument->location = -1;
	fmgr_info(F_TO_JSONB, &function);
	fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID,
											 list_make1(argument), InvalidOid,
											 InvalidOid, COERCE_EXPLICIT_CALL),
					   &function);
	return FunctionCall1(&function, value);
}

Datum
tc_value_as_jsonb(const TcMap *map, Datum value)
{
	Oid type = map->shape.value.type;

	return type == JSONBOID ? value : call_to_jsonb(type, value);
}

Datum
tc_value_as_text(const TcMap *map, Datum value)
{
	Oid type = map->shape.value.type;
	Oid output;
	bool is_varlena;

	if (type == TEXTOID || type == VARCHAROID || type == JSONOID)
		return value;
	if (type == JSONBOID)
	{
		Jsonb *document = DatumGetJsonbP(value);
		StringInfoData string;

		initStringInfo(&string);
		(void) JsonbToCString(&string, &document->root, VARSIZE(document));
		return PointerGetDatum(
			cstring_to_text_with_len(string.data, string.len));
	}
	getTypeOutputInfo(type, &output, &is_varlena);
	return CStringGetTextDatum(OidOutputFunctionCall(output, value));
}

/* ----- others ----- */

void
tc_report_no_expiry(const TcMap *map)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("records of map \"%s\" have no time to live of their own",
					map->name),
			 errdetail("Its table has no column for it.")));
}

TimestampTz
tc_arg_expires(FunctionCallInfo fcinfo, int argno, const TcMap *map)
{
	Interval *ttl = map->def.ttl;
	TimestampTz now = GetCurrentStatementStartTimestamp();
	TimestampTz expires;

	if (argno < PG_NARGS() && !PG_ARGISNULL(argno))
		ttl = PG_GETARG_INTERVAL_P(argno);
	if (ttl == NULL)
		return PG_INT64_MAX;
	if (map->def.durable && map->shape.expires == 0)
	{
		if (argno >= PG_NARGS() || PG_ARGISNULL(argno))
			return PG_INT64_MAX;
		tc_report_no_expiry(map);
	}
	expires = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
													  TimestampTzGetDatum(now),
													  IntervalPGetDatum(ttl)));
	if (expires <= now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time to live must be positive")));
	return expires;
}

void
tc_require_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

void
tc_require_owner(Oid relation)
{
	if (!tc_owns_relation(relation, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relation)),
					   get_rel_name(relation));
}
