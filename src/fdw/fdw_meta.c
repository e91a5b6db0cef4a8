/*-------------------------------------------------------------------------
 *
 * fdw_meta.c
 *	  What a column of a foreign table can show about a record.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "cache/inspect.h"
#include "fdw/fdw_meta.h"
#include "table/row.h"

static const struct
{
	const char *name;
	Oid type;
} metas[TC_NMETA] = {[TC_META_COST] = {"cost", INT8OID},
					 [TC_META_BYTES] = {"bytes", INT8OID},
					 [TC_META_DIRTY] = {"dirty", BOOLOID},
					 [TC_META_HITS] = {"hits", INT8OID},
					 [TC_META_LAST_ACCESS] = {"last_access", TIMESTAMPTZOID},
					 [TC_META_EXPIRES_AT] = {"expires_at", TIMESTAMPTZOID},
					 [TC_META_RESIDENT] = {"resident", BOOLOID}};

int
tc_fdw_meta_kind(const char *name)
{
	for (int i = 0; i < TC_NMETA; i++)
	{
		if (strcmp(metas[i].name, name) == 0)
			return i;
	}
	return -1;
}

Oid
tc_fdw_meta_type(int kind)
{
	return metas[kind].type;
}

const char *
tc_fdw_meta_name(int kind)
{
	return metas[kind].name;
}

void
tc_fdw_meta_values(TcMap *map, Oid user, bool with_sizes, const Datum *keys,
				   Datum *values, bool *nulls)
{
	TcRecordInfo info;
	bool resident = tc_inspect(map, user, keys, &info);

	for (int i = 0; i < TC_NMETA; i++)
	{
		nulls[i] = !resident;
		values[i] = (Datum) 0;
	}
	nulls[TC_META_RESIDENT] = false;
	values[TC_META_RESIDENT] = BoolGetDatum(resident);
	if (!resident)
		return;
	nulls[TC_META_COST] = nulls[TC_META_BYTES] = !with_sizes;
	values[TC_META_COST] = Int64GetDatum(info.cost);
	values[TC_META_BYTES] = Int64GetDatum(info.bytes);
	values[TC_META_DIRTY] = BoolGetDatum(info.dirty);
	values[TC_META_HITS] = Int64GetDatum(info.hits);
	nulls[TC_META_LAST_ACCESS] = info.last_access == 0;
	values[TC_META_LAST_ACCESS] = TimestampTzGetDatum(info.last_access);
	values[TC_META_EXPIRES_AT] =
		tc_row_expires_column(info.expires, &nulls[TC_META_EXPIRES_AT]);
}
