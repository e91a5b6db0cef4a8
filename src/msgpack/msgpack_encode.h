/*
 * msgpack_encode.h
 *	  Values and rows to MessagePack, or how long that is.
 *
 * Measuring writes nothing anywhere; what detoasting or an output function
 * allocates is freed.  Encoding gives a bytea in the current memory context.
 */
#ifndef TC_MSGPACK_ENCODE_H
#define TC_MSGPACK_ENCODE_H

#include "msgpack/msgpack_layout.h"

/* What measuring returns for a value that is nested too deep. */
#define TC_MSGPACK_TOO_DEEP (-1)

/*
 * A value of a type, which is not NULL: its encoding, with an error if it is
 * nested too deep, or the length of it in bytes, or TC_MSGPACK_TOO_DEEP.
 */
extern bytea *tc_msgpack_encode(Datum value, Oid typid, int max_depth);
extern int64 tc_msgpack_encode_length(Datum value, Oid typid, int max_depth);

/*
 * The same for a row.  Values and nulls are indexed by attribute number less
 * one, as heap_deform_tuple leaves them.
 */
extern bytea *tc_msgpack_encode_row(TcMsgpackLayout *layout,
									const Datum *values, const bool *nulls,
									int max_depth);
extern int64 tc_msgpack_encode_row_length(TcMsgpackLayout *layout,
										  const Datum *values,
										  const bool *nulls, int max_depth);

#endif /* TC_MSGPACK_ENCODE_H */
