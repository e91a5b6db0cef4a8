/*-------------------------------------------------------------------------
 *
 * fuzz_roundtrip.c
 *	  Fuzz target: jsonb to MessagePack and back.
 *
 * What the decoder makes of the input is a jsonb like any other.  Its
 * encoding must have the length that was measured, must decode to the very
 * same jsonb, and must not decode when anything is missing at its end.
 *
 * Structure: the encoder's template for a counting and a writing sink, as in
 * the server, and one function that the fuzzer calls.
 *
 * Concurrency: none.
 *
 * Failure: abort.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"

typedef struct Counter
{
	size_t bytes;
} Counter;

/* Of exactly the size that was measured. */
typedef struct Buffer
{
	char *at;
	char *end;
} Buffer;

static inline char *
buffer_room(Buffer *buffer, size_t length)
{
	char *room = buffer->at;

	must(length <= (size_t) (buffer->end - buffer->at));
	buffer->at += length;
	return room;
}

#define TC_EMIT_NAME(name)				   count_##name
#define TC_EMIT_SINK					   Counter
#define TC_EMIT_APPEND(sink, data, length) ((sink)->bytes += (length))
#define TC_EMIT_ROOM(sink, length)		   ((sink)->bytes += (length), NULL)
#define TC_EMIT_TEXT(sink, text, length)   count_str(sink, text, length)
#include "msgpack/msgpack_emit.h"
#undef TC_EMIT_NAME
#undef TC_EMIT_SINK
#undef TC_EMIT_APPEND
#undef TC_EMIT_ROOM
#undef TC_EMIT_TEXT

#define TC_EMIT_NAME(name) write_##name
#define TC_EMIT_SINK	   Buffer
#define TC_EMIT_APPEND(sink, data, length) \
	memcpy(buffer_room(sink, length), data, length)
#define TC_EMIT_ROOM(sink, length)		 buffer_room(sink, length)
#define TC_EMIT_TEXT(sink, text, length) write_str(sink, text, length)
#include "msgpack/msgpack_emit.h"
#undef TC_EMIT_NAME
#undef TC_EMIT_SINK
#undef TC_EMIT_APPEND
#undef TC_EMIT_ROOM
#undef TC_EMIT_TEXT

/* The encoding of a jsonb, in memory of its own. */
static uint8_t *
encode(const char *jsonb, size_t *length)
{
	Counter counter = {0};
	Buffer buffer;
	char *data;

	must(count_jsonb(&counter, jsonb + TC_FORM_VARHDR, FUZZ_DEPTH));
	data = malloc(counter.bytes);
	must(data != NULL);
	buffer.at = data;
	buffer.end = data + counter.bytes;
	must(write_jsonb(&buffer, jsonb + TC_FORM_VARHDR, FUZZ_DEPTH));
	must(buffer.at == buffer.end);
	*length = counter.bytes;
	return (uint8_t *) data;
}

/* Without its end, it is no message. */
static void
check_truncated(const uint8_t *data, size_t length)
{
	size_t lengths[] = {0, length / 2, length - 1};
	size_t size;

	for (int i = 0; i < 3; i++)
	{
		/* its own memory, for reads beyond the end to show */
		uint8_t *part = malloc(lengths[i] ? lengths[i] : 1);

		must(part != NULL);
		memcpy(part, data, lengths[i]);
		must(host_decode(part, lengths[i], &size) == NULL);
		free(part);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length;
	size_t again_length;
	size_t encoded_length;
	char *jsonb = host_decode(data, size, &length);
	char *again;
	uint8_t *encoded;

	if (jsonb == NULL)
		return 0;
	encoded = encode(jsonb, &encoded_length);
	again = host_decode(encoded, encoded_length, &again_length);
	must(again != NULL);
	must(again_length == length);
	must(memcmp(again, jsonb, length) == 0);
	check_truncated(encoded, encoded_length);
	free(again);
	free(encoded);
	free(jsonb);
	return 0;
}
