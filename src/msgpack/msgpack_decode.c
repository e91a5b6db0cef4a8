/*-------------------------------------------------------------------------
 *
 * msgpack_decode.c
 *	  MessagePack to jsonb, to values of any type, and to rows.
 *
 * Structure: a row is read first, to its end, and each column keeps where
 * the last value for it lies; then each of those becomes a value.  A value is
 * made directly where MessagePack has a form for the type, and by the type's
 * input function otherwise.
 *
 * Failure: errors.  No more is allocated than one value for each column, and
 * each in proportion to its bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/pg_compat.h"
#include "msgpack/msgpack.h"
#include "msgpack/msgpack_decode.h"
#include "msgpack/msgpack_jsonb.h"
#include "msgpack/msgpack_text.h"

/* Where values come from. */
typedef struct Message
{
	const char *data;
	Size length;
	int depth; /* of the value that is looked at */
	int max_depth;
} Message;

static Message
open_message(bytea *data, int max_depth)
{
	return (Message){.data = VARDATA_ANY(data),
					 .length = VARSIZE_ANY_EXHDR(data),
					 .max_depth = max_depth};
}

/* The document that the bytes from begin to end of a message are. */
static Jsonb *
read_document(const Message *message, Size begin, Size end)
{
	TcMsgpackReader reader;
	Jsonb *document;

	tc_msgpack_token_begin(&reader, message->data, begin, end);
	document =
		tc_msgpack_jsonb_read(&reader, message->depth, message->max_depth);
	tc_msgpack_token_end(&reader);
	return document;
}

Jsonb *
tc_msgpack_decode_jsonb(bytea *data, int max_depth)
{
	Message message = open_message(data, max_depth);

	return read_document(&message, 0, message.length);
}

/* -----------------------------------------------------------------------
 * Values
 * -----------------------------------------------------------------------
 */

/* An integer that the type has, if it is one. */
static bool
read_integer(const TcMsgpackToken *token, TcMsgpackForm form, Datum *datum)
{
	int64 number = token->as.negative;

	if (token->kind != TC_KIND_NEGATIVE &&
		(token->kind != TC_KIND_UNSIGNED || token->as.number > PG_INT64_MAX))
		return false;
	if (form == FORM_INT2)
		*datum = Int16GetDatum((int16) number);
	else if (form == FORM_INT4)
		*datum = Int32GetDatum((int32) number);
	else
		*datum = Int64GetDatum(number);
	return form == FORM_INT2 ? number == (int16) number
		: form == FORM_INT4	 ? number == (int32) number
							 : true;
}

static bool
read_float(const TcMsgpackToken *token, TcMsgpackForm form, Datum *datum)
{
	if (token->kind != TC_KIND_FLOAT && token->kind != TC_KIND_DOUBLE)
		return false;
	*datum = Float8GetDatum(token->as.real);
	if (form == FORM_FLOAT4)
		*datum = token->kind == TC_KIND_FLOAT
			? Float4GetDatum((float) token->as.real)
			: DirectFunctionCall1(dtof, *datum);
	return true;
}

/* A value in the form that MessagePack has for the type, if it is in that. */
static bool
read_native(TcMsgpackType *type, const Message *message,
			const TcMsgpackToken *token, Datum *datum)
{
	switch (type->form)
	{
		case FORM_JSONB:
			*datum = JsonbPGetDatum(
				read_document(message, token->begin, token->end));
			return true;
		case FORM_INT2:
		case FORM_INT4:
		case FORM_INT8:
			return read_integer(token, type->form, datum);
		case FORM_FLOAT4:
		case FORM_FLOAT8:
			return read_float(token, type->form, datum);
		case FORM_BOOL:
			*datum = BoolGetDatum(token->kind == TC_KIND_TRUE);
			return token->kind == TC_KIND_TRUE || token->kind == TC_KIND_FALSE;
		case FORM_TEXT:
		case FORM_BYTEA:
			if (type->base == BYTEAOID
					? token->kind != TC_KIND_BIN
					: type->base != TEXTOID || token->kind != TC_KIND_STR ||
						tc_msgpack_text_converts())
				return false;
			*datum = PointerGetDatum(
				cstring_to_text_with_len(token->payload, (int) token->length));
			return true;
		case FORM_OUTPUT:
			break;
	}
	return false;
}

/* The text that stands for a value that is no array or map. */
static char *
read_scalar_text(const TcMsgpackToken *token)
{
	switch (token->kind)
	{
		case TC_KIND_STR:
			return tc_msgpack_text_of_str(token);
		case TC_KIND_FALSE:
			return pstrdup("false");
		case TC_KIND_TRUE:
			return pstrdup("true");
		case TC_KIND_UNSIGNED:
		case TC_KIND_NEGATIVE:
		case TC_KIND_FLOAT:
		case TC_KIND_DOUBLE:
			return tc_msgpack_text_of_number(token);
		case TC_KIND_EXT:
			if (token->ext_type == TC_MSGPACK_EXT_DECIMAL)
				return tc_msgpack_text_of_number(token);
			if (token->ext_type == TC_MSGPACK_EXT_TIMESTAMP)
				return tc_msgpack_text_of_timestamp(token);
			break;
		default:
			break;
	}
	tc_msgpack_token_refuse_kind(token, "a string, a number or a boolean");
}

/* A value as text for the type's input function. */
static char *
read_text(TcMsgpackType *type, const Message *message,
		  const TcMsgpackToken *token)
{
	Jsonb *document;

	if (type->base == JSONOID && token->kind != TC_KIND_STR)
	{
		document = read_document(message, token->begin, token->end);
		return JsonbToCString(NULL, &document->root, VARSIZE(document));
	}
	if (type->form == FORM_BYTEA && token->kind != TC_KIND_STR)
		tc_msgpack_token_refuse_kind(token, "a byte string, or its text form");
	return read_scalar_text(token);
}

/* A value of the type; false if it is NULL. */
static bool
read_value(TcMsgpackType *type, const Message *message,
		   const TcMsgpackToken *token, Datum *datum)
{
	bool is_null = token->kind == TC_KIND_NIL;

	tc_msgpack_layout_input(type);
	*datum = (Datum) 0;
	if (!is_null && !read_native(type, message, token, datum))
		*datum =
			InputFunctionCall(&type->input, read_text(type, message, token),
							  type->input_param, type->typmod);
	else if (type->base != type->id)
		domain_check(*datum, is_null, type->id, &type->domain, type->context);
	return !is_null;
}

bool
tc_msgpack_decode_value(bytea *data, Oid typid, int32 typmod, int max_depth,
						Datum *datum)
{
	Message message = open_message(data, max_depth);
	TcMsgpackReader reader;
	TcMsgpackToken token;
	TcMsgpackType type;

	tc_msgpack_layout_type(&type, typid, typmod, CurrentMemoryContext);
	if (type.form == FORM_JSONB)
	{
		/* a document of its own: not even nil is NULL */
		*datum = JsonbPGetDatum(read_document(&message, 0, message.length));
		if (typid != JSONBOID)
			domain_check(*datum, false, typid, NULL, NULL);
		return true;
	}
	tc_msgpack_token_begin(&reader, message.data, 0, message.length);
	tc_msgpack_token_read_whole(&reader, &token);
	tc_msgpack_token_end(&reader);
	return read_value(&type, &message, &token, datum);
}

/* -----------------------------------------------------------------------
 * Rows
 * -----------------------------------------------------------------------
 */

/* The column with this name; most follow the one that was found before. */
static int
find_column(const TcMsgpackLayout *layout, const TcMsgpackToken *name,
			int expected)
{
	for (int i = 0; i < layout->ncolumns; i++)
	{
		int at = (expected + i) % layout->ncolumns;
		const TcMsgpackColumn *column = &layout->columns[at];

		if (column->name_length == name->length &&
			memcmp(column->name, name->payload, name->length) == 0)
			return at;
	}
	return -1;
}

static void
report_unknown(const TcMsgpackToken *name, const char *relation)
{
	char *text = tc_msgpack_text_of_str(name);

	text[pg_mbcliplen(text, (int) strlen(text), NAMEDATALEN - 1)] = '\0';
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of relation \"%s\" does not exist", text,
					relation),
			 errdetail("It is named at byte %zu.", name->begin)));
}

/* Read over the row, and note the last value for each of the columns. */
static void
find_values(const TcMsgpackLayout *layout, const Message *message,
			const char *relation, TcMsgpackToken *found)
{
	TcMsgpackReader reader;
	TcMsgpackToken map;
	TcMsgpackToken name;
	int column = -1;

	tc_msgpack_token_begin(&reader, message->data, 0, message->length);
	tc_msgpack_token_read(&reader, &map);
	if (map.kind != TC_KIND_MAP)
		tc_msgpack_token_refuse_kind(&map, "a map of column names to values");
	for (uint32 pairs = map.length; pairs > 0; pairs--)
	{
		CHECK_FOR_INTERRUPTS();
		tc_msgpack_token_read_key(&reader, &name);
		column = find_column(layout, &name, column + 1);
		if (column < 0)
			report_unknown(&name, relation);
		tc_msgpack_token_read_whole(&reader, &found[column]);
	}
	tc_msgpack_token_end(&reader);
}

void
tc_msgpack_decode_row(TcMsgpackLayout *layout, bytea *data, int max_depth,
					  TcMsgpackRow *row)
{
	Message message = open_message(data, max_depth);
	TcMsgpackToken *found = palloc0(Max(layout->ncolumns, 1) * sizeof(*found));

	find_values(layout, &message, row->relation, found);
	message.depth = 1; /* the map is around the values */
	row->given = NULL;
	for (int i = 0; i < layout->ncolumns; i++)
	{
		TcMsgpackColumn *column = &layout->columns[i];

		if (found[i].end == 0 || column->generated)
			continue;
		row->nulls[column->index] =
			!read_value(&column->type, &message, &found[i],
						&row->values[column->index]);
		row->given = bms_add_member(row->given, column->index + 1);
	}
	pfree(found);
}
