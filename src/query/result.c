/*-------------------------------------------------------------------------
 *
 * result.c
 *	  Turns what was found into results of SQL functions.
 *
 * Structure: a map with a value column has values of one type; a map of
 * whole rows has rows, which go through PostgreSQL's own conversions to jsonb
 * and text; to MessagePack, they go by their columns.
 *
 * Failure: errors are those of the types' own functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "base/settings.h"
#include "msgpack/msgpack_encode.h"
#include "query/result.h"
#include "table/key_text.h"

FmgrInfo *
tc_result_prepare(TcMap *map, FmgrInfo *function, Oid id, Oid result, Oid type,
				  int nargs)
{
	MemoryContext previous;
	List *args = NIL;

	if (OidIsValid(function->fn_oid))
		return function;
	previous = MemoryContextSwitchTo(map->context);
	for (int i = 1; i <= nargs; i++)
	{
		Param *argument = makeNode(Param);

		argument->paramkind = PARAM_EXTERN;
		argument->paramid = i;
		argument->paramtype = i == 1 ? type : JSONBOID;
		argument->paramtypmod = -1;
		argument->location = -1;
		args = lappend(args, argument);
	}
	fmgr_info_cxt(id, function, map->context);
	fmgr_info_set_expr((Node *) makeFuncExpr(id, result, args, InvalidOid,
											 InvalidOid, COERCE_EXPLICIT_CALL),
					   function);
	MemoryContextSwitchTo(previous);
	return function;
}

Datum
tc_result_row(const TcMap *map, const TcValue *value)
{
	return HeapTupleGetDatum(
		heap_form_tuple(map->desc, unconstify(Datum *, value->row.values),
						unconstify(bool *, value->row.nulls)));
}

Datum
tc_result_jsonb(TcMap *map, const TcValue *value)
{
	const TcColumn *column = map->layout.value;
	Oid type = column == NULL ? map->type : column->type;
	FmgrInfo *function;

	if (type == JSONBOID)
		return value->value;
	function =
		tc_result_prepare(map, &map->to_jsonb, F_TO_JSONB, JSONBOID, type, 1);
	return FunctionCall1(function,
						 column == NULL ? tc_result_row(map, value)
										: value->value);
}

Datum
tc_result_text(TcMap *map, const TcValue *value)
{
	const TcColumn *column = map->layout.value;
	Oid output;
	bool is_varlena;

	if (column == NULL)
		return CStringGetTextDatum(
			OidOutputFunctionCall(F_RECORD_OUT, tc_result_row(map, value)));
	if (column->base_type == TEXTOID || column->base_type == VARCHAROID ||
		column->base_type == JSONOID)
		return value->value;
	if (column->base_type == JSONBOID)
	{
		Jsonb *document = DatumGetJsonbP(value->value);
		StringInfoData string;

		initStringInfo(&string);
		(void) JsonbToCString(&string, &document->root, VARSIZE(document));
		return PointerGetDatum(
			cstring_to_text_with_len(string.data, string.len));
	}
	getTypeOutputInfo(column->type, &output, &is_varlena);
	return CStringGetTextDatum(OidOutputFunctionCall(output, value->value));
}

Datum
tc_result_msgpack(TcMap *map, const TcValue *value)
{
	const TcColumn *column = map->layout.value;

	if (column == NULL)
		return PointerGetDatum(
			tc_msgpack_encode_row(tc_map_encoder(map), value->row.values,
								  value->row.nulls, tc_max_msgpack_depth));
	return PointerGetDatum(
		tc_msgpack_encode(value->value, column->type, tc_max_msgpack_depth));
}

Datum
tc_result_key(const TcMap *map, const Datum *keys)
{
	if (map->layout.nkeys == 1 && map->layout.keys[0].base_type == TEXTOID)
		return keys[0];
	return CStringGetTextDatum(tc_key_text(map, keys));
}
