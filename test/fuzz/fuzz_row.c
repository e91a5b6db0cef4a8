/*-------------------------------------------------------------------------
 *
 * fuzz_row.c
 *	  Fuzz target: any bytes as a row.
 *
 * A row is walked over, and its values are decoded one by one where they lie
 * in the message.  That must come to the same as decoding the message as a
 * whole: both take it, or both refuse it, with a problem that lies where the
 * value does.
 *
 * Structure: one function, called by the fuzzer.
 *
 * Concurrency: none.
 *
 * Failure: abort.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "msgpack/msgpack_walk.h"

#include "host.h"

/* A problem has a place in the message, and words. */
static void
check_problem(const TcMsgpackProblem *problem, size_t begin, size_t end)
{
	must(problem->position >= begin && problem->position <= end);
	must(memchr(problem->expected, 0, sizeof(problem->expected)));
	must(memchr(problem->found, 0, sizeof(problem->found)));
	must(problem->expected[0] && problem->found[0]);
}

/* Decode a value in the middle of a row. */
static bool
decode_value(const TcMsgpackInput *row, const TcWalkValue *value)
{
	TcMsgpackInput input = *row;
	TcMsgpackProblem problem;
	char *jsonb;
	size_t length;

	input.begin = value->begin;
	input.length = value->end;
	input.depth = 1;
	if (tc_msgpack_decode(&input, &jsonb, &length, &problem) != TC_MSGPACK_OK)
	{
		check_problem(&problem, value->begin, value->end);
		return false;
	}
	host_check_jsonb(jsonb, length);
	free(jsonb);
	return true;
}

/* Walk to the end; false if anything is wrong on the way. */
static bool
walk_row(const TcMsgpackInput *input, bool *decodes)
{
	TcMsgpackProblem problem;
	TcWalkValue name;
	TcWalkValue value;
	TcWalk walk;
	uint64_t pairs = 0;
	bool whole;

	*decodes = true;
	tc_walk_begin(&walk, input, &problem);
	whole = tc_walk_map(&walk, &pairs);
	must(!whole || 2 * pairs < input->length);
	for (; whole && pairs > 0; pairs--)
	{
		whole = tc_walk_key(&walk, &name) && tc_walk_value(&walk, &value);
		if (!whole)
			break;
		must(name.begin < name.end && name.end == value.begin);
		must(value.begin < value.end && value.end <= input->length);
		*decodes &= decode_value(input, &value);
	}
	whole = whole && tc_walk_end(&walk);
	if (!whole)
		check_problem(&problem, 0, input->length);
	return whole;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TcMsgpackInput input = {.data = (const char *) data,
							.length = size,
							.max_depth = FUZZ_DEPTH};
	bool is_map = size > 0 &&
		((data[0] & 0xf0) == 0x80 || data[0] == 0xde || data[0] == 0xdf);
	size_t length;
	char *jsonb = host_decode(data, size, &length);
	bool decodes;
	bool whole = walk_row(&input, &decodes);

	must((whole && decodes) == (jsonb != NULL && is_map));
	free(jsonb);
	return 0;
}
