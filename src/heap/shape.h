/*
 * shape.h
 *	  The form in which the rows of a table are kept as records.
 *
 * A record's data is the key columns in the order of the key, then the value
 * column, laid out like the columns of a heap tuple: each aligned as its
 * type wants, strings with short headers where they fit, nothing toasted.
 * So equal keys have equal bytes, a record's data begins with its key, and a
 * value is read where it lies.
 */
#ifndef TC_SHAPE_H
#define TC_SHAPE_H

#include "access/attnum.h"
#include "fmgr.h"
#include "utils/relcache.h"

/* One column of a record. */
typedef struct TcColumn
{
	AttrNumber number; /* in the table */
	NameData name;
	Oid type;
	int32 typmod;
	Oid collation;
	int16 length;
	bool by_value;
	char align;
	bool packable; /* may have a short header */
} TcColumn;

typedef struct TcShape
{
	int nkeys;
	TcColumn *keys;
	TcColumn value;
	AttrNumber expires; /* column expires_at, or 0 */
	uint32 fingerprint; /* changes with anything of the above */
} TcShape;

/* Describe a column of a table. */
extern void tc_column_describe(Relation rel, AttrNumber number,
							   TcColumn *column);

/* Is a column computed when it is read, so that no tuple has it? */
extern bool tc_column_is_virtual(Relation rel, AttrNumber number);

/* Complete a shape whose columns are known. */
extern void tc_shape_finish(TcShape *shape);

/* Bytes made of values; data is palloc'd unless it fits local. */
typedef struct TcBytes
{
	char *data;
	uint32 length;
	char local[128] pg_attribute_aligned(MAXIMUM_ALIGNOF);
} TcBytes;

/* Lay out a key. */
extern void tc_shape_form_key(const TcShape *shape, const Datum *keys,
							  TcBytes *bytes);

/* Lay out a whole record; value is detoasted if need be. */
extern void tc_shape_form_record(const TcShape *shape, const Datum *keys,
								 Datum value, bool isnull, TcBytes *bytes);

/* The value in a record's data; points into it where passed by reference. */
extern Datum tc_shape_value(const TcShape *shape, const char *data);

/* The key columns in a record's data; likewise. */
extern void tc_shape_keys(const TcShape *shape, const char *data, Datum *keys);

#endif /* TC_SHAPE_H */
