/*-------------------------------------------------------------------------
 *
 * fill.c
 *	  Stores rows that were read from the table on a miss.
 *
 * Structure: a row is kept when its version is visible to the reader (or it
 * would not be here), committed and flushed, and the newest one.  Every later
 * snapshot sees it then, until a writer says otherwise.  That a key has no row
 * is kept when it is known which transaction made it so.
 *
 * Concurrency: the caller reads the key's write_seq before it reads the
 * table, and the segment compares it under its lock (versions.c).
 *
 * Failure: without memory nothing is stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"

#include "cache/cache_limits.h"
#include "cache/cost.h"
#include "cache/fill.h"
#include "segment/index/versions.h"
#include "segment/index/wanted.h"
#include "segment/stats/counters.h"

/* Hand an image to the segment and count what became of it. */
static uint32
store(const TcImage *image, uint32 write_seq)
{
	const TcMapEntry *entry = &image->probe->entry;

	switch (tc_versions_fill(image, write_seq))
	{
		case TC_FILL_STORED:
			tc_counters_add(entry, TC_COUNT_FILLS, 1);
			tc_cache_limits_stored(entry);
			return image->data_bytes;
		case TC_FILL_LOST:
			tc_counters_add(entry, TC_COUNT_FILLS_LOST, 1);
			tc_wanted_add(image->probe);
			return 0;
		case TC_FILL_NO_MEMORY:
			tc_counters_add(entry, TC_COUNT_NOT_RESIDENT, 1);
			return 0;
		case TC_FILL_PRESENT:
			return 0;
	}
	return 0;
}

uint32
tc_fill_row(TcMap *map, const TcProbe *probe, const TcTableRow *row,
			uint32 write_seq, uint64 warm_us)
{
	TcBytes bytes;
	TcImage image = {0};

	if (!row->newest)
	{
		tc_wanted_add(probe);
		return 0;
	}

	/* of many that miss a key at once one has been first */
	if (tc_versions_resident(probe))
		return 0;
	if (tc_cost_row_too_large(map, &row->row))
	{
		tc_counters_add(&probe->entry, TC_COUNT_NOT_RESIDENT, 1);
		return 0;
	}
	image.nulls = tc_row_layout_form_record(&map->layout, &row->row, &bytes);
	image.probe = probe;
	image.data = bytes.data;
	image.data_bytes = bytes.length;
	image.cost = tc_cost_of_row(map, &row->row);
	image.expires = tc_cache_limits_expiry(map, row->expires);
	image.xmin = row->xmin;
	image.committed = true;
	image.warm_us = warm_us;
	return store(&image, write_seq);
}

uint32
tc_fill_absent(TcMap *map, const TcProbe *probe, TcTableReader *reader,
			   const Datum *keys, uint32 write_seq)
{
	TransactionId since = tc_table_read_absent_since(reader, keys);
	TcBytes bytes;
	TcImage image = {0};

	if (!TransactionIdIsValid(since))
		return 0;
	tc_row_layout_form_absent(&map->layout, keys, &bytes);
	image.probe = probe;
	image.data = bytes.data;
	image.data_bytes = bytes.length;
	image.cost = tc_cost_of_key(map, keys);
	image.expires = tc_cache_limits_expiry(map, PG_INT64_MAX);
	image.xmin = since;
	image.committed = true;
	image.negative = true;
	return store(&image, write_seq);
}
