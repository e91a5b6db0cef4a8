/*
 * value.h
 *	  What a read gives: a value, or a whole row.
 */
#ifndef TC_VALUE_H
#define TC_VALUE_H

#include "datatype/timestamp.h"

#include "table/map.h"

/*
 * What a read found, in the memory context of the read: the value, or, of a
 * map that keeps whole rows, the row.
 */
typedef struct TcValue
{
	bool found;
	bool isnull; /* there is a row, its value is NULL */
	Datum value;
	TcRow row;			 /* with nothing toasted */
	TimestampTz expires; /* see tc_row_expires() */
} TcValue;

/*
 * Give a row that was read in some other way the form of a value; the row is
 * not copied.
 */
extern void tc_value_of_row(const TcMap *map, const TcRow *row, TcValue *value);

/*
 * Take a value out of the data of a record, found by a key of so many bytes.
 * It will point into the space, which has room for the columns of a row, if
 * the map keeps rows, and the data behind that.
 */
extern void tc_value_of_data(const TcMap *map, char *space, uint32 key_bytes,
							 bool has_nulls, TcValue *value);
extern Size tc_value_bytes(const TcMap *map);

#endif /* TC_VALUE_H */
