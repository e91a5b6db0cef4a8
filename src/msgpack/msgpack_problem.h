/*
 * msgpack_problem.h
 *	  What is wrong with a MessagePack message, in words.
 *
 * Compiles without the server.
 */
#ifndef TC_MSGPACK_PROBLEM_H
#define TC_MSGPACK_PROBLEM_H

#include "msgpack/msgpack_core.h"
#include "msgpack/msgpack_item.h"

/* Keep what is hardly ever called out of the way of the rest. */
#define TC_COLD __attribute__((noinline, cold))

/* Note what was found at a position in place of what was expected. */
__attribute__((format(printf, 4, 5))) TC_COLD extern void tc_problem_note(
	TcMsgpackProblem *problem, size_t position, const char *found,
	const char *expected, ...);

/* An item that was to begin here and is none: reserved, or truncated. */
TC_COLD extern void tc_problem_item(TcMsgpackProblem *problem,
									const TcItemReader *reader,
									const uint8_t *where, const TcItem *item);

/* A byte of a string that is not part of text. */
TC_COLD extern void tc_problem_text(TcMsgpackProblem *problem,
									const TcItemReader *reader,
									const uint8_t *where);

/* An array or map, just read, that needs so many bytes, more than are left. */
TC_COLD extern void tc_problem_head(TcMsgpackProblem *problem,
									const TcItemReader *reader, uint64_t bytes);

/* A key of a map that is no string. */
TC_COLD extern void tc_problem_key(TcMsgpackProblem *problem,
								   const TcItemReader *reader,
								   const uint8_t *where, const TcItem *item);

/* Something behind the value. */
TC_COLD extern void tc_problem_end(TcMsgpackProblem *problem,
								   const TcItemReader *reader);

#endif /* TC_MSGPACK_PROBLEM_H */
