/*-------------------------------------------------------------------------
 *
 * msgpack_token.c
 *	  One MessagePack token at a time: a value, or the head of an array or map.
 *
 * Structure: msgpack-c's template knows the format.  It keeps the arrays and
 * maps that it is in on a stack of fixed depth and cannot be told to skip one,
 * so it is stopped at each head, and what is in there is read by whoever asked
 * for the head.
 *
 * The message is taken to be hostile.  No token is read beyond the end.
 *
 * Failure: errors, each with a position.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

/* What is open stays on nobody's stack. */
#define MSGPACK_EMBED_STACK_SIZE 1
#include <msgpack/unpack.h>
#include <msgpack/unpack_define.h>

#include "msgpack/msgpack_token.h"

/* Results of the template, beside its own. */
#define TOKEN_IS_HEAD  (-100)
#define TOKEN_TOO_LONG (-101)

/* -----------------------------------------------------------------------
 * Callbacks of the template
 * -----------------------------------------------------------------------
 */

#define msgpack_unpack_struct(name)		struct template##name
#define msgpack_unpack_func(type, name) static inline type template##name
#define msgpack_unpack_callback(name)	take##name
/* what the template builds is the kind alone */
#define msgpack_unpack_object TcMsgpackKind
#define msgpack_unpack_user	  TcMsgpackToken *

#define TAKE(name, ...)                                                        \
	static inline int take##name(TcMsgpackToken **token pg_attribute_unused(), \
								 ##__VA_ARGS__, TcMsgpackKind *kind)

#define TAKE_CONSTANT(name, what) \
	TAKE(name)                    \
	{                             \
		*kind = (what);           \
		return 0;                 \
	}
TAKE_CONSTANT(_nil, TC_KIND_NIL)
TAKE_CONSTANT(_false, TC_KIND_FALSE)
TAKE_CONSTANT(_true, TC_KIND_TRUE)

#define TAKE_NUMBER(name, type, member, what) \
	TAKE(name, type number)                   \
	{                                         \
		*kind = (what);                       \
		(*token)->as.member = number;         \
		return 0;                             \
	}
TAKE_NUMBER(_uint8, uint8, number, TC_KIND_UNSIGNED)
TAKE_NUMBER(_uint16, uint16, number, TC_KIND_UNSIGNED)
TAKE_NUMBER(_uint32, uint32, number, TC_KIND_UNSIGNED)
TAKE_NUMBER(_uint64, uint64, number, TC_KIND_UNSIGNED)
TAKE_NUMBER(_float, float, real, TC_KIND_FLOAT)
TAKE_NUMBER(_double, double, real, TC_KIND_DOUBLE)

/* What is signed need not be negative. */
#define TAKE_SIGNED(name, type)       \
	TAKE_NUMBER(name, type, negative, \
				number < 0 ? TC_KIND_NEGATIVE : TC_KIND_UNSIGNED)
TAKE_SIGNED(_int8, int8)
TAKE_SIGNED(_int16, int16)
TAKE_SIGNED(_int32, int32)
TAKE_SIGNED(_int64, int64)

#define TAKE_HEAD(name, what)     \
	TAKE(name, uint32 count)      \
	{                             \
		*kind = (what);           \
		(*token)->length = count; \
		return TOKEN_IS_HEAD;     \
	}
TAKE_HEAD(_array, TC_KIND_ARRAY)
TAKE_HEAD(_map, TC_KIND_MAP)

/* Payloads: without bytes they are nowhere. */
#define TAKE_BYTES(name, what)                                              \
	TAKE(name, const char *base pg_attribute_unused(), const char *payload, \
		 unsigned int length)                                               \
	{                                                                       \
		*kind = (what);                                                     \
		(*token)->payload = length > 0 ? payload : "";                      \
		(*token)->length = length;                                          \
		return 0;                                                           \
	}
TAKE_BYTES(_str, TC_KIND_STR)
TAKE_BYTES(_bin, TC_KIND_BIN)

/* The payload begins with the type. */
TAKE(_ext, const char *base pg_attribute_unused(), const char *payload,
	 unsigned int length)
{
	/* 4 GB and a byte are none here */
	if (length == 0)
		return TOKEN_TOO_LONG;
	*kind = TC_KIND_EXT;
	(*token)->ext_type = (int8) *payload;
	(*token)->payload = payload + 1;
	(*token)->length = length - 1;
	return 0;
}

/* Of what is never called. */
#define take_root(user)			   0
#define take_array_item(user, ...) TOKEN_IS_HEAD
#define take_map_item(user, ...)   TOKEN_IS_HEAD

#include <msgpack/unpack_template.h>

/* -----------------------------------------------------------------------
 * Errors
 * -----------------------------------------------------------------------
 */

/* How a number of bytes is written. */
#define PLURAL(bytes) ((bytes) == 1 ? "" : "s")

static const char *const kind_names[] = {
	[TC_KIND_NIL] = "nil",
	[TC_KIND_FALSE] = "a boolean",
	[TC_KIND_TRUE] = "a boolean",
	[TC_KIND_UNSIGNED] = "an integer",
	[TC_KIND_NEGATIVE] = "an integer",
	[TC_KIND_FLOAT] = "a float",
	[TC_KIND_DOUBLE] = "a float",
	[TC_KIND_STR] = "a string",
	[TC_KIND_BIN] = "a byte string",
	[TC_KIND_EXT] = "an extension",
	[TC_KIND_ARRAY] = "an array",
	[TC_KIND_MAP] = "a map",
};

void
tc_msgpack_token_refuse(Size position, const char *found, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid MessagePack data"),
			 errdetail("At byte %zu, expected %s but found %s.", position,
					   expected, found)));
}

void
tc_msgpack_token_refuse_kind(const TcMsgpackToken *token, const char *expected)
{
	tc_msgpack_token_refuse(token->begin, kind_names[token->kind], expected);
}

/* A value ends too early: more bytes are missing from here on. */
static pg_noinline void
refuse_end(const TcMsgpackReader *reader, Size at, uint64 bytes)
{
	uint64 missing = bytes - (reader->length - at);

	if (reader->at == reader->length)
		tc_msgpack_token_refuse(reader->at, "the end of the data", "a value");
	tc_msgpack_token_refuse(reader->length, "the end of the data",
							psprintf(UINT64_FORMAT
									 " more byte%s of the value at byte %zu",
									 missing, PLURAL(missing), reader->at));
}

/* More tokens are owed than can be in what is left. */
static pg_noinline void
refuse_head(const TcMsgpackReader *reader)
{
	tc_msgpack_token_refuse(reader->at,
							psprintf("%zu", reader->length - reader->at),
							psprintf("at least " UINT64_FORMAT " more byte%s",
									 reader->owed, PLURAL(reader->owed)));
}

/* A byte of a str is not part of text. */
static pg_noinline void
refuse_text(const TcMsgpackReader *reader, const char *where)
{
	tc_msgpack_token_refuse(where - reader->data,
							psprintf("the byte 0x%02x", (uint8) *where),
							"UTF-8 text without NUL");
}

/* -----------------------------------------------------------------------
 * Reading
 * -----------------------------------------------------------------------
 */

/* Text outside is UTF-8 but for databases that do not say what theirs is. */
void
tc_msgpack_token_begin(TcMsgpackReader *reader, const char *data, Size begin,
					   Size end)
{
	reader->data = data;
	reader->at = begin;
	reader->length = end;
	reader->owed = 1;
	reader->encoding =
		GetDatabaseEncoding() == PG_SQL_ASCII ? PG_SQL_ASCII : PG_UTF8;
}

/* Let the template read a token. */
static inline void
read_any(TcMsgpackReader *reader, TcMsgpackToken *token)
{
	struct template_context context;
	Size at = reader->at;

	template_init(&context);
	context.user = token;
	token->begin = at;
	switch (template_execute(&context, reader->data, reader->length, &at))
	{
		case 1:
			break;
		case TOKEN_IS_HEAD:
			at++;
			break;
		case TOKEN_TOO_LONG:
			refuse_end(reader, at + 1, UINT64CONST(1) << 32);
			break;
		case 0:
			refuse_end(reader, at, context.trail);
			break;
		default:
			tc_msgpack_token_refuse(at, "the reserved byte 0xc1", "a value");
	}
	token->kind = template_data(&context);
	token->end = reader->at = at;
}

void
tc_msgpack_token_read(TcMsgpackReader *reader, TcMsgpackToken *token)
{
	int valid;

	read_any(reader, token);
	reader->owed--;
	if (token->kind == TC_KIND_STR)
	{
		valid = pg_encoding_verifymbstr(reader->encoding, token->payload,
										(int) token->length);
		if (unlikely(valid < (int) token->length))
			refuse_text(reader, token->payload + valid);
	}
	else if (token->kind >= TC_KIND_ARRAY)
	{
		reader->owed += token->kind == TC_KIND_MAP ? 2 * (uint64) token->length
												   : token->length;
		if (unlikely(reader->owed > reader->length - reader->at))
			refuse_head(reader);
	}
}

void
tc_msgpack_token_read_whole(TcMsgpackReader *reader, TcMsgpackToken *token)
{
	uint64 around = reader->owed - 1;
	TcMsgpackToken inner;

	tc_msgpack_token_read(reader, token);
	while (reader->owed > around)
	{
		CHECK_FOR_INTERRUPTS();
		tc_msgpack_token_read(reader, &inner);
	}
	token->end = reader->at;
}

void
tc_msgpack_token_read_key(TcMsgpackReader *reader, TcMsgpackToken *key)
{
	tc_msgpack_token_read(reader, key);
	if (key->kind != TC_KIND_STR)
		tc_msgpack_token_refuse_kind(key, "a string as the key of a map");
}

void
tc_msgpack_token_end(const TcMsgpackReader *reader)
{
	Size left = reader->length - reader->at;

	if (left > 0)
		tc_msgpack_token_refuse(reader->at,
								psprintf("%zu more byte%s", left, PLURAL(left)),
								"the end of the data");
}
