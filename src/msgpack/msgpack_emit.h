/*
 * msgpack_emit.h
 *	  Template: jsonb, values of any type, and rows to MessagePack, into a sink.
 *
 * Measuring and encoding must never disagree, and measuring must be cheap:
 * it happens for every record that enters the cache.  So the walk over
 * jsonb's tree is written once, here, and compiled for each sink.  For the
 * one that only counts, the compiler is left with an addition per value;
 * msgpack-c's packer, which hands each piece to a callback, takes twice the
 * time, and PostgreSQL's iterator over jsonb more.  The bytes themselves are
 * nevertheless msgpack-c's: its own template makes them.
 *
 * Before inclusion, define
 *
 *		TC_EMIT_NAME(name)		function names for this sink
 *		TC_EMIT_SINK			type of the sink, with a member "converts":
 *								strings are not UTF-8 here
 *		TC_EMIT_APPEND(sink, data, length)
 *								append bytes
 *
 * and afterwards use TC_EMIT_NAME(value) and TC_EMIT_NAME(row), which return
 * false if the value is nested deeper than depth.  All is undefined again.
 */
#define emit_pack(name) TC_EMIT_NAME(pack##name)
#define emit_str		TC_EMIT_NAME(str)
#define emit_converted	TC_EMIT_NAME(converted)
#define emit_text		TC_EMIT_NAME(text)
#define emit_ext		TC_EMIT_NAME(ext)
#define emit_number		TC_EMIT_NAME(number)
#define emit_child		TC_EMIT_NAME(child)
#define emit_array		TC_EMIT_NAME(array)
#define emit_object		TC_EMIT_NAME(object)
#define emit_container	TC_EMIT_NAME(container)
#define emit_jsonb		TC_EMIT_NAME(jsonb)
#define emit_varlena	TC_EMIT_NAME(varlena)
#define emit_output		TC_EMIT_NAME(output)
#define emit_value		TC_EMIT_NAME(value)
#define emit_row		TC_EMIT_NAME(row)

/* the template undefines what it is given, and calls one function by name */
#define msgpack_pack_inline_func(name) static inline void emit_pack(name)
#define msgpack_pack_user			   TC_EMIT_SINK *
#define msgpack_pack_append_buffer(sink, data, length) \
	TC_EMIT_APPEND(sink, data, length)
#define msgpack_pack_ext emit_pack(_ext)
#include <msgpack/pack_template.h>
#undef msgpack_pack_ext

/* -----------------------------------------------------------------------
 * Strings and numbers
 * -----------------------------------------------------------------------
 */

/* A whole str. */
static inline void
emit_str(TC_EMIT_SINK *sink, const char *text, size_t length)
{
	emit_pack(_str)(sink, length);
	emit_pack(_str_body)(sink, text, length);
}

static pg_noinline void
emit_converted(TC_EMIT_SINK *sink, const char *text, size_t length)
{
	char *utf8 = pg_server_to_any(text, (int) length, PG_UTF8);

	emit_str(sink, utf8, utf8 == text ? length : strlen(utf8));
	if (utf8 != text)
		pfree(utf8);
}

/* The same, of text in the database's encoding. */
static inline void
emit_text(TC_EMIT_SINK *sink, const char *text, size_t length)
{
	if (unlikely(sink->converts))
		emit_converted(sink, text, length);
	else
		emit_str(sink, text, length);
}

static inline void
emit_ext(TC_EMIT_SINK *sink, int8_t type, const char *text)
{
	emit_pack(_ext)(sink, strlen(text), type);
	emit_pack(_ext_body)(sink, text, strlen(text));
}

static inline void
emit_number(TC_EMIT_SINK *sink, const char *numeric)
{
	TcMsgpackNumber number;

	tc_msgpack_number_read((Numeric) numeric, &number);
	switch (number.kind)
	{
		case TC_NUMBER_UNSIGNED:
			emit_pack(_uint64)(sink, number.as.magnitude);
			break;
		case TC_NUMBER_NEGATIVE:
			/* the magnitude may be one more than int64 has */
			emit_pack(_int64)(sink, (int64) -number.as.magnitude);
			break;
		case TC_NUMBER_DOUBLE:
			emit_pack(_double)(sink, number.as.real);
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

static bool emit_container(TC_EMIT_SINK *sink, const JsonbContainer *container,
						   int depth);

/*
 * A container's child, whose data is from begin to end; depth is how many
 * levels it may have.
 */
static inline bool
emit_child(TC_EMIT_SINK *sink, JEntry entry, const char *data, uint32 begin,
		   uint32 end, int depth)
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
			emit_pack(_false)(sink);
			return true;
		case JENTRY_ISBOOL_TRUE:
			emit_pack(_true)(sink);
			return true;
		case JENTRY_ISCONTAINER:
			return emit_container(
				sink, (const JsonbContainer *) (data + INTALIGN(begin)), depth);
		default:
			emit_pack(_nil)(sink);
			return true;
	}
}

static inline bool
emit_array(TC_EMIT_SINK *sink, const JsonbContainer *array, int depth)
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
emit_object(TC_EMIT_SINK *sink, const JsonbContainer *object, int depth)
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
emit_container(TC_EMIT_SINK *sink, const JsonbContainer *container, int depth)
{
	uint32 count = JsonContainerSize(container);

	if (depth <= 0)
		return false;
	check_stack_depth();
	if (JsonContainerIsObject(container))
	{
		emit_pack(_map)(sink, count);
		return emit_object(sink, container, depth - 1);
	}
	emit_pack(_array)(sink, count);
	return emit_array(sink, container, depth - 1);
}

/* A scalar is the only element of an array that does not show. */
static bool
emit_jsonb(TC_EMIT_SINK *sink, const JsonbContainer *root, int depth)
{
	if (JsonContainerIsScalar(root))
		return emit_array(sink, root, depth);
	return emit_container(sink, root, depth);
}

/* -----------------------------------------------------------------------
 * Values and rows
 * -----------------------------------------------------------------------
 */

/* A value that may have to be fetched or decompressed first. */
static inline bool
emit_varlena(TC_EMIT_SINK *sink, Datum value, TcMsgpackForm form, int depth)
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
		emit_pack(_bin)(sink, length);
		emit_pack(_bin_body)(sink, data, length);
	}
	if ((Pointer) flat != DatumGetPointer(value))
		pfree(flat);
	return complete;
}

/* A value in its text form. */
static inline void
emit_output(TC_EMIT_SINK *sink, Datum value, TcMsgpackType *type)
{
	char *text = output_portably(&type->output, value);

	emit_text(sink, text, strlen(text));
	pfree(text);
}

static inline bool
emit_value(TC_EMIT_SINK *sink, Datum value, TcMsgpackType *type, int depth)
{
	switch (type->form)
	{
		case FORM_JSONB:
		case FORM_TEXT:
		case FORM_BYTEA:
			return emit_varlena(sink, value, type->form, depth);
		case FORM_INT2:
			emit_pack(_int64)(sink, DatumGetInt16(value));
			break;
		case FORM_INT4:
			emit_pack(_int64)(sink, DatumGetInt32(value));
			break;
		case FORM_INT8:
			emit_pack(_int64)(sink, DatumGetInt64(value));
			break;
		case FORM_FLOAT4:
			emit_pack(_float)(sink, DatumGetFloat4(value));
			break;
		case FORM_FLOAT8:
			emit_pack(_double)(sink, DatumGetFloat8(value));
			break;
		case FORM_BOOL:
			if (DatumGetBool(value))
				emit_pack(_true)(sink);
			else
				emit_pack(_false)(sink);
			break;
		case FORM_NAME:
			emit_text(sink, NameStr(*DatumGetName(value)),
					  strlen(NameStr(*DatumGetName(value))));
			break;
		case FORM_OUTPUT:
			emit_output(sink, value, type);
			break;
	}
	return true;
}

/*
 * A row as a map, which is itself one level.  Where nil is NULL, JSON's null
 * has to be something else.
 */
static inline bool
emit_row(TC_EMIT_SINK *sink, TcMsgpackLayout *layout, const Datum *values,
		 const bool *nulls, int depth)
{
	if (depth <= 0)
		return false;
	emit_pack(_map)(sink, layout->ncolumns);
	for (int i = 0; i < layout->ncolumns; i++)
	{
		TcMsgpackColumn *column = &layout->columns[i];

		emit_str(sink, column->name, column->name_length);
		if (nulls[column->index])
			emit_pack(_nil)(sink);
		else if (column->type.form == FORM_JSONB &&
				 is_json_null(values[column->index]))
			emit_ext(sink, TC_MSGPACK_EXT_NULL, TC_MSGPACK_NULL);
		else if (!emit_value(sink, values[column->index], &column->type,
							 depth - 1))
			return false;
	}
	return true;
}

#undef emit_pack
#undef emit_str
#undef emit_converted
#undef emit_text
#undef emit_ext
#undef emit_number
#undef emit_child
#undef emit_array
#undef emit_object
#undef emit_container
#undef emit_jsonb
#undef emit_varlena
#undef emit_output
#undef emit_value
#undef emit_row
#undef TC_EMIT_NAME
#undef TC_EMIT_SINK
#undef TC_EMIT_APPEND
