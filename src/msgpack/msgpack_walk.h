/*
 * msgpack_walk.h
 *	  Walks over a MessagePack map, value by value, without decoding.
 *
 * Compiles without the server.  A row is a map whose values each go to a
 * column, and it is the column's type that says what becomes of one.  So the
 * values are handed out as they lie in the message; of arrays and maps only
 * the extent is known to be right.
 *
 * Functions return false after they have noted a problem.
 */
#ifndef TC_MSGPACK_WALK_H
#define TC_MSGPACK_WALK_H

#include "msgpack/msgpack_core.h"
#include "msgpack/msgpack_item.h"

/* A value where it lies in its message. */
typedef struct TcWalkValue
{
	TcItem item; /* a str is known to be text */
	size_t begin;
	size_t end;
} TcWalkValue;

typedef struct TcWalk
{
	const TcMsgpackInput *input;
	TcItemReader reader;
	TcMsgpackProblem *problem;
} TcWalk;

extern void tc_walk_begin(TcWalk *walk, const TcMsgpackInput *input,
						  TcMsgpackProblem *problem);

/* The head of a map, and how many pairs follow. */
extern bool tc_walk_map(TcWalk *walk, uint64_t *pairs);

/* The key of a pair, which must be a str. */
extern bool tc_walk_key(TcWalk *walk, TcWalkValue *key);

/* A whole value, whatever is in it. */
extern bool tc_walk_value(TcWalk *walk, TcWalkValue *value);

/* Nothing must follow. */
extern bool tc_walk_end(TcWalk *walk);

#endif /* TC_MSGPACK_WALK_H */
