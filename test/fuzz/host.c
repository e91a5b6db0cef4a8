/*-------------------------------------------------------------------------
 *
 * host.c
 *	  What the fuzz targets share: a home for the codec without a server.
 *
 * Structure: memory and number formatting as the codec asks for them, and a
 * checker of jsonb's binary form that shares no code with the writer.
 *
 * Concurrency: none.
 *
 * Failure: everything that is not as it must be aborts, which is what a
 * fuzzer looks for.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msgpack/jsonb_form.h"
#include "msgpack/msgpack_number.h"

#include "host.h"

/* No input of a fuzzer's size, some kilobytes, may lead to more than this. */
#define MOST_MEMORY (1024 * 1024)

void
host_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
	abort();
}

/* -----------------------------------------------------------------------
 * What the codec needs
 * -----------------------------------------------------------------------
 */

void *
tc_msgpack_allocate(size_t bytes)
{
	void *memory;

	must(bytes <= MOST_MEMORY);
	memory = malloc(bytes);
	must(memory != NULL);
	return memory;
}

void *
tc_msgpack_resize(void *memory, size_t bytes)
{
	must(bytes <= MOST_MEMORY);
	memory = realloc(memory, bytes);
	must(memory != NULL);
	return memory;
}

void
tc_msgpack_free(void *memory)
{
	free(memory);
}

/* Depth alone limits the stack here. */
void
tc_msgpack_check_stack(void)
{
}

/* The fewest digits that are read back as the same number. */

void
tc_shortest_double(double value, char *text)
{
	for (int digits = 1; digits <= 17; digits++)
	{
		snprintf(text, TC_SHORTEST_BYTES, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

void
tc_shortest_float(float value, char *text)
{
	for (int digits = 1; digits <= 9; digits++)
	{
		snprintf(text, TC_SHORTEST_BYTES, "%.*g", digits, value);
		if (strtof(text, NULL) == value)
			return;
	}
}

char *
host_decode(const uint8_t *data, size_t size, size_t *length)
{
	TcMsgpackInput input = {.data = (const char *) data,
							.length = size,
							.max_depth = FUZZ_DEPTH};
	TcMsgpackProblem problem;
	char *jsonb = NULL;

	switch (tc_msgpack_decode(&input, &jsonb, length, &problem))
	{
		case TC_MSGPACK_OK:
			return jsonb;
		case TC_MSGPACK_INVALID:
			must(problem.position <= size);
			must(memchr(problem.expected, 0, sizeof(problem.expected)));
			must(memchr(problem.found, 0, sizeof(problem.found)));
			must(problem.expected[0] && problem.found[0]);
			return NULL;
		case TC_MSGPACK_TOO_LARGE:
			break;
	}
	/* inputs are far too small for that */
	must(!"too large");
	return NULL;
}

/* -----------------------------------------------------------------------
 * The form of jsonb
 * -----------------------------------------------------------------------
 */

/* A piece of the jsonb; offsets are from its very beginning. */
typedef struct Span
{
	const char *jsonb;
	size_t begin;
	size_t end;
} Span;

static void check_container(Span span, bool root);

/* Skip padding, which is zero and no longer than it has to be. */
static size_t
skip_padding(Span span)
{
	size_t at = span.begin;

	for (; at % 4 != 0; at++)
		must(at < span.end && span.jsonb[at] == 0);
	return at;
}

/* A numeric in its only form: no digits of zero at the ends, no zero sign. */
static void
check_numeric(Span span)
{
	size_t at = skip_padding(span);
	uint32_t bytes;
	uint16_t header;
	size_t digits;

	must(at + 6 <= span.end);
	bytes = tc_form_varsize(span.jsonb + at);
	must(at + bytes == span.end);
	header = tc_form_get16(span.jsonb + at + 4);
	must((header & TC_FORM_NUMERIC_KIND) != TC_FORM_NUMERIC_SPECIAL);
	digits = at + (header & TC_FORM_NUMERIC_SHORT ? 6 : 8);
	must(digits <= span.end && (span.end - digits) % 2 == 0);
	if (digits == span.end)
		return;
	must(tc_form_get16(span.jsonb + digits) != 0);
	must(tc_form_get16(span.jsonb + span.end - 2) != 0);
	for (; digits < span.end; digits += 2)
		must(tc_form_get16(span.jsonb + digits) < 10000);
}

static void
check_child(Span span, uint32_t entry)
{
	switch (entry & TC_FORM_TYPE_MASK)
	{
		case TC_FORM_STRING:
			must(memchr(span.jsonb + span.begin, 0, span.end - span.begin) ==
				 NULL);
			break;
		case TC_FORM_NUMERIC:
			check_numeric(span);
			break;
		case TC_FORM_CONTAINER:
			span.begin = skip_padding(span);
			check_container(span, false);
			break;
		case TC_FORM_NULL:
		case TC_FORM_TRUE:
		case TC_FORM_FALSE:
			must(span.begin == span.end);
			break;
		default:
			must(!"a type of child");
	}
}

/* Keys ascend, by length and then by bytes. */
static void
check_key_order(Span previous, Span key)
{
	size_t previous_length = previous.end - previous.begin;
	size_t length = key.end - key.begin;

	must(length >= previous_length);
	if (length == previous_length)
		must(memcmp(previous.jsonb + previous.begin, key.jsonb + key.begin,
					length) < 0);
}

static void
check_container(Span span, bool root)
{
	uint32_t header;
	size_t count;
	size_t children;
	size_t data;
	Span child = span;
	Span previous;

	must(span.begin + 4 <= span.end);
	header = tc_form_get32(span.jsonb + span.begin);
	count = header & TC_FORM_COUNT_MASK;
	header &= ~TC_FORM_COUNT_MASK;
	must(header == TC_FORM_OBJECT || header == TC_FORM_ARRAY ||
		 (root && count == 1 && header == (TC_FORM_ARRAY | TC_FORM_SCALAR)));
	children = header == TC_FORM_OBJECT ? 2 * count : count;
	data = span.begin + 4 + 4 * children;
	must(data <= span.end);

	child.end = data;
	for (size_t i = 0; i < children; i++)
	{
		uint32_t entry = tc_form_get32(span.jsonb + span.begin + 4 + 4 * i);

		must(!(entry & TC_FORM_HAS_OFFSET) == (i % 32 != 0));
		previous = child;
		child.begin = child.end;
		child.end = (entry & TC_FORM_HAS_OFFSET ? data : child.begin) +
			(entry & TC_FORM_LENGTH_MASK);
		must(child.end >= child.begin && child.end <= span.end);
		check_child(child, entry);
		if (header == TC_FORM_OBJECT && i < count)
		{
			must((entry & TC_FORM_TYPE_MASK) == TC_FORM_STRING);
			if (i > 0)
				check_key_order(previous, child);
		}
	}
	must(child.end == span.end);
}

void
host_check_jsonb(const char *jsonb, size_t length)
{
	must(tc_form_varsize(jsonb) == length);
	check_container((Span){jsonb, TC_FORM_VARHDR, length}, true);
}
