/*
 * put.h
 *	  Writes a record, wherever the records of its map are.
 */
#ifndef TC_PUT_H
#define TC_PUT_H

#include "table/table_sql_row.h"

/* A record to be written: a value, or the columns of a row. */
typedef struct TcNewRecord
{
	Datum value;
	bool isnull;
	TcNewColumns columns;
	TimestampTz expires; /* PG_INT64_MAX: never */
} TcNewRecord;

/* In place of what is there, or new; true when it is new. */
extern bool tc_put_record(TcMap *map, const Datum *keys,
						  const TcNewRecord *record);

/* Unless there is one; true when it was written. */
extern bool tc_put_absent_record(TcMap *map, const Datum *keys,
								 const TcNewRecord *record);

/*
 * In place of one that has the value expected, or of a row whose jsonb form is
 * that; true when it was written.
 */
extern bool tc_put_replace(TcMap *map, const Datum *keys, Datum expected,
						   const TcNewRecord *record);

/*
 * Add to the number that is there, or to 0; gives the sum.  An error where
 * there is no number.
 */
extern int64 tc_put_increment(TcMap *map, const Datum *keys,
							  const TcNewRecord *by);

#endif /* TC_PUT_H */
