/*-------------------------------------------------------------------------
 *
 * record_columns.c
 *	  Shows records as rows of the relation that a query names.
 *
 * Structure: what each column is taken from is found out once.  A column of
 * the key is the key that was asked for; where equal keys may differ, as 1.0
 * and 1.00 do, a record of one value does not have it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "query/record_columns.h"
#include "table/row.h"

static TcRecordColumn
describe_column(const TcRowLayout *layout, AttrNumber number)
{
	TcRecordColumn column = {TC_COLUMN_NULL, number - 1};
	int key = tc_row_layout_key_column(layout, number);

	if (number <= 0)
		return column;
	if (layout->value == NULL)
		column.source =
			number <= layout->natts ? TC_COLUMN_ROW : TC_COLUMN_NULL;
	else if (key >= 0)
	{
		column.source = TC_COLUMN_KEY;
		column.place = key;
	}
	else if (number == layout->value->number)
		column.source = TC_COLUMN_VALUE;
	else if (number == layout->expires)
		column.source = TC_COLUMN_EXPIRES;
	return column;
}

TcRecordColumns *
tc_record_columns_describe(const TcRowLayout *layout, const AttrNumber *numbers,
						   int n)
{
	TcRecordColumns *columns =
		palloc0(offsetof(TcRecordColumns, column) + n * sizeof(TcRecordColumn));

	columns->n = n;
	for (int i = 0; i < n; i++)
	{
		columns->column[i] =
			describe_column(layout, numbers == NULL ? i + 1 : numbers[i]);
		if (columns->row == i && columns->column[i].source == TC_COLUMN_ROW &&
			columns->column[i].place == i)
			columns->row++;
	}
	return columns;
}

void
tc_record_columns_show(const TcRecordColumns *columns, const Datum *keys,
					   const TcValue *value, Datum *values, bool *nulls)
{
	if (columns->row > 0)
	{
		memcpy(values, value->row.values, columns->row * sizeof(Datum));
		memcpy(nulls, value->row.nulls, columns->row * sizeof(bool));
	}
	for (int i = columns->row; i < columns->n; i++)
	{
		const TcRecordColumn *column = &columns->column[i];

		values[i] = (Datum) 0;
		nulls[i] = false;
		switch (column->source)
		{
			case TC_COLUMN_NULL:
				nulls[i] = true;
				break;
			case TC_COLUMN_ROW:
				values[i] = value->row.values[column->place];
				nulls[i] = value->row.nulls[column->place];
				break;
			case TC_COLUMN_KEY:
				values[i] = keys[column->place];
				break;
			case TC_COLUMN_VALUE:
				values[i] = value->value;
				nulls[i] = value->isnull;
				break;
			case TC_COLUMN_EXPIRES:
				values[i] = tc_row_expires_column(value->expires, &nulls[i]);
				break;
		}
	}
}

bool
tc_record_columns_has(const TcRowLayout *layout, AttrNumber number)
{
	if (layout->value == NULL || number == layout->value->number ||
		number == layout->expires)
		return true;
	return layout->nhashed == 0 &&
		tc_row_layout_key_column(layout, number) >= 0;
}
