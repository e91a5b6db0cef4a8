/*-------------------------------------------------------------------------
 *
 * value_arg.c
 *	  Takes values of a map's value column out of arguments.
 *
 * Failure: errors are those of the type's own functions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/settings.h"
#include "msgpack/msgpack_decode.h"
#include "query/value_arg.h"

Datum
tc_value_arg_from_text(const TcMap *map, text *string)
{
	const TcColumn *column = map->layout.value;
	Oid input;
	Oid io_param;

	if (column->type == TEXTOID)
		return PointerGetDatum(string);
	getTypeInputInfo(column->type, &input, &io_param);
	return OidInputFunctionCall(input, text_to_cstring(string), io_param,
								column->typmod);
}

Datum
tc_value_arg_from_jsonb(const TcMap *map, Jsonb *document)
{
	Oid type = map->layout.value->base_type;
	JsonbValue scalar;
	char *string;

	if (map->layout.value->type == JSONBOID)
		return JsonbPGetDatum(document);
	if (type != JSONOID && type != JSONBOID && JB_ROOT_IS_SCALAR(document) &&
		JsonbExtractScalar(&document->root, &scalar) &&
		scalar.type == jbvString)
		return tc_value_arg_from_text(
			map,
			cstring_to_text_with_len(scalar.val.string.val,
									 scalar.val.string.len));
	string = JsonbToCString(NULL, &document->root, VARSIZE(document));
	return tc_value_arg_from_text(map, cstring_to_text(string));
}

bool
tc_value_arg_from_msgpack(const TcMap *map, bytea *data, Datum *value)
{
	const TcColumn *column = map->layout.value;

	return tc_msgpack_decode_value(data, column->type, column->typmod,
								   tc_max_msgpack_depth, value);
}
