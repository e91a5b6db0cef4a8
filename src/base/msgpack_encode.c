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
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/msgpack.h"

/* -----------------------------------------------------------------------
 * Sinks
 * -----------------------------------------------------------------------
 */

/* How the values of a type are encoded. */
typedef enum ValueForm
{
	FORM_JSONB,
	FORM_INT2,
	FORM_INT4,
	FORM_INT8,
	FORM_FLOAT4,
	FORM_FLOAT8,
	FORM_BOOL,
	FORM_TEXT,
	FORM_NAME,
	FORM_BYTEA,
	FORM_OUTPUT /* as the text that its output function makes */
} ValueForm;

typedef struct ValueType
{
	ValueForm form;
	FmgrInfo output;
} ValueType;

typedef struct Column
{
	int index;		  /* attribute number less one */
	const char *name; /* already encoded */
	size_t name_bytes;
	ValueType type;
} Column;

struct TcMsgpackShape
{
	int ncolumns;
	Column columns[FLEXIBLE_ARRAY_MEMBER];
};

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
#include "base/msgpack_emit.h"
#include "base/msgpack_emit_row.h"
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
#include "base/msgpack_emit.h"
#include "base/msgpack_emit_row.h"
#undef TC_EMIT_NAME
#undef TC_EMIT_SINK
#undef TC_EMIT_APPEND
#undef TC_EMIT_ROOM
#undef TC_EMIT_TEXT

/* Are strings here in another encoding than outside? */
static inline bool
database_converts(void)
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
	buffer->converts = database_converts();
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
static ValueForm
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

/* Prepare for values of a type; domains are as what they are over. */
static void
value_type_init(ValueType *type, Oid typid, MemoryContext context)
{
	Oid output;
	bool is_varlena;

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
	Counter counter = {.bytes = 0, .converts = database_converts()};
	ValueType type;

	value_type_init(&type, typid, CurrentMemoryContext);
	if (!count_value(&counter, value, &type, max_depth))
		return TC_MSGPACK_TOO_DEEP;
	return counter.bytes;
}

bytea *
tc_msgpack_encode(Datum value, Oid typid, int max_depth)
{
	EncodeBuffer buffer;
	ValueType type;
	size_t room = 64;

	value_type_init(&type, typid, CurrentMemoryContext);
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
column_set_name(Column *column, const char *name)
{
	EncodeBuffer buffer;

	buffer_open(&buffer, 2 * NAMEDATALEN);
	write_text(&buffer, name, strlen(name));
	column->name = buffer.data + VARHDRSZ;
	column->name_bytes = buffer.used - VARHDRSZ;
}

TcMsgpackShape *
tc_msgpack_shape_create(TupleDesc desc, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	TcMsgpackShape *shape;

	shape = palloc0(offsetof(TcMsgpackShape, columns) +
					desc->natts * sizeof(Column));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Column *column = &shape->columns[shape->ncolumns];

		if (attribute->attisdropped)
			continue;
		column->index = i;
		value_type_init(&column->type, attribute->atttypid, context);
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
	Counter counter = {.bytes = 0, .converts = database_converts()};

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
