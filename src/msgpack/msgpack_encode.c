/*-------------------------------------------------------------------------
 *
 * msgpack_encode.c
 *	  Encodes values and rows as MessagePack, or measures the encoding.
 *
 * Structure: two sinks, one that counts and one that writes into a buffer
 * that grows.  What goes into them comes from a template that is compiled for
 * each.
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
	uint32 words[2];

	if (VARATT_IS_EXTENDED(jsonb) && !VARATT_IS_SHORT(jsonb))
		return false;
	if (VARSIZE_ANY_EXHDR(jsonb) != sizeof(words))
		return false;
	memcpy(words, VARDATA_ANY(jsonb), sizeof(words));
	return words[0] == (JB_FARRAY | JB_FSCALAR | 1) && JBE_ISNULL(words[1]);
}

/* What is stored with a short header does not lie where it may be read. */
typedef union AlignedShort
{
	int32 alignment;
	char bytes[VARATT_SHORT_MAX];
} AlignedShort;

#define TC_EMIT_NAME(name)				   count_##name
#define TC_EMIT_SINK					   Counter
#define TC_EMIT_APPEND(sink, data, length) ((sink)->bytes += (length))
#include "msgpack/msgpack_emit.h"

#define TC_EMIT_NAME(name) write_##name
#define TC_EMIT_SINK	   EncodeBuffer
#define TC_EMIT_APPEND(sink, data, length) \
	memcpy(buffer_room(sink, length), data, length)
#include "msgpack/msgpack_emit.h"

static void
buffer_open(EncodeBuffer *buffer, size_t room)
{
	buffer->data = palloc(room + VARHDRSZ);
	buffer->used = VARHDRSZ;
	buffer->room = room + VARHDRSZ;
	buffer->converts = tc_msgpack_text_converts();
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

bytea *
tc_msgpack_encode(Datum value, Oid typid, int max_depth)
{
	EncodeBuffer buffer;
	TcMsgpackType type;
	size_t room = 64;

	tc_msgpack_layout_type(&type, typid, -1, CurrentMemoryContext);
	/* most documents are shorter than as jsonb */
	if (type.form == FORM_JSONB || type.form == FORM_TEXT ||
		type.form == FORM_BYTEA)
		room += toast_raw_datum_size(value);
	buffer_open(&buffer, room);
	return buffer_close(&buffer, write_value(&buffer, value, &type, max_depth),
						max_depth);
}

int64
tc_msgpack_encode_length(Datum value, Oid typid, int max_depth)
{
	Counter counter = {.converts = tc_msgpack_text_converts()};
	TcMsgpackType type;

	tc_msgpack_layout_type(&type, typid, -1, CurrentMemoryContext);
	if (!count_value(&counter, value, &type, max_depth))
		return TC_MSGPACK_TOO_DEEP;
	return counter.bytes;
}

bytea *
tc_msgpack_encode_row(TcMsgpackLayout *layout, const Datum *values,
					  const bool *nulls, int max_depth)
{
	EncodeBuffer buffer;

	buffer_open(&buffer, 256);
	return buffer_close(&buffer,
						write_row(&buffer, layout, values, nulls, max_depth),
						max_depth);
}

int64
tc_msgpack_encode_row_length(TcMsgpackLayout *layout, const Datum *values,
							 const bool *nulls, int max_depth)
{
	Counter counter = {.converts = tc_msgpack_text_converts()};

	if (!count_row(&counter, layout, values, nulls, max_depth))
		return TC_MSGPACK_TOO_DEEP;
	return counter.bytes;
}
