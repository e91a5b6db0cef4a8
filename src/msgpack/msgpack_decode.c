/*-------------------------------------------------------------------------
 *
 * msgpack_decode.c
 *	  MessagePack to jsonb in a server: errors, memory, encodings.
 *
 * Structure: the decoder itself knows no server; here is what it needs of
 * one, and what a caller in a server needs of it.  Where strings are not
 * UTF-8, the message is checked first, so that positions in errors are those
 * of what came in, and then rewritten with its strings converted.
 *
 * Concurrency: none; there is no state.
 *
 * Failure: errors name the position of the first byte that is wrong.  Memory
 * goes with the memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include <msgpack.h>

#include "msgpack/jsonb_form.h"
#include "msgpack/msgpack_core.h"
#include "msgpack/msgpack_item.h"
#include "msgpack/msgpack_number.h"
#include "msgpack/msgpack_tape.h"
#include "msgpack/msgpack_types.h"

/* -----------------------------------------------------------------------
 * What the decoder needs
 * -----------------------------------------------------------------------
 */

StaticAssertDecl(TC_FORM_VARHDR == VARHDRSZ, "varlena header");
StaticAssertDecl(TC_FORM_LENGTH_MASK == JENTRY_OFFLENMASK, "jsonb entry");
StaticAssertDecl(TC_FORM_TYPE_MASK == JENTRY_TYPEMASK, "jsonb entry");
StaticAssertDecl(TC_FORM_STRING == JENTRY_ISSTRING, "jsonb entry");
StaticAssertDecl(TC_FORM_NUMERIC == JENTRY_ISNUMERIC, "jsonb entry");
StaticAssertDecl(TC_FORM_FALSE == JENTRY_ISBOOL_FALSE, "jsonb entry");
StaticAssertDecl(TC_FORM_TRUE == JENTRY_ISBOOL_TRUE, "jsonb entry");
StaticAssertDecl(TC_FORM_NULL == JENTRY_ISNULL, "jsonb entry");
StaticAssertDecl(TC_FORM_CONTAINER == JENTRY_ISCONTAINER, "jsonb entry");
StaticAssertDecl(TC_FORM_HAS_OFFSET == JENTRY_HAS_OFF, "jsonb entry");
StaticAssertDecl(TC_FORM_OFFSET_STRIDE == JB_OFFSET_STRIDE, "jsonb entry");
StaticAssertDecl(TC_FORM_COUNT_MASK == JB_CMASK, "jsonb header");
StaticAssertDecl(TC_FORM_SCALAR == JB_FSCALAR, "jsonb header");
StaticAssertDecl(TC_FORM_OBJECT == JB_FOBJECT, "jsonb header");
StaticAssertDecl(TC_FORM_ARRAY == JB_FARRAY, "jsonb header");
StaticAssertDecl(TC_EXT_DECIMAL == TC_MSGPACK_EXT_DECIMAL, "documented type");
StaticAssertDecl(TC_EXT_NULL == TC_MSGPACK_EXT_NULL, "documented type");
StaticAssertDecl(DOUBLE_SHORTEST_DECIMAL_LEN <= TC_SHORTEST_BYTES,
				 "room for a double's text");
StaticAssertDecl(FLOAT_SHORTEST_DECIMAL_LEN <= TC_SHORTEST_BYTES,
				 "room for a float's text");

void *
tc_msgpack_allocate(size_t bytes)
{
	return palloc(bytes);
}

void *
tc_msgpack_resize(void *memory, size_t bytes)
{
	return repalloc(memory, bytes);
}

void
tc_msgpack_free(void *memory)
{
	pfree(memory);
}

void
tc_msgpack_check_stack(void)
{
	check_stack_depth();
}

void
tc_shortest_double(double value, char *text)
{
	double_to_shortest_decimal_buf(value, text);
}

void
tc_shortest_float(float value, char *text)
{
	float_to_shortest_decimal_buf(value, text);
}

/* -----------------------------------------------------------------------
 * What callers need
 * -----------------------------------------------------------------------
 */

void
tc_msgpack_report(TcMsgpackOutcome outcome, const TcMsgpackProblem *problem)
{
	if (outcome == TC_MSGPACK_INVALID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid MessagePack data"),
				 errdetail("At byte %zu, expected %s but found %s.",
						   problem->position, problem->expected,
						   problem->found)));
	if (outcome == TC_MSGPACK_TOO_LARGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("MessagePack data is too large for jsonb")));
}

static int
append(void *to, const char *data, size_t length)
{
	appendBinaryStringInfo(to, data, (int) length);
	return 0;
}

/* A str of the message, in the database's encoding. */
static void
convert_str(msgpack_packer *packer, const TcItem *item)
{
	const char *utf8 = (const char *) item->payload;
	char *text = pg_any_to_server(utf8, (int) item->value, PG_UTF8);
	size_t length = text == utf8 ? item->value : strlen(text);

	msgpack_pack_str(packer, length);
	msgpack_pack_str_body(packer, text, length);
	if (text != utf8)
		pfree(text);
}

/* A message that has been checked, with its strings converted. */
static void
convert_message(const TcMsgpackInput *input, StringInfo converted)
{
	TcItemReader reader;
	msgpack_packer packer;
	TcItem item;

	initStringInfo(converted);
	msgpack_packer_init(&packer, converted, append);
	reader = tc_msgpack_reader(input);
	while (reader.at < reader.end)
	{
		const uint8_t *begin = reader.at;

		tc_item_read(&reader, &item);
		if (item.kind == TC_ITEM_STR)
			convert_str(&packer, &item);
		else
			append(converted, (const char *) begin, reader.at - begin);
	}
}

bool
tc_msgpack_any_text(void)
{
	return GetDatabaseEncoding() == PG_SQL_ASCII;
}

Jsonb *
tc_msgpack_input_to_jsonb(const TcMsgpackInput *input)
{
	TcMsgpackInput local = *input;
	TcMsgpackProblem problem;
	StringInfoData converted = {0};
	char *jsonb = NULL;
	size_t size;

	if (tc_msgpack_converts())
	{
		tc_msgpack_report(tc_msgpack_check(&local, &problem), &problem);
		convert_message(&local, &converted);
		local.data = converted.data;
		local.begin = 0;
		local.length = converted.len;
		local.any_text = true;
	}
	tc_msgpack_report(tc_msgpack_decode(&local, &jsonb, &size, &problem),
					  &problem);
	if (converted.data)
		pfree(converted.data);
	return (Jsonb *) jsonb;
}

Jsonb *
tc_msgpack_to_jsonb(const char *data, Size len, int max_depth)
{
	TcMsgpackInput input = {.data = data,
							.length = len,
							.max_depth = max_depth,
							.any_text = tc_msgpack_any_text()};

	return tc_msgpack_input_to_jsonb(&input);
}
