/*-------------------------------------------------------------------------
 *
 * row.c
 *	  Rows as arrays of columns, seen by the layout of their records.
 *
 * Failure: detoasting may fail like any read of a table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "base/pg_compat.h"
#include "table/row.h"

Size
tc_row_size(const TcRowLayout *layout, const TcRow *row)
{
	Size size = 0;

	for (int i = 0; i < layout->nstored; i++)
	{
		const TcColumn *column = &layout->stored[i];
		int att = column->number - 1;

		if (row->nulls[att])
			continue;
		size += column->length == -1
			? toast_raw_datum_size(row->values[att]) - VARHDRSZ
			: column->length;
	}
	return size;
}

bool
tc_row_has_toasted(const TcRowLayout *layout, const TcRow *row)
{
	for (int i = 0; i < tc_row_layout_ncolumns(layout); i++)
	{
		const TcColumn *column = tc_row_layout_column(layout, i);
		int att = column->number - 1;

		if (column->length == -1 && !row->nulls[att] &&
			VARATT_IS_EXTENDED(DatumGetPointer(row->values[att])) &&
			!VARATT_IS_SHORT(DatumGetPointer(row->values[att])))
			return true;
	}
	return false;
}

/* A copy of a value, flat. */
static Datum
copy_value(const TcColumn *column, Datum value)
{
	Datum flat = column->length == -1
		? PointerGetDatum(PG_DETOAST_DATUM_PACKED(value))
		: value;

	if (column->by_value || DatumGetPointer(flat) != DatumGetPointer(value))
		return flat;
	return datumCopy(flat, false, column->length);
}

void
tc_row_copy(const TcRowLayout *layout, const TcRow *row, Datum *values,
			bool *nulls)
{
	memset(nulls, true, layout->natts * sizeof(bool));
	for (int i = 0; i < tc_row_layout_ncolumns(layout); i++)
	{
		const TcColumn *column = tc_row_layout_column(layout, i);
		int att = column->number - 1;

		if (!nulls[att] || row->nulls[att])
			continue;
		values[att] = copy_value(column, row->values[att]);
		nulls[att] = false;
	}
}

void
tc_row_make(const TcRowLayout *layout, const Datum *keys, Datum value,
			bool isnull, Datum *values, bool *nulls)
{
	memset(nulls, true, layout->natts * sizeof(bool));
	for (int i = 0; i < layout->nkeys; i++)
	{
		values[layout->keys[i].number - 1] = keys[i];
		nulls[layout->keys[i].number - 1] = false;
	}
	values[layout->value->number - 1] = value;
	nulls[layout->value->number - 1] = isnull;
}

/* Times just outside what a timestamp can be stand for the infinite ones. */
#define EXPIRES_AT_INFINITY		  END_TIMESTAMP
#define EXPIRES_AT_MINUS_INFINITY (MIN_TIMESTAMP - 1)

TimestampTz
tc_row_expires(const TcRowLayout *layout, const TcRow *row)
{
	int att = layout->expires - 1;
	TimestampTz expires;

	if (layout->expires == 0 || row->nulls[att])
		return PG_INT64_MAX;
	expires = DatumGetTimestampTz(row->values[att]);
	if (TIMESTAMP_IS_NOEND(expires))
		return EXPIRES_AT_INFINITY;
	if (TIMESTAMP_IS_NOBEGIN(expires))
		return EXPIRES_AT_MINUS_INFINITY;
	return expires;
}

Datum
tc_row_expires_column(TimestampTz expires, bool *isnull)
{
	*isnull = expires == PG_INT64_MAX;
	if (expires == EXPIRES_AT_INFINITY)
		TIMESTAMP_NOEND(expires);
	else if (expires == EXPIRES_AT_MINUS_INFINITY)
		TIMESTAMP_NOBEGIN(expires);
	return TimestampTzGetDatum(expires);
}
