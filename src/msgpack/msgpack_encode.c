/*-------------------------------------------------------------------------
 *
 * msgpack_encode.c
 *	  Encodes values and rows as MessagePack, or measures the encoding.
 *
 * Structure: two sinks, one that counts and one that writes into a buffer
 * that grows.  What goes into them comes from two templates, one for jsonb
 * and one for other values and rows, that are compiled for each sink.
 *
 * Concurrency: none; there is no state but a shape's, which belongs to one
 * backend.
 *
 * Failure: nesting beyond the depth given is an answer when measuring and an
 * error when encoding.  Errors of output functions and of encoding
 * conversion pass through.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/pg_compat.h"
#include "msgpack/jsonb_form.h"
#include "msgpack/msgpack_core.h"
#include "msgpack/msgpack_types.h"

/* -----------------------------------------------------------------------
 * Sinks
 * -----------------------------------------------------------------------
 */

/* Counts. */
typedef struct Counter
{
	int64 bytes;
	bool converts; /* strings are not UTF-8 here */
} Counter;

/* Writes; the first bytes of the buffer are for the varlena header. */
typedef struct EncodeBuffer
{
	char *data;
	size_t used;
	size_t room;
	bool converts;
} EncodeBuffer;

static pg_noinline void
buffer_grow(EncodeBuffer *buffer, size_t length)
{
	buffer->room = Max(2 * buffer->room, buffer->used + length);
	/* the last steps are smaller: there is a limit, and it may do */
	if (buffer->room > MaxAllocSize && buffer->used + length <= MaxAllocSize)
		buffer->room = MaxAllocSize;
	buffer->data = repalloc(buffer->data, buffer->room);
}

/* Make room for bytes and return where they go. */
static inline char *
buffer_room(EncodeBuffer *buffer, size_t length)
{
	char *room;

	if (unlikely(length > buffer->room - buffer->used))
		buffer_grow(buffer, length);
	room = buffer->data + buffer->used;
	buffer->used += length;
	return room;
}

/*
 * A value in its text form.  What travels must be the same whoever sends it,
 * and so must its cost, but the output functions of some types go by what the
 * session likes: dates in ISO 8601, in UTC, floats in full, bytes in hex.
 * Nothing but output happens in between, so the settings are not announced.
 */
static pg_noinline char *
output_portably(FmgrInfo *output, Datum value)
{
	int date_style = DateStyle;
	int interval_style = IntervalStyle;
	int float_digits = extra_float_digits;
	int bytea_style = bytea_output;
	pg_tz *zone = session_timezone;
	char *text = NULL;

	PG_TRY();
	{
		DateStyle = USE_ISO_DATES;
		IntervalStyle = INTSTYLE_POSTGRES;
		extra_float_digits = 1;
		bytea_output = BYTEA_OUTPUT_HEX;
		session_timezone = pg_tzset("UTC");
		text = OutputFunctionCall(output, value);
	}
	PG_FINALLY();
	{
		DateStyle = date_style;
		IntervalStyle = interval_style;
		extra_float_digits = float_digits;
		bytea_output = bytea_style;
		session_timezone = zone;
	}
	PG_END_TRY();
	return text;
}

/* Is this jsonb null?  That is stored as it is. */
static inline bool
is_json_null(Datum value)
{
	struct varlena *jsonb = (struct varlena *) DatumGetPointer(value);
	char words[8];

	if (VARATT_IS_EXTENDED(jsonb) && !VARATT_IS_SHORT(jsonb))
		return false;
	if (VARSIZE_ANY_EXHDR(jsonb) != sizeof(words))
		return false;
	memcpy(words, VARDATA_ANY(jsonb), sizeof(words));
	return tc_form_get32(words) == (TC_FORM_ARRAY | TC_FORM_SCALAR | 1) &&
		(tc_form_get32(words + 4) & TC_FORM_TYPE_MASK) == TC_FORM_NULL;
}

static inline void count_str(Counter *counter, const char *text, size_t length);
static inline void write_str(EncodeBuffer *buffer, const char *text,
							 size_t length);

/* Strings of a database with another encoding than UTF-8. */

static pg_noinline void
count_converted(Counter *counter, const char *text, size_t length)
{
	char *utf8 = pg_server_to_any(text, (int) length, PG_UTF8);

	count_str(counter, utf8, utf8 == text ? length : strlen(utf8));
	if (utf8 != text)
		pfree(utf8);
}

static pg_noinline void
write_converted(EncodeBuffer *buffer, const char *text, size_t length)
{
	char *utf8 = pg_server_to_any(text, (int) length, PG_UTF8);

	write_str(buffer, utf8, utf8 == text ? length : strlen(utf8));
	if (utf8 != text)
		pfree(utf8);
}

static inline void
count_text(Counter *counter, const char *text, size_t length)
{
	if (unlikely(counter->converts))
		count_converted(counter, text, length);
	else
		count_str(counter, text, length);
}

static inline void
write_text(EncodeBuffer *buffer, const char *text, size_t length)
{
	if (unlikely(buffer->converts))
		write_converted(buffer, text, length);
	else
		write_str(buffer, text, length);
}

#define TC_EMIT_NAME(name)				   count_##name
#define TC_EMIT_SINK					   Counter
#define TC_EMIT_APPEND(sink, data, length) ((sink)->bytes += (length))
#define TC_EMIT_ROOM(sink, length)		   ((sink)->bytes += (length), NULL)
#define TC_EMIT_TEXT(sink, text, length)   count_text(sink, text, length)
#include "msgpack/msgpack_emit.h"
#include "msgpack/msgpack_emit_row.h"
#undef TC_EMIT_NAME
#undef TC_EMIT_SINK
#undef TC_EMIT_APPEND
#undef TC_EMIT_ROOM
#undef TC_EMIT_TEXT

#define TC_EMIT_NAME(name) write_##name
#define TC_EMIT_SINK	   EncodeBuffer
#define TC_EMIT_APPEND(sink, data, length) \
	memcpy(buffer_room(sink, length), data, length)
#define TC_EMIT_ROOM(sink, length)		 buffer_room(sink, length)
#define TC_EMIT_TEXT(sink, text, length) write_text(sink, text, length)
#include "msgpack/msgpack_emit.h"
#include "msgpack/msgpack_emit_row.h"
#undef TC_EMIT_NAME
#undef TC_EMIT_SINK
#undef TC_EMIT_APPEND
#undef TC_EMIT_ROOM
#undef TC_EMIT_TEXT

bool
tc_msgpack_converts(void)
{
	return GetDatabaseEncoding() != PG_UTF8 &&
		GetDatabaseEncoding() != PG_SQL_ASCII;
}

static void
buffer_open(EncodeBuffer *buffer, size_t room)
{
	buffer->data = palloc(room + VARHDRSZ);
	buffer->used = VARHDRSZ;
	buffer->room = room + VARHDRSZ;
	buffer->converts = tc_msgpack_converts();
}

/* The encoding, if the walk came to its end. */
static bytea *
buffer_close(EncodeBuffer *buffer, bool complete, int max_depth)
{
	if (!complete)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value cannot be encoded as MessagePack"),
				 errdetail("It is nested deeper than "
						   "\"topcache.max_msgpack_depth\" (%d).",
						   max_depth)));
	SET_VARSIZE(buffer->data, buffer->used);
	return (bytea *) buffer->data;
}

/* -----------------------------------------------------------------------
 * Types
 * -----------------------------------------------------------------------
 */

/* The form of a type that has one of its own here. */
static TcMsgpackForm
native_form(Oid typid)
{
	switch (typid)
	{
		case JSONBOID:
			return FORM_JSONB;
		case INT2OID:
			return FORM_INT2;
		case INT4OID:
			return FORM_INT4;
		case INT8OID:
			return FORM_INT8;
		case FLOAT4OID:
			return FORM_FLOAT4;
		case FLOAT8OID:
			return FORM_FLOAT8;
		case BOOLOID:
			return FORM_BOOL;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case JSONOID: /* is stored as its text */
			return FORM_TEXT;
		case NAMEOID:
			return FORM_NAME;
		case BYTEAOID:
			return FORM_BYTEA;
		default:
			return FORM_OUTPUT;
	}
}

void
tc_msgpack_type_init(TcMsgpackType *type, Oid typid, int32 typmod,
					 MemoryContext context)
{
	Oid output;
	bool is_varlena;

	type->id = typid;
	type->typmod = typmod;
	type->context = context;
	type->base = InvalidOid;
	type->domain = NULL;
	type->form = native_form(typid);
	if (type->form == FORM_OUTPUT)
		type->form = native_form(getBaseType(typid));
	if (type->form == FORM_OUTPUT)
	{
		getTypeOutputInfo(typid, &output, &is_varlena);
		fmgr_info_cxt(output, &type->output, context);
	}
}

/* -----------------------------------------------------------------------
 * Values
 * -----------------------------------------------------------------------
 */

int64
tc_msgpack_length(Datum value, Oid typid, int max_depth)
{
	Counter counter = {.bytes = 0, .converts = tc_msgpack_converts()};
	TcMsgpackType type;

	tc_msgpack_type_init(&type, typid, -1, CurrentMemoryContext);
	if (!count_value(&counter, value, &type, max_depth))
		return TC_MSGPACK_TOO_DEEP;
	return counter.bytes;
}

bytea *
tc_msgpack_encode(Datum value, Oid typid, int max_depth)
{
	EncodeBuffer buffer;
	TcMsgpackType type;
	size_t room = 64;

	tc_msgpack_type_init(&type, typid, -1, CurrentMemoryContext);
	/* most documents are shorter than as jsonb */
	if (type.form == FORM_JSONB || type.form == FORM_TEXT ||
		type.form == FORM_BYTEA)
		room += toast_raw_datum_size(value);
	buffer_open(&buffer, room);
	return buffer_close(&buffer, write_value(&buffer, value, &type, max_depth),
						max_depth);
}

/* -----------------------------------------------------------------------
 * Rows
 * -----------------------------------------------------------------------
 */

/* The name of a column as it appears in every row: a whole str. */
static void
column_set_name(TcMsgpackColumn *column, const char *name)
{
	EncodeBuffer buffer;

	buffer_open(&buffer, 2 * NAMEDATALEN);
	write_text(&buffer, name, strlen(name));
	column->name = buffer.data + VARHDRSZ;
	column->name_bytes = buffer.used - VARHDRSZ;
	/* names are no longer than what takes a head of one byte, or two */
	column->name_length =
		column->name_bytes - (column->name_bytes <= 1 + 31 ? 1 : 2);
}

TcMsgpackShape *
tc_msgpack_shape_create(TupleDesc desc, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	TcMsgpackShape *shape;

	shape = palloc0(offsetof(TcMsgpackShape, columns) +
					desc->natts * sizeof(TcMsgpackColumn));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		TcMsgpackColumn *column = &shape->columns[shape->ncolumns];

		if (attribute->attisdropped)
			continue;
		column->index = i;
		column->generated = attribute->attgenerated != '\0';
		tc_msgpack_type_init(&column->type, attribute->atttypid,
							 attribute->atttypmod, context);
		column_set_name(column, NameStr(attribute->attname));
		shape->ncolumns++;
	}
	MemoryContextSwitchTo(old_context);
	return shape;
}

int64
tc_msgpack_row_length(TcMsgpackShape *shape, const Datum *values,
					  const bool *nulls, int max_depth)
{
	Counter counter = {.bytes = 0, .converts = tc_msgpack_converts()};

	if (!count_row(&counter, shape, values, nulls, max_depth))
		return TC_MSGPACK_TOO_DEEP;
	return counter.bytes;
}

bytea *
tc_msgpack_row_encode(TcMsgpackShape *shape, const Datum *values,
					  const bool *nulls, int max_depth)
{
	EncodeBuffer buffer;

	buffer_open(&buffer, 256);
	return buffer_close(&buffer,
						write_row(&buffer, shape, values, nulls, max_depth),
						max_depth);
}
