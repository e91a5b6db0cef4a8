/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  Measures what a record weighs, wherever it enters the cache.
 *
 * Structure: one function, called for a put, a fill and a hydrate alike.
 *
 * Failure: a value that is nested too deeply to be encoded, or has characters
 * that UTF-8 has not, is given a default cost, warned about once per session,
 * counted, and kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/settings.h"
#include "cache/binding.h"
#include "cache/cost.h"
#include "msgpack/msgpack_encode.h"
#include "segment/stats/counters.h"
#include "table/key_text.h"
#include "table/row.h"

/* What can be wrong with a value that cannot be measured. */
#define TOO_DEEP_DETAIL \
	"It is nested deeper than \"topcache.max_msgpack_depth\" (%d)"

/* Cost of a value that cannot be measured. */
#define COST_DEFAULT 4096

static bool warned = false;

static int64
default_cost(TcMap *map)
{
	tc_counters_add(tc_binding_entry(map), TC_COUNT_COST_DEFAULTED, 1);
	if (!warned)
	{
		warned = true;
		ereport(
			WARNING,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("a record of map \"%s\" cannot be encoded as MessagePack",
					map->name),
			 GetDatabaseEncoding() == PG_UTF8
				 ? errdetail(TOO_DEEP_DETAIL "; its cost is taken to be %d.",
							 tc_max_msgpack_depth, COST_DEFAULT)
				 : errdetail(TOO_DEEP_DETAIL
							 ", or has characters that UTF-8 has not; its "
							 "cost is taken to be %d.",
							 tc_max_msgpack_depth, COST_DEFAULT)));
	}
	return COST_DEFAULT;
}

static int64
encoded_length(TcMap *map, const TcRow *row)
{
	const TcColumn *column = map->layout.value;

	if (column == NULL)
		return tc_msgpack_encode_row_length(tc_map_encoder(map), row->values,
											row->nulls, tc_max_msgpack_depth);
	if (row->nulls[column->number - 1])
		return 1;
	return tc_msgpack_encode_length(row->values[column->number - 1],
									column->type, tc_max_msgpack_depth);
}

/*
 * Length of a row's encoding, or TC_MSGPACK_TOO_DEEP.  MessagePack is UTF-8;
 * where the database is not, a character may have no place there.  That must
 * not be the end of a user's statement, so the error is caught; nothing but
 * memory is taken between it and here.
 */
static int64
measure_row(TcMap *map, const TcRow *row)
{
	MemoryContext context = CurrentMemoryContext;
	int64 length = TC_MSGPACK_TOO_DEEP;

	if (GetDatabaseEncoding() == PG_UTF8)
		return encoded_length(map, row);
	PG_TRY();
	{
		length = encoded_length(map, row);
	}
	PG_CATCH();
	{
		int code = geterrcode();

		if (code != ERRCODE_UNTRANSLATABLE_CHARACTER &&
			code != ERRCODE_CHARACTER_NOT_IN_REPERTOIRE)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return length;
}

uint32
tc_cost_of_row(TcMap *map, const TcRow *row)
{
	Datum keys[INDEX_MAX_KEYS];
	int64 cost = measure_row(map, row);

	if (cost < 0)
		cost = default_cost(map);
	if (tc_row_layout_row_keys(&map->layout, row, keys))
		cost += tc_key_text_length(map, keys);
	return Max(cost, 1);
}

uint32
tc_cost_of_key(TcMap *map, const Datum *keys)
{
	return 1 + tc_key_text_length(map, keys);
}

bool
tc_cost_row_too_large(const TcMap *map, const TcRow *row)
{
	return tc_row_size(&map->layout, row) > (Size) tc_max_record_size_kb * 1024;
}
