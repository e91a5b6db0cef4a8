/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  Compares the segment with the table, record by record.
 *
 * Structure: a walk through the segment; for each record whose newest
 * version the snapshot sees, the row is read from the table under the same
 * snapshot, laid out as a record, and compared byte by byte.
 *
 * Concurrency: a version that is the newest when it is copied and that the
 * snapshot sees is what the snapshot must see in the table, whatever is
 * written meanwhile.
 *
 * Failure: that of a SELECT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cache/binding.h"
#include "cache/cost.h"
#include "cache/read.h"
#include "cache/verify.h"
#include "cache/visibility.h"
#include "segment/index/walk.h"
#include "segment/check.h"
#include "table/table_read.h"

struct TcVerify
{
	TcMap *map;
	Snapshot snapshot;
	TcTableReader *table; /* NULL: nothing can be compared */
	TcWalk walk;
	MemoryContext row;
};

TcVerify *
tc_verify_begin(TcMap *map, Snapshot snapshot, MemoryContext context)
{
	TcVerify *verify = MemoryContextAllocZero(context, sizeof(TcVerify));

	verify->map = map;
	verify->snapshot = snapshot;
	verify->row =
		AllocSetContextCreate(context, "topcache row", ALLOCSET_DEFAULT_SIZES);
	tc_walk_init(&verify->walk, context);
	if (tc_bypass_may_fill(map, snapshot))
		verify->table = tc_table_read_begin(map, snapshot, context);
	return verify;
}

/* Compare one record; NULL when it is as it must be. */
static const char *
compare_entry(TcVerify *verify, const TcWalkRecord *entry, Datum *keys)
{
	const TcRowLayout *layout = &verify->map->layout;
	TcTableRow row;
	TcBytes bytes;
	bool has_nulls;

	tc_row_layout_keys(layout, entry->data, keys);
	if (!tc_table_read_key(verify->table, keys, &row))
		return entry->version.negative
			? NULL
			: "the record is cached, but the table has no such row";
	if (entry->version.negative)
		return "the record is cached as absent, but the table has the row";
	if (layout->expires != 0 && row.expires != entry->version.expires)
		return "the record expires at another time than the row";
	if (tc_cost_row_too_large(verify->map, &row.row))
		return "the record is cached, but the row is too large for that";
	has_nulls = tc_row_layout_form_record(layout, &row.row, &bytes);
	if (has_nulls != entry->version.nulls ||
		bytes.length != entry->version.data_bytes ||
		memcmp(bytes.data, entry->data, bytes.length) != 0)
		return "the record differs from the row";
	return NULL;
}

const char *
tc_verify_next(TcVerify *verify, Datum *keys)
{
	const TcWalkRecord *entry;

	if (verify->table == NULL)
		return NULL;
	while ((entry = tc_walk_next(&verify->walk,
								 tc_binding_entry(verify->map))) != NULL)
	{
		MemoryContext caller;
		const char *problem;

		CHECK_FOR_INTERRUPTS();
		if (!tc_visibility_sees(&entry->version, verify->snapshot))
			continue;
		MemoryContextReset(verify->row);
		caller = MemoryContextSwitchTo(verify->row);
		problem = compare_entry(verify, entry, keys);
		MemoryContextSwitchTo(caller);
		if (problem != NULL)
			return problem;
	}
	return NULL;
}

void
tc_verify_end(TcVerify *verify)
{
	tc_check_all();
	if (verify->table != NULL)
		tc_table_read_end(verify->table);
	MemoryContextDelete(verify->row);
	pfree(verify);
}
