/*
 * msgpack_jsonb.h
 *	  MessagePack to jsonb.
 *
 * Private to the codec.
 */
#ifndef TC_MSGPACK_JSONB_H
#define TC_MSGPACK_JSONB_H

#include "utils/jsonb.h"

#include "msgpack/msgpack_token.h"

/*
 * The next value as jsonb, in the current memory context, where what it took
 * to make it stays too.  Depth is how many arrays and maps are around it.
 */
extern Jsonb *tc_msgpack_jsonb_read(TcMsgpackReader *reader, int depth,
									int max_depth);

#endif /* TC_MSGPACK_JSONB_H */
