/*-------------------------------------------------------------------------
 *
 * msgpack_encode.c
 *	  Encodes values and rows as MessagePack, or measures the encoding.
 *
 * Measuring and encoding must never disagree, and measuring must be cheap: it
 * happens for every record that enters the cache.  So the same walk does both,
 * and jsonb is read where it lies, since PostgreSQL's iterator over it takes
 * several times as long.  The bytes are msgpack-c's: its template makes them.
 *
 * Structure: the sink, which counts, or also writes into a buffer that grows;
 * then what goes into it, from strings up to rows.
 *
 * Failure: nesting beyond the depth given is an answer when measuring and an
 * error when encoding.  Errors of output functions and of encoding
 * conversion pass through.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include <msgpack.h>

#include "base/pg_compat.h"
#include "msgpack/msgpack.h"
#include "msgpack/msgpack_encode.h"
#include "msgpack/msgpack_number.h"
#include "msgpack/msgpack_text.h"

/* -----------------------------------------------------------------------
 * The sink
 * -----------------------------------------------------------------------
 */

/* Takes bytes; the first ones of a buffer are for the varlena header. */
typedef struct Sink
{
	char *data; /* NULL if they are only counted */
	size_t used;
	size_t room;
	bool converts; /* strings are not UTF-8 here */
} Sink;

static pg_noinline void
sink_grow(Sink *sink, size_t length)
{
	sink->room = Max(2 * sink->room, sink->used + length);
	/* the last steps are smaller: there is a limit, and it may do */
	if (sink->room > MaxAllocSize && sink->used + length <= MaxAllocSize)
		sink->room = MaxAllocSize;
	sink->data = repalloc(sink->data, sink->room);
}

static pg_attribute_always_inline void
sink_append(Sink *sink, const void *bytes, size_t length)
{
	if (sink->data)
	{
		if (unlikely(length > sink->room - sink->used))
			sink_grow(sink, length);
		memcpy(sink->data + sink->used, bytes, length);
	}
	sink->used += length;
}

static Sink
sink_to_count(void)
{
	return (Sink){.converts = tc_msgpack_text_converts()};
}

static Sink
sink_to_write(size_t room)
{
	return (Sink){.data = palloc(room + VARHDRSZ),
				  .used = VARHDRSZ,
				  .room = room + VARHDRSZ,
				  .converts = tc_msgpack_text_converts()};
}

/* The encoding, if the walk came to its end. */
static bytea *
sink_close(Sink *sink, bool complete, int max_depth)
{
	if (!complete)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value cannot be encoded as MessagePack"),
				 errdetail("It is nested deeper than "
						   "\"topcache.max_msgpack_depth\" (%d).",
						   max_depth)));
	SET_VARSIZE(sink->data, sink->used);
	return (bytea *) sink->data;
}

/* the template calls one function by name */
#define msgpack_pack_inline_func(name) static inline void emit_pack##name
#define msgpack_pack_user			   Sink *
#define msgpack_pack_append_buffer(sink, bytes, length) \
	sink_append(sink, bytes, length)
#define msgpack_pack_ext emit_pack_ext
#include <msgpack/pack_template.h>
#undef msgpack_pack_ext

/* -----------------------------------------------------------------------
 * Strings and numbers
 * -----------------------------------------------------------------------
 */

/* A whole str. */
static inline void
emit_str(Sink *sink, const char *text, size_t length)
{
	emit_pack_str(sink, length);
	emit_pack_str_body(sink, text, length);
}

static pg_noinline void
emit_converted(Sink *sink, const char *text, size_t length)
{
	char *utf8 = pg_server_to_any(text, (int) length, PG_UTF8);

	emit_str(sink, utf8, utf8 == text ? length : strlen(utf8));
	if (utf8 != text)
		pfree(utf8);
}

/* The same, of text in the database's encoding. */
static inline void
emit_text(Sink *sink, const char *text, size_t length)
{
	if (unlikely(sink->converts))
		emit_converted(sink, text, length);
	else
		emit_str(sink, text, length);
}

static inline void
emit_ext(Sink *sink, int8_t type, const char *text)
{
	emit_pack_ext(sink, strlen(text), type);
	emit_pack_ext_body(sink, text, strlen(text));
}

static inline void
emit_number(Sink *sink, const char *numeric)
{
	TcMsgpackNumber number;

	tc_msgpack_number_read((Numeric) numeric, &number);
	switch (number.kind)
	{
		case TC_NUMBER_UNSIGNED:
			emit_pack_uint64(sink, number.as.magnitude);
			break;
		case TC_NUMBER_NEGATIVE:
			/* the magnitude may be one more than int64 has */
			emit_pack_int64(sink, (int64) -number.as.magnitude);
			break;
		case TC_NUMBER_DOUBLE:
			emit_pack_double(sink, number.as.real);
			break;
		case TC_NUMBER_DECIMAL:
			emit_ext(sink, TC_MSGPACK_EXT_DECIMAL, number.as.text);
			pfree(number.as.text);
			break;
	}
}

/* -----------------------------------------------------------------------
 * jsonb
 * -----------------------------------------------------------------------
 */

static bool emit_container(Sink *sink, const JsonbContainer *container,
						   int depth);

/*
 * A container's child, whose data is from begin to end; depth is how many
 * levels it may have.
 */
static inline bool
emit_child(Sink *sink, JEntry entry, const char *data, uint32 begin, uint32 end,
		   int depth)
{
	switch (entry & JENTRY_TYPEMASK)
	{
		case JENTRY_ISSTRING:
			emit_text(sink, data + begin, end - begin);
			return true;
		case JENTRY_ISNUMERIC:
			emit_number(sink, data + INTALIGN(begin));
			return true;
		case JENTRY_ISBOOL_FALSE:
			emit_pack_false(sink);
			return true;
		case JENTRY_ISBOOL_TRUE:
			emit_pack_true(sink);
			return true;
		case JENTRY_ISCONTAINER:
			return emit_container(
				sink, (const JsonbContainer *) (data + INTALIGN(begin)), depth);
		default:
			emit_pack_nil(sink);
			return true;
	}
}

static inline bool
emit_array(Sink *sink, const JsonbContainer *array, int depth)
{
	uint32 count = JsonContainerSize(array);
	const char *data = (const char *) (array->children + count);
	uint32 begin = 0;

	for (uint32 i = 0; i < count; i++)
	{
		JEntry entry = array->children[i];
		uint32 end = begin;

		JBE_ADVANCE_OFFSET(end, entry);
		if (!emit_child(sink, entry, data, begin, end, depth))
			return false;
		begin = end;
	}
	return true;
}

/* Keys are the first half of an object's children. */
static inline bool
emit_object(Sink *sink, const JsonbContainer *object, int depth)
{
	uint32 count = JsonContainerSize(object);
	const JEntry *keys = object->children;
	const JEntry *values = keys + count;
	const char *data = (const char *) (values + count);
	uint32 key_begin = 0;
	uint32 begin = getJsonbOffset(object, (int) count);

	for (uint32 i = 0; i < count; i++)
	{
		JEntry entry = values[i];
		uint32 key_end = key_begin;
		uint32 end = begin;

		JBE_ADVANCE_OFFSET(key_end, keys[i]);
		JBE_ADVANCE_OFFSET(end, entry);
		emit_text(sink, data + key_begin, key_end - key_begin);
		if (!emit_child(sink, entry, data, begin, end, depth))
			return false;
		key_begin = key_end;
		begin = end;
	}
	return true;
}

static bool
emit_container(Sink *sink, const JsonbContainer *container, int depth)
{
	uint32 count = JsonContainerSize(container);

	if (depth <= 0)
		return false;
	check_stack_depth();
	if (JsonContainerIsObject(container))
	{
		emit_pack_map(sink, count);
		return emit_object(sink, container, depth - 1);
	}
	emit_pack_array(sink, count);
	return emit_array(sink, container, depth - 1);
}

/* A scalar is the only element of an array that does not show. */
static bool
emit_jsonb(Sink *sink, const JsonbContainer *root, int depth)
{
	if (JsonContainerIsScalar(root))
		return emit_array(sink, root, depth);
	return emit_container(sink, root, depth);
}

/* -----------------------------------------------------------------------
 * Values and rows
 * -----------------------------------------------------------------------
 */

/* What is stored with a short header does not lie where it may be read. */
typedef union AlignedShort
{
	int32 alignment;
	char bytes[VARATT_SHORT_MAX];
} AlignedShort;

/* A value that may have to be fetched or decompressed first. */
static inline bool
emit_varlena(Sink *sink, Datum value, TcMsgpackForm form, int depth)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(flat);
	size_t length = VARSIZE_ANY_EXHDR(flat);
	bool complete = true;
	AlignedShort aligned;

	if (form == FORM_JSONB)
	{
		if (VARATT_IS_SHORT(flat))
			data = memcpy(&aligned, data, length);
		complete = emit_jsonb(sink, (const JsonbContainer *) data, depth);
	}
	else if (form == FORM_TEXT)
		emit_text(sink, data, length);
	else
	{
		emit_pack_bin(sink, length);
		emit_pack_bin_body(sink, data, length);
	}
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return complete;
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

/* A value in its text form. */
static inline void
emit_output(Sink *sink, Datum value, TcMsgpackType *type)
{
	char *text = output_portably(&type->output, value);

	emit_text(sink, text, strlen(text));
	pfree(text);
}

static inline bool
emit_value(Sink *sink, Datum value, TcMsgpackType *type, int depth)
{
	switch (type->form)
	{
		case FORM_JSONB:
		case FORM_TEXT:
		case FORM_BYTEA:
			return emit_varlena(sink, value, type->form, depth);
		case FORM_INT2:
			emit_pack_int64(sink, DatumGetInt16(value));
			break;
		case FORM_INT4:
			emit_pack_int64(sink, DatumGetInt32(value));
			break;
		case FORM_INT8:
			emit_pack_int64(sink, DatumGetInt64(value));
			break;
		case FORM_FLOAT4:
			emit_pack_float(sink, DatumGetFloat4(value));
			break;
		case FORM_FLOAT8:
			emit_pack_double(sink, DatumGetFloat8(value));
			break;
		case FORM_BOOL:
			if (DatumGetBool(value))
				emit_pack_true(sink);
			else
				emit_pack_false(sink);
			break;
		case FORM_OUTPUT:
			emit_output(sink, value, type);
			break;
	}
	return true;
}

/* Is this jsonb null?  That is stored as it is. */
static inline bool
is_json_null(Datum value)
{
	struct varlena *jsonb = (struct varlena *) DatumGetPointer(value);
	uint32 words[2];

	if (VARATT_IS_EXTENDED(jsonb) && !VARATT_IS_SHORT(jsonb))
		return false;
	if (VARSIZE_ANY_EXHDR(jsonb) != sizeof(words))
		return false;
	memcpy(words, VARDATA_ANY(jsonb), sizeof(words));
	return words[0] == (JB_FARRAY | JB_FSCALAR | 1) && JBE_ISNULL(words[1]);
}

/*
 * A row as a map, which is itself one level.  Where nil is NULL, JSON's null
 * has to be something else.
 */
static inline bool
emit_row(Sink *sink, TcMsgpackLayout *layout, const Datum *values,
		 const bool *nulls, int depth)
{
	if (depth <= 0)
		return false;
	emit_pack_map(sink, layout->ncolumns);
	for (int i = 0; i < layout->ncolumns; i++)
	{
		TcMsgpackColumn *column = &layout->columns[i];

		emit_str(sink, column->name, column->name_length);
		if (nulls[column->index])
			emit_pack_nil(sink);
		else if (column->type.form == FORM_JSONB &&
				 is_json_null(values[column->index]))
			emit_ext(sink, TC_MSGPACK_EXT_NULL, TC_MSGPACK_NULL);
		else if (!emit_value(sink, values[column->index], &column->type,
							 depth - 1))
			return false;
	}
	return true;
}

/* -----------------------------------------------------------------------
 * For callers
 * -----------------------------------------------------------------------
 */

bytea *
tc_msgpack_encode(Datum value, Oid typid, int max_depth)
{
	Sink sink;
	TcMsgpackType type;
	size_t room = 64;

	tc_msgpack_layout_type(&type, typid, -1, CurrentMemoryContext);
	/* most documents are shorter than as jsonb */
	if (type.form == FORM_JSONB || type.form == FORM_TEXT ||
		type.form == FORM_BYTEA)
		room += toast_raw_datum_size(value);
	sink = sink_to_write(room);
	return sink_close(&sink, emit_value(&sink, value, &type, max_depth),
					  max_depth);
}

int64
tc_msgpack_encode_length(Datum value, Oid typid, int max_depth)
{
	Sink sink = sink_to_count();
	TcMsgpackType type;

	tc_msgpack_layout_type(&type, typid, -1, CurrentMemoryContext);
	if (!emit_value(&sink, value, &type, max_depth))
		return TC_MSGPACK_TOO_DEEP;
	return (int64) sink.used;
}

bytea *
tc_msgpack_encode_row(TcMsgpackLayout *layout, const Datum *values,
					  const bool *nulls, int max_depth)
{
	Sink sink = sink_to_write(256);

	return sink_close(&sink, emit_row(&sink, layout, values, nulls, max_depth),
					  max_depth);
}

int64
tc_msgpack_encode_row_length(TcMsgpackLayout *layout, const Datum *values,
							 const bool *nulls, int max_depth)
{
	Sink sink = sink_to_count();

	if (!emit_row(&sink, layout, values, nulls, max_depth))
		return TC_MSGPACK_TOO_DEEP;
	return (int64) sink.used;
}
