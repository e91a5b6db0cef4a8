/*-------------------------------------------------------------------------
 *
 * msgpack_problem.c
 *	  What is wrong with a MessagePack message, in words.
 *
 * Structure: one function for each thing that can be wrong with any message.
 *
 * Concurrency: none; there is no state.
 *
 * Failure: none; what does not fit is cut off.
 *
 *-------------------------------------------------------------------------
 */
#include <stdarg.h>
#include <stdio.h>

#include "msgpack/msgpack_problem.h"

/* How a number of bytes is written. */
#define PLURAL(bytes) ((bytes) == 1 ? "" : "s")

void
tc_problem_note(TcMsgpackProblem *problem, size_t position, const char *found,
				const char *expected, ...)
{
	va_list args;

	problem->position = position;
	snprintf(problem->found, sizeof(problem->found), "%s", found);
	va_start(args, expected);
	vsnprintf(problem->expected, sizeof(problem->expected), expected, args);
	va_end(args);
}

void
tc_problem_item(TcMsgpackProblem *problem, const TcItemReader *reader,
				const uint8_t *where, const TcItem *item)
{
	const char *found = tc_item_kind_name(item->kind);

	if (item->kind == TC_ITEM_RESERVED || where == reader->end)
		tc_problem_note(problem, where - reader->start, found, "a value");
	else
		tc_problem_note(problem, reader->end - reader->start, found,
						"%llu more byte%s of the value at byte %zu",
						(unsigned long long) item->value, PLURAL(item->value),
						(size_t) (where - reader->start));
}

void
tc_problem_text(TcMsgpackProblem *problem, const TcItemReader *reader,
				const uint8_t *where)
{
	char found[32];

	snprintf(found, sizeof(found), "the byte 0x%02x", *where);
	tc_problem_note(problem, where - reader->start, found,
					"UTF-8 text without NUL");
}

void
tc_problem_head(TcMsgpackProblem *problem, const TcItemReader *reader,
				uint64_t bytes)
{
	char found[32];

	snprintf(found, sizeof(found), "%zu", (size_t) (reader->end - reader->at));
	tc_problem_note(problem, reader->at - reader->start, found,
					"at least %llu more byte%s", (unsigned long long) bytes,
					PLURAL(bytes));
}

void
tc_problem_key(TcMsgpackProblem *problem, const TcItemReader *reader,
			   const uint8_t *where, const TcItem *item)
{
	tc_problem_note(problem, where - reader->start,
					tc_item_kind_name(item->kind),
					"a string as the key of a map");
}

void
tc_problem_end(TcMsgpackProblem *problem, const TcItemReader *reader)
{
	size_t left = reader->end - reader->at;
	char found[32];

	snprintf(found, sizeof(found), "%zu more byte%s", left, PLURAL(left));
	tc_problem_note(problem, reader->at - reader->start, found,
					"the end of the data");
}
