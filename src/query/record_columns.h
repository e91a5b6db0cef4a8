/*
 * record_columns.h
 *	  Shows records as rows of the relation that a query names.
 */
#ifndef TC_RECORD_COLUMNS_H
#define TC_RECORD_COLUMNS_H

#include "cache/read.h"

/* What a column of a row is taken from. */
typedef enum TcColumnSource
{
	TC_COLUMN_NULL, /* records do not have it */
	TC_COLUMN_ROW,	/* the record's row */
	TC_COLUMN_KEY,
	TC_COLUMN_VALUE,
	TC_COLUMN_EXPIRES
} TcColumnSource;

typedef struct TcRecordColumn
{
	TcColumnSource source;
	int place; /* in the record's row or its key */
} TcRecordColumn;

/* The columns of a row. */
typedef struct TcRecordColumns
{
	int n;
	int row; /* so many first ones are those of the record's row, in order */
	TcRecordColumn column[FLEXIBLE_ARRAY_MEMBER];
} TcRecordColumns;

/*
 * Describe a row with columns of a map's table, given by their numbers there
 * (0: NULL); without numbers, the first n.
 */
extern TcRecordColumns *tc_record_columns_describe(const TcRowLayout *layout,
												   const AttrNumber *numbers,
												   int n);

/* Show a record as such a row. */
extern void tc_record_columns_show(const TcRecordColumns *columns,
								   const Datum *keys, const TcValue *value,
								   Datum *values, bool *nulls);

/* Does a record have a column of the table, as it is there? */
extern bool tc_record_columns_has(const TcRowLayout *layout, AttrNumber number);

#endif /* TC_RECORD_COLUMNS_H */
