/*
 * msgpack_core.h
 *	  Decoding MessagePack to jsonb's binary form, with or without a server.
 *
 * Nothing here includes or calls the server, so that the decoder can be
 * handed to a fuzzer as it is.  What it needs from its surroundings are the
 * few functions at the end.
 */
#ifndef TC_MSGPACK_CORE_H
#define TC_MSGPACK_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Extension types that mean something. */
#define TC_EXT_DECIMAL	 110
#define TC_EXT_NULL		 106
#define TC_EXT_TIMESTAMP (-1)

/* Payload of the extension that is JSON's null where nil is SQL's. */
#define TC_EXT_NULL_TEXT  "null"
#define TC_EXT_NULL_BYTES 4

/*
 * What to decode, and within which limits: a whole message, or a value
 * within one, whose problems have the position that they have in the message.
 */
typedef struct TcMsgpackInput
{
	const char *data; /* the message */
	size_t begin;	  /* of the value in it */
	size_t length;	  /* from the beginning of the message to the value's end */
	int depth;		  /* levels around the value */
	int max_depth;
	bool any_text; /* strings need not be UTF-8 */
} TcMsgpackInput;

typedef enum TcMsgpackOutcome
{
	TC_MSGPACK_OK,
	TC_MSGPACK_INVALID,	 /* the problem says where and why */
	TC_MSGPACK_TOO_LARGE /* well-formed, but jsonb cannot hold it */
} TcMsgpackOutcome;

/* Why data is invalid: to be put into one sentence. */
typedef struct TcMsgpackProblem
{
	size_t position; /* of the first byte, 0 */
	char expected[64];
	char found[64];
} TcMsgpackProblem;

/*
 * Decode one value that takes up all of the input.  On success, *jsonb is a
 * complete varlena of *size bytes, allocated; otherwise nothing is left
 * allocated.
 */
extern TcMsgpackOutcome tc_msgpack_decode(const TcMsgpackInput *input,
										  char **jsonb, size_t *size,
										  TcMsgpackProblem *problem);

/* The same check without the result. */
extern TcMsgpackOutcome tc_msgpack_check(const TcMsgpackInput *input,
										 TcMsgpackProblem *problem);

/*
 * From whoever links this.  Memory functions do not return NULL; any of these
 * may leave by a long jump if its owner knows how to free what was allocated.
 */
extern void *tc_msgpack_allocate(size_t bytes);
extern void *tc_msgpack_resize(void *memory, size_t bytes);
extern void tc_msgpack_free(void *memory);

/* Called once per level of recursion. */
extern void tc_msgpack_check_stack(void);

#endif /* TC_MSGPACK_CORE_H */
