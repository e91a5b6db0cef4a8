/*-------------------------------------------------------------------------
 *
 * sql_msgpack.c
 *	  SQL functions about MessagePack and cost, without any map.
 *
 * Structure: each function takes its arguments and calls the codec.
 *
 * Failure: that of the codec; a document that is nested too deep has a cost
 * all the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "fmgr.h"

#include "base/pg_compat.h"
#include "base/settings.h"
#include "msgpack/msgpack_decode.h"
#include "msgpack/msgpack_encode.h"

/* Cost of a value that cannot be encoded. */
#define COST_TOO_DEEP 4096

TC_FUNCTION(topcache_to_msgpack);
TC_FUNCTION(topcache_from_msgpack);
TC_FUNCTION(topcache_cost);

Datum
topcache_to_msgpack(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(
		tc_msgpack_encode(PG_GETARG_DATUM(0), JSONBOID, tc_max_msgpack_depth));
}

Datum
topcache_from_msgpack(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(
		tc_msgpack_decode_jsonb(PG_GETARG_BYTEA_PP(0), tc_max_msgpack_depth));
}

Datum
topcache_cost(PG_FUNCTION_ARGS)
{
	int64 value_cost = tc_msgpack_encode_length(PG_GETARG_DATUM(0), JSONBOID,
												tc_max_msgpack_depth);

	if (value_cost == TC_MSGPACK_TOO_DEEP)
		value_cost = COST_TOO_DEEP;
	/* a key's length is its size less the header, compressed or not */
	PG_RETURN_INT64(Max(value_cost, 1) +
					(int64) toast_raw_datum_size(PG_GETARG_DATUM(1)) -
					VARHDRSZ);
}
