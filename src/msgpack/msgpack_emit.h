/*
 * msgpack_emit.h
 *	  Template: jsonb to MessagePack, into a sink.
 *
 * Measuring and encoding must never disagree, and measuring must be cheap:
 * it happens for every record that enters the cache.  So the walk over
 * jsonb's tree is written once, here, and compiled for each sink.  For the
 * one that only counts, the compiler is left with an addition per item;
 * msgpack-c's packer, which hands each piece to a callback, takes twice the
 * time.  The bytes themselves are nevertheless msgpack-c's: its own template
 * makes them.  Nothing here needs the server.
 *
 * Before inclusion, define
 *
 *		TC_EMIT_NAME(name)		function names for this sink
 *		TC_EMIT_SINK			type of the sink
 *		TC_EMIT_APPEND(sink, data, length)
 *								append bytes
 *		TC_EMIT_ROOM(sink, length)
 *								append bytes that are still to be written,
 *								return where, or NULL if they are not wanted
 *		TC_EMIT_TEXT(sink, text, length)
 *								append a whole str, from text as it is in
 *								jsonb; may use TC_EMIT_NAME(str)
 *
 * and afterwards use TC_EMIT_NAME(jsonb), and the functions of msgpack-c's
 * template as TC_EMIT_NAME(pack_...); then undefine them again.
 */
#include <msgpack.h>

#include "msgpack/jsonb_form.h"
#include "msgpack/msgpack_core.h"
#include "msgpack/msgpack_number.h"

#define emit_pack(name) TC_EMIT_NAME(pack##name)
#define emit_str		TC_EMIT_NAME(str)
#define emit_number		TC_EMIT_NAME(number)
#define emit_child		TC_EMIT_NAME(child)
#define emit_array		TC_EMIT_NAME(array)
#define emit_object		TC_EMIT_NAME(object)
#define emit_container	TC_EMIT_NAME(container)
#define emit_jsonb		TC_EMIT_NAME(jsonb)

/* the template undefines what it is given, and calls one function by name */
#define msgpack_pack_inline_func(name) static inline void emit_pack(name)
#define msgpack_pack_user			   TC_EMIT_SINK *
#define msgpack_pack_append_buffer(sink, data, length) \
	TC_EMIT_APPEND(sink, data, length)
#define msgpack_pack_ext emit_pack(_ext)
#include <msgpack/pack_template.h>
#undef msgpack_pack_ext

static bool emit_container(TC_EMIT_SINK *sink, const char *container,
						   int depth);

/* A whole str. */
static inline void
emit_str(TC_EMIT_SINK *sink, const char *text, size_t length)
{
	emit_pack(_str)(sink, length);
	emit_pack(_str_body)(sink, text, length);
}

static inline void
emit_number(TC_EMIT_SINK *sink, const char *numeric)
{
	TcNumber number;
	char *text;

	tc_number_read(numeric, &number);
	switch (number.kind)
	{
		case TC_NUMBER_UNSIGNED:
			emit_pack(_uint64)(sink, number.as.magnitude);
			break;
		case TC_NUMBER_NEGATIVE:
			/* the magnitude may be one more than int64 has */
			emit_pack(_int64)(sink, (int64_t) -number.as.magnitude);
			break;
		case TC_NUMBER_DOUBLE:
			emit_pack(_double)(sink, number.as.real);
			break;
		case TC_NUMBER_DECIMAL:
			emit_pack(_ext)(sink, number.as.length, TC_EXT_DECIMAL);
			text = TC_EMIT_ROOM(sink, number.as.length);
			if (text)
				tc_number_write_text(numeric, text);
			break;
	}
}

/*
 * A container's child, whose data is from begin to end; depth is how many
 * levels it may have.  False if it is nested too deep.
 */
static inline bool
emit_child(TC_EMIT_SINK *sink, uint32_t entry, const char *data, uint32_t begin,
		   uint32_t end, int depth)
{
	switch (entry & TC_FORM_TYPE_MASK)
	{
		case TC_FORM_STRING:
			TC_EMIT_TEXT(sink, data + begin, end - begin);
			return true;
		case TC_FORM_NUMERIC:
			emit_number(sink, data + TC_FORM_ALIGN(begin));
			return true;
		case TC_FORM_FALSE:
			emit_pack(_false)(sink);
			return true;
		case TC_FORM_TRUE:
			emit_pack(_true)(sink);
			return true;
		case TC_FORM_CONTAINER:
			return emit_container(sink, data + TC_FORM_ALIGN(begin), depth);
		default:
			emit_pack(_nil)(sink);
			return true;
	}
}

/* The elements of an array, whose entry words are here. */
static inline bool
emit_array(TC_EMIT_SINK *sink, const char *entries, uint32_t count, int depth)
{
	const char *data = entries + 4 * (size_t) count;
	uint32_t begin = 0;

	for (uint32_t i = 0; i < count; i++, entries += 4)
	{
		uint32_t entry = tc_form_get32(entries);
		uint32_t end = tc_form_entry_end(entry, begin);

		if (!emit_child(sink, entry, data, begin, end, depth))
			return false;
		begin = end;
	}
	return true;
}

/* The pairs of an object, whose entry words are here. */
static inline bool
emit_object(TC_EMIT_SINK *sink, const char *entries, uint32_t count, int depth)
{
	const char *values = entries + 4 * (size_t) count;
	const char *data = values + 4 * (size_t) count;
	uint32_t key_begin = 0;
	uint32_t begin = tc_form_children_end(entries, count);

	for (uint32_t i = 0; i < count; i++, entries += 4, values += 4)
	{
		uint32_t key_end = tc_form_entry_end(tc_form_get32(entries), key_begin);
		uint32_t entry = tc_form_get32(values);
		uint32_t end = tc_form_entry_end(entry, begin);

		TC_EMIT_TEXT(sink, data + key_begin, key_end - key_begin);
		if (!emit_child(sink, entry, data, begin, end, depth))
			return false;
		key_begin = key_end;
		begin = end;
	}
	return true;
}

static bool
emit_container(TC_EMIT_SINK *sink, const char *container, int depth)
{
	uint32_t header = tc_form_get32(container);
	uint32_t count = header & TC_FORM_COUNT_MASK;

	if (depth <= 0)
		return false;
	tc_msgpack_check_stack();
	if (header & TC_FORM_OBJECT)
	{
		emit_pack(_map)(sink, count);
		return emit_object(sink, container + 4, count, depth - 1);
	}
	emit_pack(_array)(sink, count);
	return emit_array(sink, container + 4, count, depth - 1);
}

/*
 * A jsonb, given its root container; a scalar is the only element of one
 * that does not show.  False if there are more levels than depth.
 */
static bool
emit_jsonb(TC_EMIT_SINK *sink, const char *root, int depth)
{
	if (tc_form_get32(root) & TC_FORM_SCALAR)
		return emit_array(sink, root + 4, 1, depth);
	return emit_container(sink, root, depth);
}

#undef emit_pack
#undef emit_str
#undef emit_number
#undef emit_child
#undef emit_array
#undef emit_object
#undef emit_container
#undef emit_jsonb
