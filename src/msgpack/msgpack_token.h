/*
 * msgpack_token.h
 *	  One MessagePack token at a time: a value, or the head of an array or map.
 *
 * Private to the codec.  Every token that has been read is right: it lies
 * within the message, a str is text, and an array or map has no more elements
 * than bytes are left, those counted that all arrays and maps around it still
 * await.  So memory that is in proportion to what a head promises is in
 * proportion to the message.
 *
 * What is wrong is an error that names the position of its first byte.
 */
#ifndef TC_MSGPACK_TOKEN_H
#define TC_MSGPACK_TOKEN_H

#include "postgres.h"

typedef enum TcMsgpackKind
{
	TC_KIND_NIL,
	TC_KIND_FALSE,
	TC_KIND_TRUE,
	TC_KIND_UNSIGNED,
	TC_KIND_NEGATIVE,
	TC_KIND_FLOAT,
	TC_KIND_DOUBLE,
	TC_KIND_STR,
	TC_KIND_BIN,
	TC_KIND_EXT,
	TC_KIND_ARRAY,
	TC_KIND_MAP
} TcMsgpackKind;

typedef struct TcMsgpackToken
{
	TcMsgpackKind kind;
	int8 ext_type;
	uint32 length;		 /* of str, bin or ext in bytes; elements, pairs */
	const char *payload; /* of str, bin and ext */
	union
	{
		uint64 number; /* UNSIGNED */
		int64 negative;
		double real; /* FLOAT and DOUBLE */
	} as;
	Size begin; /* in the message */
	Size end;
} TcMsgpackToken;

typedef struct TcMsgpackReader
{
	const char *data; /* the message */
	Size at;		  /* of the next token */
	Size length;	  /* where the value to be read ends */
	uint64 owed;	  /* tokens that are still to come */
	int encoding;	  /* that a str has to be in */
} TcMsgpackReader;

/* Read the value that takes the bytes from begin to end of a message. */
extern void tc_msgpack_token_begin(TcMsgpackReader *reader, const char *data,
								   Size begin, Size end);

extern void tc_msgpack_token_read(TcMsgpackReader *reader,
								  TcMsgpackToken *token);

/*
 * The same, and go behind all that is in an array or map.  No depth of nesting
 * takes stack or memory.
 */
extern void tc_msgpack_token_read_whole(TcMsgpackReader *reader,
										TcMsgpackToken *token);

/* The key of a map, which must be a str. */
extern void tc_msgpack_token_read_key(TcMsgpackReader *reader,
									  TcMsgpackToken *key);

/* Nothing must follow. */
extern void tc_msgpack_token_end(const TcMsgpackReader *reader);

/* Errors: found in place of expected, or a token of this kind. */
extern void tc_msgpack_token_refuse(Size position, const char *found,
									const char *expected)
	pg_attribute_noreturn();
extern void tc_msgpack_token_refuse_kind(const TcMsgpackToken *token,
										 const char *expected)
	pg_attribute_noreturn();

#endif /* TC_MSGPACK_TOKEN_H */
