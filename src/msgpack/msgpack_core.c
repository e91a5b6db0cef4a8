/*-------------------------------------------------------------------------
 *
 * msgpack_core.c
 *	  Decodes MessagePack to jsonb's binary form, written where it stays.
 *
 * Structure: the tape tells what the message holds and how much room its
 * jsonb takes at most; then the message is read again and written, from the
 * outside in.  A container's header and entry words come first and are
 * filled in as the children behind them are written.
 *
 * The result is bit for bit what the server makes of the same document.
 *
 * Concurrency: none; there is no state.
 *
 * Failure: the tape has found everything wrong with the message before
 * anything is written; what is left is that jsonb cannot hold it.
 *
 *-------------------------------------------------------------------------
 */
#include <assert.h>

#include "msgpack/jsonb_form.h"
#include "msgpack/msgpack_core.h"
#include "msgpack/msgpack_number.h"
#include "msgpack/msgpack_tape.h"
#include "msgpack/msgpack_text.h"

/* The server allocates no more than this at once. */
#define MAX_ALLOCATION 0x3FFFFFFF

typedef struct Writer
{
	const TcTape *tape;
	TcItemReader reader;
	uint32_t map; /* entry of the next map */
	bool too_large;
	char *jsonb;
	size_t at;
} Writer;

/* A container while its children are written. */
typedef struct Container
{
	size_t entries; /* where its entry words are */
	size_t data;	/* where its children's data begins */
	size_t written; /* entries that are filled in */
} Container;

static uint32_t write_other(Writer *writer, const TcItem *item);

static void
write_padding(Writer *writer)
{
	while (writer->at % 4 != 0)
		writer->jsonb[writer->at++] = 0;
}

/* Keys are short, and a call costs more than copying them. */
static inline void
write_bytes(Writer *writer, const void *data, size_t length)
{
	char *to = writer->jsonb + writer->at;
	const char *from = data;

	if (length > 16)
		memcpy(to, from, length);
	else if (length >= 8)
	{
		memcpy(to, from, 8);
		memcpy(to + length - 8, from + length - 8, 8);
	}
	else if (length >= 4)
	{
		memcpy(to, from, 4);
		memcpy(to + length - 4, from + length - 4, 4);
	}
	else
	{
		for (size_t i = 0; i < length; i++)
			to[i] = from[i];
	}
	writer->at += length;
}

/* Begin a container with so many elements or pairs. */
static void
open_container(Writer *writer, uint32_t kind, uint32_t count,
			   Container *container)
{
	size_t children = kind == TC_FORM_OBJECT ? 2 * (size_t) count : count;

	write_padding(writer);
	tc_form_put32(writer->jsonb + writer->at, kind | count);
	container->entries = writer->at + 4;
	container->data = container->entries + 4 * children;
	container->written = 0;
	writer->at = container->data;
}

/* A child has been written, from begin to here; fill in its entry. */
static inline void
note_child(Writer *writer, Container *container, uint32_t type, size_t begin)
{
	size_t end = writer->at - container->data;
	uint32_t entry;

	if (end > TC_FORM_LENGTH_MASK)
		writer->too_large = true;
	if (container->written % TC_FORM_OFFSET_STRIDE == 0)
		entry = TC_FORM_HAS_OFFSET | (uint32_t) end;
	else
		entry = (uint32_t) (writer->at - begin);
	tc_form_put32(writer->jsonb + container->entries + 4 * container->written,
				  type | entry);
	container->written++;
}

/*
 * Write the next value of the message; returns the type for its entry.  Most
 * are strings.
 */
static inline uint32_t
write_value(Writer *writer)
{
	TcItem item;

	tc_item_read(&writer->reader, &item);
	if (item.kind != TC_ITEM_STR)
		return write_other(writer, &item);
	write_bytes(writer, item.payload, item.value);
	return TC_FORM_STRING;
}

/* Write the next value of the message as a container's next child. */
static inline void
write_child(Writer *writer, Container *container)
{
	size_t begin = writer->at;
	uint32_t type = write_value(writer);

	note_child(writer, container, type, begin);
}

/* Write a string as a container's next child. */
static inline void
write_child_string(Writer *writer, Container *container, const void *text,
				   size_t length)
{
	size_t begin = writer->at;

	write_bytes(writer, text, length);
	note_child(writer, container, TC_FORM_STRING, begin);
}

static uint32_t
write_array(Writer *writer, uint64_t count)
{
	Container container;

	tc_msgpack_check_stack();
	open_container(writer, TC_FORM_ARRAY, (uint32_t) count, &container);
	for (uint64_t i = 0; i < count; i++)
		write_child(writer, &container);
	return TC_FORM_CONTAINER;
}

/* A map's pairs go by the tape; afterwards the reader is behind it. */
static uint32_t
write_map(Writer *writer, uint64_t count)
{
	const TcTapeEntry *entry = writer->tape->entries + writer->map;
	Container container;

	if (count == 0)
	{
		open_container(writer, TC_FORM_OBJECT, 0, &container);
		return TC_FORM_CONTAINER;
	}
	tc_msgpack_check_stack();
	open_container(writer, TC_FORM_OBJECT, entry->map.pairs, &container);
	for (uint32_t i = 1; i <= entry->map.pairs; i++)
		write_child_string(writer, &container, entry[i].pair.key,
						   entry[i].pair.key_length);
	for (uint32_t i = 1; i <= entry->map.pairs; i++)
	{
		writer->reader.at = writer->reader.start + entry[i].pair.value_at;
		writer->map = entry[i].pair.first;
		write_child(writer, &container);
	}
	writer->reader.at = writer->reader.start + entry->map.end_at;
	writer->map = entry->map.next;
	return TC_FORM_CONTAINER;
}

static uint32_t
write_integer(Writer *writer, bool negative, uint64_t magnitude)
{
	write_padding(writer);
	writer->at += tc_numeric_from_integer(writer->jsonb + writer->at, negative,
										  magnitude);
	return TC_FORM_NUMERIC;
}

static uint32_t
write_float(Writer *writer, const TcItem *item)
{
	uint32_t bits = (uint32_t) item->value;
	float narrow;
	double wide;
	char *to;

	write_padding(writer);
	to = writer->jsonb + writer->at;
	if (item->kind == TC_ITEM_FLOAT)
	{
		memcpy(&narrow, &bits, sizeof(narrow));
		writer->at += tc_numeric_from_float(to, narrow);
	}
	else
	{
		memcpy(&wide, &item->value, sizeof(wide));
		writer->at += tc_numeric_from_double(to, wide);
	}
	return TC_FORM_NUMERIC;
}

static uint32_t
write_base64(Writer *writer, const TcItem *item)
{
	writer->at += tc_text_write_base64(writer->jsonb + writer->at,
									   item->payload, item->value);
	return TC_FORM_STRING;
}

/* An extension that is not known, as an object. */
static uint32_t
write_unknown(Writer *writer, const TcItem *item)
{
	Container container;
	size_t begin;
	uint32_t type;

	open_container(writer, TC_FORM_OBJECT, 2, &container);
	write_child_string(writer, &container, "data", 4);
	write_child_string(writer, &container, "type", 4);
	begin = writer->at;
	type = write_base64(writer, item);
	note_child(writer, &container, type, begin);
	begin = writer->at;
	type = write_integer(writer, item->ext_type < 0,
						 item->ext_type < 0 ? -item->ext_type : item->ext_type);
	note_child(writer, &container, type, begin);
	return TC_FORM_CONTAINER;
}

static uint32_t
write_ext(Writer *writer, const TcItem *item)
{
	int64_t seconds;
	uint32_t nanoseconds;

	switch (item->ext_type)
	{
		case TC_EXT_DECIMAL:
			write_padding(writer);
			writer->at +=
				tc_numeric_from_text(writer->jsonb + writer->at,
									 (const char *) item->payload, item->value);
			return TC_FORM_NUMERIC;
		case TC_EXT_TIMESTAMP:
			tc_tape_read_timestamp(item, &seconds, &nanoseconds);
			writer->at += tc_text_write_timestamp(writer->jsonb + writer->at,
												  seconds, nanoseconds);
			return TC_FORM_STRING;
		case TC_EXT_NULL:
			return TC_FORM_NULL;
		default:
			return write_unknown(writer, item);
	}
}

/* Write any item that has been read; returns the type for its entry. */
static uint32_t
write_other(Writer *writer, const TcItem *item)
{
	switch (item->kind)
	{
		case TC_ITEM_FALSE:
			return TC_FORM_FALSE;
		case TC_ITEM_TRUE:
			return TC_FORM_TRUE;
		case TC_ITEM_UNSIGNED:
		case TC_ITEM_NEGATIVE:
			return write_integer(writer, item->kind == TC_ITEM_NEGATIVE,
								 item->value);
		case TC_ITEM_FLOAT:
		case TC_ITEM_DOUBLE:
			return write_float(writer, item);
		case TC_ITEM_STR:
			write_bytes(writer, item->payload, item->value);
			return TC_FORM_STRING;
		case TC_ITEM_BIN:
			return write_base64(writer, item);
		case TC_ITEM_EXT:
			return write_ext(writer, item);
		case TC_ITEM_ARRAY:
			return write_array(writer, item->value);
		case TC_ITEM_MAP:
			return write_map(writer, item->value);
		case TC_ITEM_NIL:
		case TC_ITEM_RESERVED: /* not past the tape */
		case TC_ITEM_TRUNCATED:
			break;
	}
	return TC_FORM_NULL;
}

/* Does this value get an array around it, to be a jsonb by itself? */
static bool
is_scalar(const TcMsgpackInput *input)
{
	TcItemReader reader = tc_msgpack_reader(input);
	TcItem item;

	tc_item_read(&reader, &item);
	if (item.kind == TC_ITEM_EXT)
		return item.ext_type == TC_EXT_DECIMAL ||
			item.ext_type == TC_EXT_TIMESTAMP || item.ext_type == TC_EXT_NULL;
	return item.kind != TC_ITEM_ARRAY && item.kind != TC_ITEM_MAP;
}

bool
tc_tape_write(const TcTape *tape, const TcMsgpackInput *input, char *jsonb,
			  size_t *size)
{
	Writer writer = {.tape = tape, .jsonb = jsonb, .at = TC_FORM_VARHDR};
	Container container;

	writer.reader = tc_msgpack_reader(input);
	if (is_scalar(input))
	{
		open_container(&writer, TC_FORM_ARRAY | TC_FORM_SCALAR, 1, &container);
		write_child(&writer, &container);
	}
	else
		write_value(&writer);
	assert(writer.at <= tape->bound);
	tc_form_set_varsize(jsonb, (uint32_t) writer.at);
	*size = writer.at;
	return !writer.too_large;
}

TcMsgpackOutcome
tc_msgpack_decode(const TcMsgpackInput *input, char **jsonb, size_t *size,
				  TcMsgpackProblem *problem)
{
	TcTape tape;
	TcMsgpackOutcome outcome = tc_tape_make(&tape, input, problem);

	if (outcome == TC_MSGPACK_OK && tape.bound > MAX_ALLOCATION)
		outcome = TC_MSGPACK_TOO_LARGE;
	if (outcome == TC_MSGPACK_OK)
	{
		*jsonb = tc_msgpack_allocate(tape.bound);
		if (!tc_tape_write(&tape, input, *jsonb, size))
		{
			tc_msgpack_free(*jsonb);
			outcome = TC_MSGPACK_TOO_LARGE;
		}
	}
	tc_tape_release(&tape);
	return outcome;
}

TcMsgpackOutcome
tc_msgpack_check(const TcMsgpackInput *input, TcMsgpackProblem *problem)
{
	TcTape tape;
	TcMsgpackOutcome outcome = tc_tape_make(&tape, input, problem);

	tc_tape_release(&tape);
	return outcome;
}
