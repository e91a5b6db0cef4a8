/*-------------------------------------------------------------------------
 *
 * value.c
 *	  What a read gives: a value, or a whole row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cache/value.h"

void
tc_value_of_row(const TcMap *map, const TcRow *row, TcValue *value)
{
	const TcColumn *column = map->layout.value;

	value->found = true;
	value->isnull = false;
	value->value = (Datum) 0;
	value->row = *row;
	if (column == NULL)
		return;
	value->isnull = row->nulls[column->number - 1];
	if (!value->isnull)
		value->value = row->values[column->number - 1];
}

Size
tc_value_bytes(const TcMap *map)
{
	const TcRowLayout *layout = &map->layout;

	return layout->value != NULL
		? 0
		: MAXALIGN(layout->natts * (sizeof(Datum) + sizeof(bool)));
}

void
tc_value_of_data(const TcMap *map, char *space, uint32 key_bytes,
				 bool has_nulls, TcValue *value)
{
	const TcRowLayout *layout = &map->layout;
	const char *data = space + tc_value_bytes(map);
	Datum *values = (Datum *) space;
	bool *nulls = (bool *) (values + layout->natts);

	value->isnull = false;
	if (layout->value == NULL)
	{
		tc_row_layout_columns(layout, data, has_nulls, values, nulls);
		value->row.values = values;
		value->row.nulls = nulls;
	}
	else if (has_nulls)
		value->isnull = true;
	else
		value->value = tc_row_layout_value(layout, data, key_bytes);
}
