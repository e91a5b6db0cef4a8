/*
 * msgpack.h
 *	  MessagePack: how records travel, and how their weight is measured.
 *
 * Values and rows are encoded as MessagePack or, by the same code, only
 * measured; MessagePack from outside is decoded to jsonb.  What becomes what:
 *
 *		jsonb null, boolean, string, array		nil, bool, str, array
 *		jsonb object							map, keys in jsonb's order
 *		jsonb number that is an integer			int or uint, shortest form
 *		jsonb number that a double prints as	float 64
 *		any other jsonb number					extension 110, decimal text
 *		row										map of column names to values
 *		NULL in a row							nil
 *		smallint, integer, bigint				int, shortest form
 *		real, double precision, boolean			float 32, float 64, bool
 *		text, varchar, char(n), name, bytea		str, bin
 *		any other type							str of its text form
 *
 * To jsonb, 1.0 is not written like 1.  A number takes the form that gives
 * back the very same one, with all its decimals.
 *
 * In the other direction, float 32 becomes the integer it is or the number it
 * prints as, bin base64 text, a timestamp (extension -1) ISO 8601 text, and
 * an unknown extension an object {"type": number, "data": base64 text}.  Of
 * equal keys the last one wins; NaN and the infinities are refused.
 *
 * To a column, a value comes in the form in which it left.  Any number,
 * boolean, decimal or timestamp may stand for its text, and text for any
 * value that has a text form; NaN and the infinities are numbers then.  json
 * takes any document.
 *
 * Nesting is counted in arrays and maps (and objects made of extensions), one
 * inside the other; a scalar has none, a row is a map.  Strings are UTF-8
 * outside and in the database's encoding inside.
 */
#ifndef TC_MSGPACK_H
#define TC_MSGPACK_H

#include "access/tupdesc.h"
#include "nodes/bitmapset.h"
#include "utils/jsonb.h"

/* The extension types of decimal numbers, 'n', and of JSON's null, 'j'. */
#define TC_MSGPACK_EXT_DECIMAL 110
#define TC_MSGPACK_EXT_NULL	   106

/* What measuring returns for a value that is nested too deep. */
#define TC_MSGPACK_TOO_DEEP (-1)

/*
 * The columns of a row type, prepared for encoding any number of its rows.
 */
typedef struct TcMsgpackShape TcMsgpackShape;

/*
 * Length in bytes of a value's encoding, or TC_MSGPACK_TOO_DEEP.  The value
 * is not NULL.  Nothing is written anywhere; what detoasting or an output
 * function allocates is freed.
 */
extern int64 tc_msgpack_length(Datum value, Oid typid, int max_depth);

/*
 * The value's encoding, in the current memory context.  Error if it is
 * nested too deep.
 */
extern bytea *tc_msgpack_encode(Datum value, Oid typid, int max_depth);

/*
 * The shape of a row type, allocated in the memory context given.  Dropped
 * columns are left out.
 */
extern TcMsgpackShape *tc_msgpack_shape_create(TupleDesc desc,
											   MemoryContext context);

/*
 * The same as above for a row.  Values and nulls are indexed by attribute
 * number less one, as heap_deform_tuple leaves them.
 */
extern int64 tc_msgpack_row_length(TcMsgpackShape *shape, const Datum *values,
								   const bool *nulls, int max_depth);
extern bytea *tc_msgpack_row_encode(TcMsgpackShape *shape, const Datum *values,
									const bool *nulls, int max_depth);

/*
 * Decode one MessagePack value that takes exactly the bytes given, in the
 * current memory context.  The bytes may be hostile: whatever is not
 * well-formed, is nested too deep, or has no place in jsonb is an error that
 * names the position.
 */
extern Jsonb *tc_msgpack_to_jsonb(const char *data, Size len, int max_depth);

/*
 * Decode one value that takes exactly the bytes given as a value of a type,
 * in the current memory context; false if it is NULL.  Errors are those from
 * above, those of the type's input function and its domain's.
 */
extern bool tc_msgpack_to_value(bytea *data, Oid typid, int32 typmod,
								int max_depth, Datum *value);

/* A row that has been decoded; values and nulls as above. */
typedef struct TcMsgpackRow
{
	const char *relation; /* for messages */
	Datum *values;
	bool *nulls;
	Bitmapset *given; /* attribute numbers of the columns it names */
} TcMsgpackRow;

/*
 * The same for a map of column names to values.  Generated columns are not
 * looked at.  The caller makes room for values and nulls; they are set only
 * for columns that are given.
 */
extern void tc_msgpack_to_row(TcMsgpackShape *shape, bytea *data, int max_depth,
							  TcMsgpackRow *row);

#endif /* TC_MSGPACK_H */
