/*-------------------------------------------------------------------------
 *
 * msgpack_jsonb.c
 *	  MessagePack to jsonb.
 *
 * Structure: tokens are pushed as PostgreSQL's JSON parser pushes its own.
 * Strings are taken from where they lie in the message.
 *
 * Failure: errors with a position, and PostgreSQL's own for what is too large
 * for jsonb.  Recursion is bounded by the depth allowed and by the stack.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "msgpack/msgpack.h"
#include "msgpack/msgpack_jsonb.h"
#include "msgpack/msgpack_text.h"

/* Integers that a double holds with every digit. */
#define DOUBLE_EXACT_END 1e15

typedef struct Builder
{
	TcMsgpackReader *reader;
	int max_depth;
	JsonbParseState *state;
} Builder;

/* -----------------------------------------------------------------------
 * Scalars
 * -----------------------------------------------------------------------
 */

static void
set_string(JsonbValue *value, const char *text, size_t length)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = (int) length;
}

static void
set_numeric(JsonbValue *value, Numeric numeric)
{
	value->type = jbvNumeric;
	value->val.numeric = numeric;
}

/* A number that PostgreSQL reads from text. */
static void
set_number(JsonbValue *value, const TcMsgpackToken *token)
{
	Datum numeric =
		DirectFunctionCall3(numeric_in,
							CStringGetDatum(tc_msgpack_text_of_number(token)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	set_numeric(value, DatumGetNumeric(numeric));
}

/*
 * The shortest text of a float rounds even integers, which is right for what
 * was measured and wrong for what was counted.
 */
static void
set_real(JsonbValue *value, const TcMsgpackToken *token)
{
	double real = token->as.real;

	if (!isfinite(real))
		tc_msgpack_token_refuse(token->begin,
								"NaN or infinity, of which jsonb has none",
								"a finite number");
	if (fabs(real) < DOUBLE_EXACT_END && real == trunc(real))
		set_numeric(value, int64_to_numeric((int64) real));
	else
		set_number(value, token);
}

static void
set_str(JsonbValue *value, const TcMsgpackToken *token)
{
	char *text;

	if (unlikely(tc_msgpack_text_converts()))
	{
		text = tc_msgpack_text_of_str(token);
		set_string(value, text, strlen(text));
	}
	else
		set_string(value, token->payload, token->length);
}

static void
set_base64(JsonbValue *value, const TcMsgpackToken *token)
{
	int length;
	char *text = tc_msgpack_text_in_base64(token, &length);

	set_string(value, text, length);
}

/* An extension; false if it is not known. */
static bool
set_ext(JsonbValue *value, const TcMsgpackToken *token)
{
	char *text;

	switch (token->ext_type)
	{
		case TC_MSGPACK_EXT_DECIMAL:
			set_number(value, token);
			return true;
		case TC_MSGPACK_EXT_TIMESTAMP:
			text = tc_msgpack_text_of_timestamp(token);
			set_string(value, text, strlen(text));
			return true;
		case TC_MSGPACK_EXT_NULL:
			if (token->length != strlen(TC_MSGPACK_NULL) ||
				memcmp(token->payload, TC_MSGPACK_NULL, token->length) != 0)
				tc_msgpack_token_refuse(token->end - token->length,
										"something else",
										"the text of JSON's null");
			value->type = jbvNull;
			return true;
		default:
			return false;
	}
}

/* The scalar that a token is; false if it becomes an array or object. */
static inline bool
set_scalar(JsonbValue *value, const TcMsgpackToken *token)
{
	switch (token->kind)
	{
		case TC_KIND_NIL:
			value->type = jbvNull;
			return true;
		case TC_KIND_FALSE:
		case TC_KIND_TRUE:
			value->type = jbvBool;
			value->val.boolean = token->kind == TC_KIND_TRUE;
			return true;
		case TC_KIND_UNSIGNED:
			if (token->as.number > PG_INT64_MAX)
				set_number(value, token);
			else
				set_numeric(value, int64_to_numeric((int64) token->as.number));
			return true;
		case TC_KIND_NEGATIVE:
			set_numeric(value, int64_to_numeric(token->as.negative));
			return true;
		case TC_KIND_FLOAT:
		case TC_KIND_DOUBLE:
			set_real(value, token);
			return true;
		case TC_KIND_STR:
			set_str(value, token);
			return true;
		case TC_KIND_BIN:
			set_base64(value, token);
			return true;
		case TC_KIND_EXT:
			return set_ext(value, token);
		case TC_KIND_ARRAY:
		case TC_KIND_MAP:
			break;
	}
	return false;
}

/* -----------------------------------------------------------------------
 * Arrays and objects
 * -----------------------------------------------------------------------
 */

static JsonbValue *push_container(Builder *builder, const TcMsgpackToken *token,
								  int depth);

/* The next value as an element, or as the value of the key before it. */
static void
push_next(Builder *builder, JsonbIteratorToken as, int depth)
{
	TcMsgpackToken token;
	JsonbValue value;

	tc_msgpack_token_read(builder->reader, &token);
	if (set_scalar(&value, &token))
		pushJsonbValue(&builder->state, as, &value);
	else
		push_container(builder, &token, depth);
}

/* The next token as the key of an object. */
static void
push_key(Builder *builder)
{
	TcMsgpackToken token;
	JsonbValue key;

	tc_msgpack_token_read_key(builder->reader, &token);
	set_str(&key, &token);
	pushJsonbValue(&builder->state, WJB_KEY, &key);
}

/* An extension that is not known, as an object. */
static void
push_ext(Builder *builder, const TcMsgpackToken *token)
{
	JsonbValue value;

	set_string(&value, "type", strlen("type"));
	pushJsonbValue(&builder->state, WJB_KEY, &value);
	set_numeric(&value, int64_to_numeric(token->ext_type));
	pushJsonbValue(&builder->state, WJB_VALUE, &value);
	set_string(&value, "data", strlen("data"));
	pushJsonbValue(&builder->state, WJB_KEY, &value);
	set_base64(&value, token);
	pushJsonbValue(&builder->state, WJB_VALUE, &value);
}

/* What a token becomes that is no scalar, with all that is in it. */
static JsonbValue *
push_container(Builder *builder, const TcMsgpackToken *token, int depth)
{
	if (depth >= builder->max_depth)
		tc_msgpack_token_refuse(token->begin, "one more",
								psprintf("at most %d levels of nesting",
										 builder->max_depth));
	check_stack_depth();
	if (token->kind == TC_KIND_ARRAY)
	{
		pushJsonbValue(&builder->state, WJB_BEGIN_ARRAY, NULL);
		for (uint32 i = 0; i < token->length; i++)
		{
			CHECK_FOR_INTERRUPTS();
			push_next(builder, WJB_ELEM, depth + 1);
		}
		return pushJsonbValue(&builder->state, WJB_END_ARRAY, NULL);
	}
	pushJsonbValue(&builder->state, WJB_BEGIN_OBJECT, NULL);
	if (token->kind == TC_KIND_EXT)
		push_ext(builder, token);
	else
	{
		for (uint32 i = 0; i < token->length; i++)
		{
			CHECK_FOR_INTERRUPTS();
			push_key(builder);
			push_next(builder, WJB_VALUE, depth + 1);
		}
	}
	return pushJsonbValue(&builder->state, WJB_END_OBJECT, NULL);
}

Jsonb *
tc_msgpack_jsonb_read(TcMsgpackReader *reader, int depth, int max_depth)
{
	Builder builder = {.reader = reader, .max_depth = max_depth};
	TcMsgpackToken token;
	JsonbValue value;

	tc_msgpack_token_read(reader, &token);
	if (set_scalar(&value, &token))
		return JsonbValueToJsonb(&value);
	return JsonbValueToJsonb(push_container(&builder, &token, depth));
}
