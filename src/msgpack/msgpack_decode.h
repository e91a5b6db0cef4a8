/*
 * msgpack_decode.h
 *	  MessagePack to jsonb, to values of any type, and to rows.
 *
 * The bytes may be hostile: whatever is not well-formed, is nested too deep,
 * or has no place where it is to go is an error that names the position.
 * Results are in the current memory context.
 */
#ifndef TC_MSGPACK_DECODE_H
#define TC_MSGPACK_DECODE_H

#include "nodes/bitmapset.h"
#include "utils/jsonb.h"

#include "msgpack/msgpack_layout.h"

/* Decode one MessagePack value that takes exactly the bytes given. */
extern Jsonb *tc_msgpack_decode_jsonb(bytea *data, int max_depth);

/*
 * The same as a value of a type; false if it is NULL.  Errors are those from
 * above, those of the type's input function and its domain's.
 */
extern bool tc_msgpack_decode_value(bytea *data, Oid typid, int32 typmod,
									int max_depth, Datum *value);

/* A row; values and nulls are indexed by attribute number less one. */
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
extern void tc_msgpack_decode_row(TcMsgpackLayout *layout, bytea *data,
								  int max_depth, TcMsgpackRow *row);

#endif /* TC_MSGPACK_DECODE_H */
